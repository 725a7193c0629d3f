import Foundation
import MeissonicKit
import MeissonicOrt
import Observation
import Synchronization
import TestSupport

@testable import MeissonicStore
@testable import MeissonicStudio

/// Makes engines on the real onnxruntime and remembers the calls. onnxruntime compiles nothing; the first call reports that it
/// did.
final class OrtMaker: EngineMaker {
    let kinds: Set<EngineKind> = [.onnxRuntime]
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

/// The parts of an app, in a temporary folder.
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

    /// Lets others work until the condition holds.
    func until(_ condition: () -> Bool) async {
        while !condition() { try? await Task.sleep(for: .milliseconds(1)) }
    }

    func close() { try? FileManager.default.removeItem(at: folder) }
}

/// Remembers every working state of a studio, also those that pass between two looks at it.
@MainActor final class Watcher {
    private(set) var working: [Working] = []
    private let studio: Studio

    init(_ studio: Studio) {
        self.studio = studio
        watch()
    }

    private func watch() {
        withObservationTracking {
            if case .working(let state) = studio.state { working.append(state) }
        } onChange: {
            // Called before each change, so it remembers the state that ends.
            MainActor.assumeIsolated { self.watch() }
        }
    }
}
