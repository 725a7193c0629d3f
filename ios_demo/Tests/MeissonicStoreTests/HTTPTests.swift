import Foundation
import MeissonicKit
import MeissonicStore
import TestSupport
import Testing

/// Downloads a bundle over HTTP from a server on this machine, with the faults of real servers.
@Suite(.serialized) struct HTTPTests {
    private static let large = "transformer.onnx.data"
    private let bundle: URL
    private let folder: URL
    private let store: ModelStore

    init() throws {
        bundle = try Repository.shrunk(to: 400_000)
        folder = try Repository.temporaryFolder()
        store = ModelStore(folder: folder)
    }

    private func scene(
        _ behaviour: LocalServer.Behaviour, _ work: (LocalServer) async throws -> Void
    ) async throws {
        let server = try LocalServer(bundle, faulty: HTTPTests.large, behaviour)
        defer {
            server.stop()
            try? FileManager.default.removeItem(at: folder)
            try? FileManager.default.removeItem(at: bundle)
        }
        try await work(server)
    }

    private func failure(_ server: LocalServer) async -> any Error {
        do { _ = try await store.download(server.address) } catch { return error }
        return UserError.request("it was downloaded")
    }

    /// Bytes of the large file that have arrived.
    private func here() throws -> Int {
        let partial = folder.appendingPathComponent("partial")
        let id = try FileManager.default.contentsOfDirectory(atPath: partial.path)[0]
        let part = partial.appendingPathComponent("\(id)/\(HTTPTests.large).part")
        return try FileManager.default.attributesOfItem(atPath: part.path)[.size] as? Int ?? 0
    }

    @Test func aServerOfFilesGivesAWholeModel() async throws {
        try await scene(.proper) { server in
            var seen: [Installation] = []
            let (told, teller) = AsyncStream.makeStream(of: Installation.self)
            let model = try await store.download(server.address) { teller.yield($0) }
            teller.finish()
            for await state in told { seen.append(state) }
            _ = try ModelBundle.open(model.bundle.folder)
            #expect(server.offsets == [0])
            #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.done <= $1.done })
            #expect(seen.last?.done == seen.last?.total && seen.last?.share == 1)
        }
    }

    @Test(arguments: [LocalServer.Behaviour.proper, .ignoresRanges, .startsElsewhere, .refusesRanges])
    func aDroppedConnectionResumes(afterwards: LocalServer.Behaviour) async throws {
        try await scene(.dropsAfter(150_000)) { server in
            guard case StoreError.network(let line) = await failure(server) else {
                Issue.record("no network error")
                return
            }
            #expect(line.contains(HTTPTests.large) && !line.contains("\n"))
            let kept = try here()
            #expect(kept > 0 && kept <= 150_000)
            server.become(afterwards)
            let model = try await store.download(server.address)
            _ = try ModelBundle.open(model.bundle.folder)
            #expect(server.offsets.prefix(2) == [0, kept])
            #expect(await store.unfinished() == 0)
        }
    }

    @Test func aBodyThatEndsEarlyIsKept() async throws {
        try await scene(.endsAfter(150_000)) { server in
            guard case StoreError.network(let line) = await failure(server) else {
                Issue.record("no network error")
                return
            }
            #expect(line.contains("ended after 150000 bytes of "))
            server.become(.proper)
            _ = try await store.download(server.address)
            #expect(server.offsets == [0, 150_000])
        }
    }

    @Test func refusalsOfTheServerAreReported() async throws {
        try await scene(.answers(404)) { server in
            let address = "\(server.address.absoluteString)/\(HTTPTests.large)"
            #expect(await failure(server) as? StoreError == .network("\(address) is not there: check the address"))
            server.become(.answers(503))
            #expect(
                await failure(server) as? StoreError
                    == .network("\(address): the server answered 503: try again later"))
            let kept = try here()
            #expect(kept == 0)
            server.stop()
            guard case StoreError.network = await failure(server) else {
                Issue.record("no network error")
                return
            }
        }
    }

    @Test func anotherFileIsRefusedAndNotKept() async throws {
        try await scene(.sends(400_000)) { server in
            for count in [400_000, 50_000_000] {
                server.become(.sends(count))
                let error = await failure(server)
                guard case UserError.bundle(let line) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(line.hasPrefix("\(HTTPTests.large) came damaged: "))
            }
            #expect(await store.models().isEmpty)
            server.become(.proper)
            _ = try ModelBundle.open(try await store.download(server.address).bundle.folder)
            #expect(server.offsets == [0, 0, 0])
        }
    }

    @Test func aPageInsteadOfAManifestIsRefused() async throws {
        let pages = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: pages) }
        try Data("<html>".utf8).write(to: pages.appendingPathComponent("manifest.json"))
        let server = try LocalServer(pages, faulty: "")
        defer { server.stop() }
        guard case UserError.bundle(let line) = await failure(server) else {
            Issue.record("no bundle error")
            return
        }
        #expect(
            line
                == "\(server.address.absoluteString)/manifest.json is not valid JSON (unexpected text at byte 0): export the bundle again"
        )
    }

    @Test func aCancelledDownloadStopsAtOnceAndResumes() async throws {
        try await scene(.stallsAfter(200_000)) { server in
            let (told, teller) = AsyncStream.makeStream(of: Installation.self)
            let task = Task { try await store.download(server.address) { teller.yield($0) } }
            var bytes = 0
            var before = -1
            for await state in told {
                if state.file == HTTPTests.large, before >= 0 { bytes += state.done - before }
                before = state.done
                if bytes > 100_000 { break }
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            let kept = try here()
            #expect(kept >= 65536)
            server.become(.proper)
            _ = try await store.download(server.address)
            #expect(server.offsets == [0, kept])
        }
    }

    @Test func aCancelledTaskDownloadsNothing() async throws {
        try await scene(.proper) { server in
            for _ in 0..<20 {
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await store.download(server.address)
                }
                await #expect(throws: CancellationError.self) { _ = try await task.value }
            }
            #expect(server.offsets.isEmpty)
        }
    }

    @Test func aSecondInstallationIsRefusedAndLeavesTheFirstAlone() async throws {
        try await scene(.stallsAfter(200_000)) { server in
            let (told, teller) = AsyncStream.makeStream(of: Installation.self)
            let first = Task { try await store.download(server.address) { teller.yield($0) } }
            for await state in told where state.file == HTTPTests.large { break }
            await #expect(throws: StoreError.self) { try await store.download(server.address) }
            await #expect(throws: StoreError.self) { try await store.importBundle(Repository.android) }
            await #expect(throws: StoreError.self) { try await store.discardUnfinished() }
            server.become(.proper)
            _ = try ModelBundle.open(try await first.value.bundle.folder)
        }
    }
}
