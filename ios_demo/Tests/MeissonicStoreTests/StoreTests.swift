import Foundation
import MeissonicKit
import MeissonicStore
import Synchronization
import TestSupport
import Testing

/// Serves a folder with a fault: it stops after some bytes of the largest file, ignores ranges, or changes a byte.
private final class FaultyServer: Transport {
    enum Fault: Sendable, Equatable {
        case none
        case stopAt(Int)
        case noRanges, changedByte
    }
    private let folder: URL
    private let fault: Mutex<Fault>
    private let asked = Mutex<[(file: String, offset: Int)]>([])

    init(_ folder: URL, _ fault: Fault) {
        self.folder = folder
        self.fault = Mutex(fault)
    }

    var offsets: [Int] { asked.withLock { $0.filter { $0.file == FaultyServer.large }.map(\.offset) } }
    func become(_ other: Fault) { fault.withLock { $0 = other } }

    static let large = "transformer.onnx.data"

    func get(
        _ url: URL, from offset: Int, began: @escaping @Sendable (Int) throws -> Void,
        received: @escaping @Sendable (Data) throws -> Void
    ) async throws {
        let name = url.path.replacingOccurrences(of: "/bundle/", with: "")
        asked.withLock { $0.append((name, offset)) }
        let fault = fault.withLock { $0 }
        var data = try Data(contentsOf: folder.appendingPathComponent(name))
        let mine = name == FaultyServer.large
        if mine, fault == .changedByte { data[data.count / 2] ^= 1 }
        let start = fault == .noRanges ? 0 : offset
        try began(start)
        var at = start
        while at < data.count {
            if mine, case .stopAt(let end) = fault, at >= end { throw StoreError.network("the line went dead") }
            let next = min(at + 100_000, data.count)
            try received(data.subdata(in: at..<next))
            at = next
        }
    }
}

/// Sends without an end.
private struct Endless: Transport {
    func get(
        _ url: URL, from offset: Int, began: @escaping @Sendable (Int) throws -> Void,
        received: @escaping @Sendable (Data) throws -> Void
    ) async throws {
        try began(0)
        while true { try received(Data(repeating: 0x20, count: 1 << 20)) }
    }
}

@Suite struct StoreTests {
    private let address = URL(string: "http://phone.test/bundle")

    private func scene(_ fault: FaultyServer.Fault, free: Int? = nil) throws -> (FaultyServer, ModelStore, URL) {
        let server = FaultyServer(Repository.android, fault)
        return (
            server, ModelStore(folder: try Repository.temporaryFolder(), transport: server) { _ in free }, try #require(address)
        )
    }

    @Test func anInterruptedDownloadResumesAndEndsWhole() async throws {
        let (server, store, address) = try scene(.stopAt(300_000))
        await #expect(throws: StoreError.network("the line went dead")) { try await store.download(address) }
        #expect(await store.models().isEmpty)
        server.become(.none)
        let model = try await store.download(address)
        #expect(server.offsets == [0, 300_000])
        _ = try ModelBundle.open(model.bundle.folder)
        #expect(await store.models().map(\.id) == [model.id])
        #expect(await store.unfinished() == 0)
    }

    @Test func aServerWithoutRangesSendsTheFileAgain() async throws {
        let (server, store, address) = try scene(.stopAt(300_000))
        await #expect(throws: StoreError.self) { try await store.download(address) }
        server.become(.noRanges)
        _ = try ModelBundle.open(try await store.download(address).bundle.folder)
    }

    @Test func aChangedByteIsRefusedAndDownloadedAgain() async throws {
        let (server, store, address) = try scene(.changedByte)
        await #expect(throws: UserError.self) { try await store.download(address) }
        #expect(await store.models().isEmpty)
        server.become(.none)
        _ = try ModelBundle.open(try await store.download(address).bundle.folder)
    }

    @Test func aFullDiskIsReportedBeforeAnythingIsDownloaded() async throws {
        let (server, store, address) = try scene(.none, free: 1000)
        await #expect(throws: StoreError.self) { try await store.download(address) }
        #expect(server.offsets.isEmpty)
    }

    @Test func whatIsTooLargeForAManifestIsRefused() async throws {
        let (_, store, address) = try scene(.none)
        let endless = ModelStore(folder: store.folder, transport: Endless()) { _ in nil }
        await #expect(throws: UserError.self) { try await endless.download(address) }
        #expect(await endless.models().isEmpty)
    }

    @Test func sizesWhoseSumOverflowsAreRefused() async throws {
        let source = try Repository.damageable()
        let file = source.appendingPathComponent("manifest.json")
        var manifest = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        var files = try #require(manifest["files"] as? [String: [String: Any]])
        for name in files.keys { files[name]?["size"] = 1 << 62 }
        manifest["files"] = files
        try JSONSerialization.data(withJSONObject: manifest).write(to: file)
        let (_, store, _) = try scene(.none)
        await #expect(throws: UserError.self) { try await store.importBundle(source) }
    }

    @Test func aKillWhileAModelIsRemovedLeavesNoHalfOfIt() async throws {
        let (_, store, _) = try scene(.none)
        let model = try await store.importBundle(Repository.android)
        let removed = store.folder.appendingPathComponent("removed")
        try FileManager.default.createDirectory(at: removed, withIntermediateDirectories: true)
        try FileManager.default.moveItem(at: model.bundle.folder, to: removed.appendingPathComponent("x"))
        try FileManager.default.removeItem(at: removed.appendingPathComponent("x/transformer.onnx"))
        #expect(await store.models().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: removed.path))
    }

    @Test func aModelOfWhichHalfIsGoneIsInstalledAgain() async throws {
        let (_, store, _) = try scene(.none)
        let model = try await store.importBundle(Repository.android)
        try FileManager.default.removeItem(at: model.bundle.folder.appendingPathComponent("transformer.onnx"))
        #expect(await store.models().isEmpty)
        let again = try await store.importBundle(Repository.android)
        _ = try ModelBundle.open(again.bundle.folder)
        #expect(await store.models().map(\.id) == [model.id])
    }

    @Test func aFolderIsImported() async throws {
        let (_, store, _) = try scene(.none)
        let model = try await store.importBundle(Repository.android)
        _ = try ModelBundle.open(model.bundle.folder)
        try await store.remove(model.id)
        #expect(await store.models().isEmpty)
    }
}
