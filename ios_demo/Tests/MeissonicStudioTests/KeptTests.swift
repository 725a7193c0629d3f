import Foundation
import MeissonicStore
import TestSupport
import Testing

@testable import MeissonicKit
@testable import MeissonicStudio

/// What a new launch finds.
@MainActor @Suite struct KeptTests {
    private func drawing(_ prompt: String) throws -> Drawing {
        let manifest = try ModelBundle.readManifest(Repository.android)
        let settings = try settle(Request(prompt, seed: .max), manifest)
        return Drawing(
            picture: Picture(size: Size(width: 1, height: 1), pixels: [1, 2, 3]), tokens: [0], settings: settings, cut: [:],
            stages: [Drawing.Stage(name: "steps", seconds: 1.5)])
    }

    @Test func picturesComeNewestFirstAlsoTwoOfOneMoment() async throws {
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let moment = Date(timeIntervalSince1970: 7)
        let gallery = Gallery(folder: folder) { moment }
        let first = try await gallery.add(drawing("a"), model: "m")
        let second = try await gallery.add(drawing("b"), model: "m")
        let again = Gallery(folder: folder)
        #expect(again.entries == [second, first])
        #expect(again.entries[0].settings.seed == .max && again.entries[0].seconds == 1.5)
        again.remove(first)
        #expect(Gallery(folder: folder).entries == [second])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
        // A picture without its facts, and facts of another version, are not shown.
        try FileManager.default.removeItem(at: folder.appendingPathComponent("\(second.id).json"))
        try Data("{}".utf8).write(to: folder.appendingPathComponent("0.json"))
        #expect(Gallery(folder: folder).entries.isEmpty)
    }

    @Test func aDraftOutlivesTheAppAndADamagedOneIsIgnored() throws {
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let kept = Kept<Draft>(folder.appendingPathComponent("new/draft.json"))
        #expect(kept.load() == nil)
        var draft = Draft()
        draft.prompt = "a cat"
        draft.seed = String(UInt64.max)
        draft.mode = .extend
        draft.strokes = [.everything]
        try kept.save(draft)
        #expect(kept.load() == draft && draft.seed == "18446744073709551615")
        try Data(contentsOf: kept.file).dropLast(5).write(to: kept.file)
        #expect(kept.load() == nil)
    }
}
