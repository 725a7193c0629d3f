import Foundation
import TestSupport
import Testing

@testable import MeissonicKit

/// The order of stages and their failures, on an engine that computes nothing.
@Suite struct GeneratorTests {
    let bundle: ModelBundle

    init() throws {
        bundle = try ModelBundle(folder: Repository.android, manifest: ModelBundle.readManifest(Repository.android))
    }

    private let request = Request("a red cat", steps: 4)
    private var picture: Picture {
        Picture(size: bundle.manifest.defaults.size, pixels: Array(repeating: 9, count: 64 * 64 * 3))
    }

    @Test func graphsRunInOrderAndOneStageIsLoadedAtATime() async throws {
        let engine = StandInEngine(bundle: bundle)
        let generator = try Generator(engine: engine)
        let drawing = try await generator.draw(request)
        #expect(
            await engine.calls
                == [
                    "text_encoder", "conditioner", "transformer", "transformer", "transformer", "transformer",
                    "image_decoder",
                ])
        #expect(await engine.mostLoaded.count == 1)
        #expect(await engine.loaded.isEmpty)
        #expect(drawing.stages.map(\.name) == ["text_encoder", "conditioner", "steps", "image_decoder"])
    }

    @Test func aPreviewUnloadsTheStepAndDecodesAlone() async throws {
        let engine = StandInEngine(bundle: bundle)
        _ = try await Generator(engine: engine).draw(request, previewEvery: 2)
        #expect(await engine.mostLoaded.count == 1)
        #expect(
            await engine.loads == [
                "text_encoder", "conditioner", "transformer", "image_decoder", "transformer", "image_decoder",
            ])
        #expect(await engine.loaded.isEmpty)
    }

    @Test func everyStepHasAPreviewOfTheBundlesPatches() async throws {
        let facts = try #require(bundle.manifest.preview)
        // Of code 0, which the stand-in draws everywhere.
        let first = Array(try bundle.bytes(facts.file).prefix(3))
        var count = 0
        for try await event in try Generator(engine: StandInEngine(bundle: bundle)).events(request) {
            guard case .step(let progress) = event else { continue }
            let preview = try #require(progress.preview)
            #expect(preview.size == Size(width: 16 * facts.side, height: 16 * facts.side))
            #expect(Array(preview.pixels.prefix(3)) == first)
            count += 1
        }
        #expect(count == 4)
    }

    @Test func aBundleWithoutATinyDecoderSaysSo() throws {
        #expect(throws: UserError.self) { try Generator(engine: StandInEngine(bundle: bundle), tiny: true) }
    }

    @Test func graphsThatWereLoadedBeforeAreUnloadedFirst() async throws {
        let engine = StandInEngine(bundle: bundle)
        await engine.open("image_decoder", for: try settle(request, bundle.manifest))
        _ = try await Generator(engine: engine).draw(request)
        #expect(await engine.mostLoaded.count == 1)
    }

    @Test func withKeepGraphsStayLoaded() async throws {
        let engine = StandInEngine(bundle: bundle)
        _ = try await Generator(engine: engine, keep: true).draw(request)
        #expect(await engine.loaded == ["text_encoder", "conditioner", "transformer", "image_decoder"])
    }

    @Test func eventsComeInOrderAndPreviewsWithThem() async throws {
        let generator = try Generator(engine: StandInEngine(bundle: bundle))
        var told: [String] = []
        for try await event in generator.events(request, previewEvery: 2) {
            switch event {
            case .began(let stage): told.append(stage)
            case .step(let progress): told.append("\(progress.step)")
            case .preview(_, let step): told.append("preview \(step)")
            case .finished: told.append("finished")
            }
        }
        #expect(
            told == [
                "text_encoder", "conditioner", "steps", "0", "1", "preview 1", "2", "3", "image_decoder", "finished",
            ])
    }

    @Test(arguments: ["image_encoder", "text_encoder", "conditioner", "transformer", "image_decoder"])
    func cancellingStopsEveryStageAndLeavesNothingLoaded(stage: String) async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        let engine = StandInEngine(bundle: bundle) { graph, call in
            guard graph == stage, call == (graph == "transformer" ? 1 : 0) else { return }
            signal.yield()
            try await untilCancelled()
        }
        let generator = try Generator(engine: engine)
        var edit = request
        edit.edit = .imageToImage(picture, strength: 1)
        let task = Task { [edit] in try await generator.draw(edit) }
        for await _ in reached { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(await engine.loaded.isEmpty)
    }

    @Test func releasingTheStreamStopsTheDrawingAndTheNextOneWaitsForIt() async throws {
        let engine = StandInEngine(bundle: bundle) { graph, call in
            if graph == "transformer", call == 1 { try await untilCancelled() }
        }
        let generator = try Generator(engine: engine)
        for try await event in generator.events(request) {
            if case .step = event { break }
        }
        let drawing = try await generator.draw(request)
        #expect(drawing.stages.count == 4)
    }

    @Test func aSecondRequestIsRefusedAndTheFirstGoesOn() async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        let (release, go) = AsyncStream.makeStream(of: Void.self)
        let engine = StandInEngine(bundle: bundle) { graph, call in
            guard graph == "transformer", call == 0 else { return }
            signal.yield()
            for await _ in release { break }
        }
        let generator = try Generator(engine: engine)
        let first = Task { try await generator.draw(request) }
        for await _ in reached { break }
        let line = "a drawing is being made: wait for it, or cancel it first"
        await #expect(throws: UserError.request(line)) { _ = try await generator.draw(request) }
        go.yield()
        #expect(try await first.value.stages.count == 4)
        _ = try await generator.draw(request)
    }

    @Test func anEngineThatThrowsInAStepIsReportedAndDrawsAgain() async throws {
        let engine = StandInEngine(bundle: bundle) { graph, call in
            if graph == "transformer", call == 2 { throw UserError.engine("the device went away") }
        }
        let generator = try Generator(engine: engine)
        await #expect(throws: UserError.engine("the device went away")) { _ = try await generator.draw(request) }
        #expect(await engine.loaded.isEmpty)
        #expect(try await generator.draw(request).stages.count == 4)
    }

    @Test func tooLittleMemoryIsReportedBeforeAnythingIsLoaded() async throws {
        let engine = StandInEngine(bundle: bundle)
        let generator = try Generator(engine: engine, availableMemory: { 4_000_000 })
        let line = "the weights alone take 5 MB of memory, and 4 MB are free: close other apps or take a smaller bundle"
        await #expect(throws: UserError.memory(line)) { _ = try await generator.draw(request) }
        #expect(await engine.calls.isEmpty)
        #expect(bundle.leastMemory() == bundle.size(of: "transformer"))
        #expect(bundle.leastMemory(keep: true) > bundle.leastMemory())
        #expect(try #require(Memory.available()) > 10_000_000)
    }

    @Test(arguments: [
        (Request(" \n"), "the prompt is empty: say what to draw"),
        (Request("a", steps: 0), "steps 0 is out of range: give 1 to 1000"),
        (Request("a", guidance: -1), "guidance -1.0 is out of range: give 0 to 100"),
        (Request("a", guidance: .nan), "guidance nan is out of range: give 0 to 100"),
        (Request("a", guidanceFrom: -0.5), "guidance from -0.5 is out of range: give 0 to 1, a share of the steps"),
        (Request("a", guidanceUntil: .nan), "guidance until nan is out of range: give 0 to 1, a share of the steps"),
        (
            Request("a", guidanceFrom: 0.5, guidanceUntil: 0.5),
            "guidance from 0.5 until 0.5 guides no step: give a smaller share first, or guidance 1"
        ),
        (
            Request("a", size: Size(width: 64, height: 32)),
            "size 64x32 is not in this bundle, which draws 64x64: choose one of those or export again with --size 64 32"
        ),
    ])
    func valuesOutOfRangeAreNamed(request: Request, line: String) async throws {
        let generator = try Generator(engine: StandInEngine(bundle: bundle))
        await #expect(throws: UserError.request(line)) { _ = try await generator.draw(request) }
    }

    @Test func unfitPicturesMasksAndMarginsAreNamed() async throws {
        let generator = try Generator(engine: StandInEngine(bundle: bundle))
        let small = Picture(size: Size(width: 32, height: 32), pixels: Array(repeating: 0, count: 32 * 32 * 3))
        let black = GrayPicture(size: picture.size, levels: Array(repeating: 0, count: 64 * 64))
        let cases: [(Edit, String)] = [
            (.imageToImage(picture, strength: 0), "strength 0.0 is out of range: give more than 0, at most 1"),
            (.inpaint(picture, mask: black), "the mask repaints nothing: paint a larger part white"),
            (
                .outpaint(small, margins: Margins(left: 3, top: 0, right: 0, bottom: 0)),
                "margins 3 0 0 0 are no frame: give left, top, right, bottom in multiples of 4 pixels"
            ),
            (
                .outpaint(small, margins: Margins(left: 1 << 62, top: 0, right: 1 << 62, bottom: 0)),
                "margins \(1 << 62) 0 \(1 << 62) 0 are no frame: give left, top, right, bottom in multiples of 4 pixels"
            ),
            (
                .outpaint(small, margins: Margins(left: 32, top: 0, right: 32, bottom: 0)),
                "margins 32 0 32 0 leave no room for the picture in 64x64 pixels: give smaller ones"
            ),
        ]
        for (edit, line) in cases {
            await #expect(throws: UserError.request(line)) { _ = try await generator.draw(Request("a", edit: edit)) }
        }
    }

    @Test func withKeepTextTheSameTextIsEncodedOnce() async throws {
        let engine = StandInEngine(bundle: bundle)
        let generator = try Generator(engine: engine, keepText: true)
        for seed in 0..<3 { _ = try await generator.draw(Request("a red cat", seed: UInt64(seed), steps: 4)) }
        func ran(_ name: String) async -> Int { await engine.calls.count { $0 == name } }
        #expect(await ran("text_encoder") == 1)
        #expect(await ran("conditioner") == 1)
        #expect(await ran("image_decoder") == 3)
        _ = try await generator.draw(Request("a dog", steps: 4))
        _ = try await generator.draw(Request("a dog", steps: 5))
        #expect(await ran("text_encoder") == 3)
        let frugal = try Generator(engine: engine)
        for _ in 0..<2 { _ = try await frugal.draw(request) }
        #expect(await ran("text_encoder") == 5)
    }

    @Test func aPictureAndAMaskOfAnySizeAreDrawnOnAndWhatTheMaskKeepsIsThePictures() async throws {
        let generator = try Generator(engine: StandInEngine(bundle: bundle))
        let photo = Picture(size: Size(width: 50, height: 21), pixels: Array(repeating: 200, count: 50 * 21 * 3))
        let half = (0..<40).map { UInt8($0 % 10 < 5 ? 255 : 0) }
        let mask = GrayPicture(size: Size(width: 10, height: 4), levels: half)
        for (compose, level) in [(true, UInt8(200)), (false, 0)] {
            let edit = Edit.inpaint(photo, mask: mask)
            let request = Request("a", steps: 2, edit: edit, fit: .stretch, compose: compose)
            let pixels = try await generator.draw(request).picture.pixels
            let right = pixels.indices.filter { $0 / 3 % 64 >= 32 }.map { pixels[$0] }
            #expect(Set(right) == [level])
        }
    }

    @Test func invalidTokensAndProbabilitiesAreRefused() async throws {
        let plan = Plan(steps: 2, maskTokenID: 9, schedule: .cosine)
        for (drawn, probability) in [(Int32(9), Float(0)), (-1, 0), (3, .nan)] {
            await #expect(throws: UserError.self) {
                _ = try await drawTokens(
                    [9, 9, 9, 9], noise: PhiloxNoise(seed: 0), plan: plan,
                    step: { _, _, _ in (Array(repeating: drawn, count: 4), Array(repeating: probability, count: 4)) },
                    onStep: { _ in })
            }
        }
    }
}
