import Foundation
import MeissonicKit
import MeissonicOrt
import Synchronization
import TestSupport

@testable import MeissonicStore
@testable import MeissonicStudio

/// Engines on the real onnxruntime; it remembers what it was asked for. Nothing has to be compiled there: the first time is
/// said to be one.
final class OrtMaker: EngineMaker {
    let kind = EngineKind.onnxRuntime
    private let library: OrtLibrary
    private let seen = Mutex<(compiled: [String], placements: [SelfTest.Placement])>(([], []))
    /// Placements whose engine cannot be made.
    private let broken: Set<SelfTest.Placement>

    init(broken: Set<SelfTest.Placement> = []) throws {
        library = try OrtLibrary()
        self.broken = broken
    }

    var compiled: [String] { seen.withLock { $0.compiled } }
    var placements: [SelfTest.Placement] { seen.withLock { $0.placements } }

    func compile(_ graph: String, of bundle: ModelBundle) async throws -> Bool {
        seen.withLock { seen in
            if seen.compiled.contains(graph) { return false }
            seen.compiled.append(graph)
            return true
        }
    }

    func engine(_ bundle: ModelBundle, on placement: SelfTest.Placement) throws -> any Engine {
        seen.withLock { $0.placements.append(placement) }
        guard !broken.contains(placement) else { throw UserError.engine("\(placement) is broken") }
        return try OrtEngine(bundle: bundle, library: library, threads: 1)
    }

    func prune(keeping bundles: [ModelBundle]) throws {}
}

/// A folder of its own, and in it what an app has.
@MainActor struct Scene {
    let folder: URL
    let maker: OrtMaker
    let gallery: Gallery
    let studio: Studio
    let model: StoredModel

    init(
        in folder: URL? = nil, maker: OrtMaker? = nil, bundle: URL = Repository.android, availableMemory: Int? = nil
    ) throws {
        self.folder = try folder ?? Repository.temporaryFolder()
        self.maker = try maker ?? OrtMaker()
        gallery = Gallery(folder: self.folder.appendingPathComponent("gallery"))
        studio = Studio(gallery: gallery, folder: self.folder, maker: self.maker) { availableMemory }
        model = StoredModel(
            id: "model", bundle: ModelBundle(folder: bundle, manifest: try ModelBundle.readManifest(bundle)))
    }

    /// Lets others work until something is so.
    func until(_ so: () -> Bool) async {
        while !so() { try? await Task.sleep(for: .milliseconds(1)) }
    }

    func close() { try? FileManager.default.removeItem(at: folder) }
}
