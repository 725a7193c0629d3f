import Foundation
import MeissonicKit
import MeissonicStore
import TestSupport
import Testing

@testable import MeissonicStudio

@MainActor @Suite struct ShelfTests {
    private let folder: URL

    init() throws { folder = try Repository.temporaryFolder() }

    private func shelf(
        for engines: Set<EngineKind> = [.onnxRuntime], transport: any Transport = Silent(),
        release: @escaping @MainActor (StoredModel) async -> Void = { _ in }
    ) -> Shelf {
        let store = ModelStore(folder: folder.appendingPathComponent("models"), for: engines, transport: transport)
        return Shelf(store: store, file: folder.appendingPathComponent("shelf.json"), release: release)
    }

    @Test func aModelIsImportedChosenAndRemovedWhenNothingUsesIt() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var released: [String] = []
        let shelf = shelf { released.append($0.id) }
        await shelf.look()
        #expect(shelf.model == nil)
        shelf.importBundle(Repository.android)
        #expect(shelf.arriving == .asking)
        shelf.importBundle(Repository.android)  // does not start a second one
        await shelf.finish()
        #expect(shelf.arriving == nil && shelf.trouble == nil)
        let model = try #require(shelf.model)
        shelf.placement = .all(.gpu)
        let again = self.shelf()
        await again.look()
        #expect(again.model?.id == model.id && again.placement == .all(.gpu))
        shelf.remove(model)
        await shelf.finish()
        #expect(released == [model.id] && shelf.models.isEmpty)
    }

    @Test func anInvalidAddressIsReportedWithoutARequest() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        for typed in ["", "http://phone.test/iphone", "phone.test", "https://", "ftp://phone.test"] {
            let shelf = shelf()
            shelf.download(typed)
            #expect(shelf.trouble?.kind == .address && shelf.arriving == nil, "\(typed)")
        }
    }

    @Test func aStoppedDownloadIsNotAFailureAndItsAddressIsKept() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let shelf = shelf()
        shelf.download(" https://phone.test/iphone\n")
        #expect(shelf.arriving == .asking)
        shelf.stop()
        await shelf.finish()
        #expect(shelf.arriving == nil && shelf.trouble == nil)
        #expect(self.shelf().address == "https://phone.test/iphone")
    }

    @Test func aBundleOfAnotherEngineIsRefusedBeforeItIsCopied() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let shelf = shelf(for: [.coreML, .coreAI])
        shelf.importBundle(Repository.android)
        await shelf.finish()
        #expect(shelf.trouble?.kind == .bundle)
        #expect(shelf.trouble?.line.hasSuffix("export it with python -m export.coreml") == true)
        #expect(shelf.unfinished == 0)
    }
}

/// A server that does not answer.
private struct Silent: Transport {
    func get(
        _ url: URL, from offset: Int, began: @escaping @Sendable (Int) throws -> Void,
        received: @escaping @Sendable (Data) throws -> Void
    ) async throws {
        try await untilCancelled()
    }
}
