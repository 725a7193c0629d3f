import Foundation
import MeissonicKit
import MeissonicStore
import PictureFiles
import TestSupport
import Testing

@testable import MeissonicStudio

/// Drawing with the bundle of the 64 px stickers on the real onnxruntime.
@MainActor @Suite(.serialized) struct StudioTests {
    private func drawn(_ state: DrawingState) throws -> Drawn {
        guard case .done(let drawn, _) = state else { throw UserError.request("\(state)") }
        return drawn
    }

    @Test func aRequestBecomesAPictureOfTheHistory() async throws {
        let scene = try Scene()
        defer { scene.close() }
        let trace = try #require(try scene.model.bundle.golden())
        let watcher = Watcher(scene.studio)
        #expect(scene.studio.draw(trace.request, with: scene.model))
        #expect(!scene.studio.draw(trace.request, with: scene.model))
        await scene.studio.finish()
        let drawn = try drawn(scene.studio.state)
        #expect(drawn.settings.prompt == trace.prompt && drawn.seconds > 0)
        #expect(scene.gallery.entries == [drawn])
        let picture = try PNG(contentsOf: scene.gallery.file(drawn)).picture
        #expect(sha256(picture.pixels) == trace.imageSHA256)
        #expect(Gallery(folder: scene.folder.appendingPathComponent("gallery")).entries == [drawn])
        let (stages, left) = (watcher.working.map(\.stage), watcher.working.compactMap(\.secondsLeft))
        #expect(
            stages.contains(.drawing("steps")) && stages.contains { if case .preparing(.warming) = $0 { true } else { false } })
        #expect(!left.isEmpty && left.allSatisfy { $0 >= 0 })
        #expect(watcher.working.contains { $0.preview != nil })
    }

    @Test func fourPicturesHaveConsecutiveSeedsAndAStopKeepsThoseThatAreFinished() async throws {
        let scene = try Scene()
        defer { scene.close() }
        scene.studio.draw(Request("a red cat", seed: .max - 1, steps: 2), with: scene.model, count: 4)
        await scene.studio.finish()
        let seeds: [UInt64] = scene.gallery.entries.map(\.settings.seed)
        #expect(seeds == [1, 0, UInt64.max, UInt64.max - 1])
        #expect(try drawn(scene.studio.state) == scene.gallery.entries[0])
        let made = try #require(try PNG(contentsOf: scene.gallery.file(scene.gallery.entries[0])).settings)
        let model = try scene.model.bundle.sha256()
        #expect(made.seed == 1 && made.mode == .text && made.model == model)
        scene.studio.draw(Request("a red cat", steps: 100), with: scene.model, count: 4)
        await scene.until {
            if case .working(let working) = scene.studio.state { working.number == 2 && working.step > 0 } else { true }
        }
        scene.studio.stop()
        await scene.studio.finish()
        #expect(scene.studio.state == .stopped && scene.gallery.entries.count == 5)
    }

    @Test func aModelIsCompiledAndTestedOnce() async throws {
        let first = try Scene(maker: OrtMaker(broken: [.asMade]))
        defer { first.close() }
        let request = Request("a red cat", steps: 2)
        first.studio.draw(request, with: first.model)
        await first.studio.finish()
        _ = try drawn(first.studio.state)
        let facts = try #require(first.studio.facts(first.model))
        #expect(facts.results.map(\.passed) == [false, true])
        #expect(facts.results[0].problem == "as made is broken")
        #expect(facts.placement == .all(.gpu))
        #expect(Set(facts.compileSeconds.keys) == Set(first.model.bundle.manifest.graphs.keys))
        // After a relaunch, and with another choice.
        let second = try Scene(in: first.folder)
        second.studio.draw(request, with: second.model)
        await second.studio.finish()
        #expect(second.maker.placements == [.all(.gpu)])
        second.studio.draw(request, with: second.model, preferred: .all(.cpu))
        await second.studio.finish()
        #expect(second.maker.placements == [.all(.gpu), .all(.cpu)])
        #expect(second.studio.facts(second.model)?.placement == .all(.cpu))
        #expect(second.gallery.entries.count == 3)
    }

    @Test func aDrawingIsStoppedAtOnceAndTheNextOneIsWhole() async throws {
        let scene = try Scene()
        defer { scene.close() }
        scene.studio.draw(Request("a red cat", steps: 1000), with: scene.model)
        await scene.until { if case .working(let working) = scene.studio.state { working.step > 1 } else { true } }
        #expect(FileManager.default.fileExists(atPath: scene.folder.appendingPathComponent("drawing").path))
        scene.studio.stop()
        await scene.studio.finish()
        #expect(scene.studio.state == .stopped && scene.gallery.entries.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: scene.folder.appendingPathComponent("drawing").path))
        scene.studio.draw(Request("a red cat", steps: 1), with: scene.model)
        await scene.studio.finish()
        _ = try drawn(scene.studio.state)
        #expect(scene.maker.placements == [.asMade])  // the engine is kept
    }

    @Test func stoppingWhileTheModelIsPreparedIsAStop() async throws {
        let scene = try Scene()
        defer { scene.close() }
        scene.studio.draw(Request("a red cat"), with: scene.model)
        await scene.studio.forget()
        #expect(scene.studio.state == .stopped)
    }

    @Test func tooLittleMemoryIsReportedBeforeAnythingIsOpened() async throws {
        let scene = try Scene(availableMemory: 1_000_000)
        defer { scene.close() }
        scene.studio.draw(Request("a red cat"), with: scene.model)
        await scene.studio.finish()
        guard case .failed(let line) = scene.studio.state else {
            Issue.record("\(scene.studio.state)")
            return
        }
        #expect(line.hasPrefix("the weights alone take "))
        #expect(line.hasSuffix("1 MB are free: close other apps or take a smaller bundle"))
        #expect(scene.maker.placements.isEmpty)
    }

    @Test func aChangedByteOfTheModelIsReported() async throws {
        let (copy, file) = try Repository.damaged()
        defer { try? FileManager.default.removeItem(at: copy.deletingLastPathComponent()) }
        let scene = try Scene(bundle: copy)
        defer { scene.close() }
        scene.studio.draw(Request("a red cat"), with: scene.model)
        await scene.studio.finish()
        #expect(
            scene.studio.state == .failed("\(file.path) is changed: its SHA-256 is not the manifest's: copy the bundle again"))
    }

    @Test func aPictureThatCannotBeSavedIsReported() async throws {
        let scene = try Scene()
        defer { scene.close() }
        try Data().write(to: scene.folder.appendingPathComponent("gallery"))  // a file where the folder should be
        scene.studio.draw(Request("a red cat", steps: 1), with: scene.model)
        await scene.studio.finish()
        guard case .failed(let line) = scene.studio.state else {
            Issue.record("\(scene.studio.state)")
            return
        }
        #expect(line.hasPrefix("cannot write \(scene.folder.path)/gallery/") && scene.gallery.entries.isEmpty)
    }

    @Test func aDrawingThatTheSystemEndedIsReported() async throws {
        let folder = try Repository.temporaryFolder()
        #expect(try Scene(in: folder).studio.state == .idle)
        try Data().write(to: folder.appendingPathComponent("drawing"))
        let scene = try Scene(in: folder)
        defer { scene.close() }
        #expect(scene.studio.state == .interrupted)
        #expect(try Scene(in: folder).studio.state == .idle)
    }

    @Test func theFirstStepIsNotCounted() {
        var pace = Pace()
        let begun = ContinuousClock.now
        #expect(pace.left(after: 3, of: 10, at: begun) == nil)
        #expect(pace.left(after: 5, of: 10, at: begun + .seconds(4)) == 8)
        #expect(pace.left(after: 9, of: 10, at: begun + .seconds(9)) == 0)
    }
}
