import Foundation
import MeissonicKit
import MeissonicStore
import TestSupport
import Testing

/// Full disks and cancellation while files are written and hashed.
@Suite(.serialized) struct DiskTests {
    #if os(Linux)
    /// A file system of its own, smaller than the bundle. Needs root.
    @Test(.enabled(if: getuid() == 0)) func aFullDiskIsReportedAndThePartThatArrivedIsKept() async throws {
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let size = try ModelBundle.readManifest(Repository.android).files.values.reduce(0) { $0 + $1.size }
        try #require(mount("tmpfs", folder.path, "tmpfs", 0, "size=\(size / 2)") == 0)
        defer { umount(folder.path) }
        let server = try LocalServer(Repository.android, faulty: "transformer.onnx.data")
        defer { server.stop() }
        let unaware = ModelStore(folder: folder) { _ in nil }
        for install in [
            { _ = try await unaware.download(server.address) }, { _ = try await unaware.importBundle(Repository.android) },
        ] {
            do {
                try await install()
                Issue.record("it was installed")
            } catch StoreError.disk(let line) {
                #expect(line.hasPrefix("no room left to write \(folder.path)/partial/"), "\(line)")
            }
        }
        let kept = await unaware.unfinished()
        #expect(kept > size / 3 && kept <= size / 2)
        // A store that asks for the free space fails before it starts.
        await #expect(throws: StoreError.self) { try await ModelStore(folder: folder).download(server.address) }
        #expect(await unaware.unfinished() == kept)
        try #require(mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT), "size=\(2 * size)") == 0)
        _ = try ModelBundle.open(try await unaware.download(server.address).bundle.folder)
        #expect(server.offsets.count == 2 && server.offsets[1] > 0)
    }
    #endif

    @Test func anUnwritableFolderIsReported() async throws {
        let file = try Repository.temporaryFolder().appendingPathComponent("file")
        defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
        try Data().write(to: file)
        do {
            _ = try await ModelStore(folder: file).importBundle(Repository.android)
            Issue.record("it was installed")
        } catch StoreError.disk(let line) {
            #expect(line.hasPrefix("cannot write \(file.path)/partial/") && !line.contains("\n"), "\(line)")
        }
    }

    @Test func hashingThatIsCancelledKeepsTheFile() async throws {
        let folder = try Repository.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = ModelStore(folder: folder)
        let (told, teller) = AsyncStream.makeStream(of: Installation.self)
        let task = Task {
            try await store.importBundle(Repository.android) { state in
                guard state.stage == .checking, state.file == "transformer.onnx.data" else { return }
                withUnsafeCurrentTask { $0?.cancel() }
                teller.yield(state)
            }
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        teller.finish()
        var checks = 0
        for await _ in told { checks += 1 }
        #expect(checks == 1)
        #expect(await store.unfinished() > 4_000_000)
        #expect(await store.models().isEmpty)
        _ = try ModelBundle.open(try await store.importBundle(Repository.android).bundle.folder)
    }
}
