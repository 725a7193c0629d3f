import Foundation
import MeissonicCoreML
import MeissonicKit
import MeissonicStore
import MeissonicStudio

/// Engines on Core ML.
struct CoreMLMaker: EngineMaker {
    let kind = EngineKind.coreML
    private let compiled: CompiledPackages

    /// `folder` holds compiled packages and stays out of backups.
    init(folder: URL) { compiled = CompiledPackages(folder: folder) }

    func compile(_ graph: String, of bundle: ModelBundle) async throws -> Bool {
        if try compiled.existing(graph, of: bundle) != nil { return false }
        _ = try await compiled.url(graph, of: bundle)
        try Disk.keepOutOfBackups(compiled.folder)
        return true
    }

    func engine(_ bundle: ModelBundle, on placement: SelfTest.Placement) throws -> any Engine {
        try CoreMLEngine(bundle: bundle, compiled: compiled, placement: placement)
    }

    func prune(keeping bundles: [ModelBundle]) throws { try compiled.prune(keeping: bundles) }
}
