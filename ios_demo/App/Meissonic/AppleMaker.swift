import Foundation
import MeissonicCoreML
import MeissonicKit
import MeissonicStore
import MeissonicStudio

#if canImport(CoreAI)
import MeissonicCoreAI
#endif

/// Engines of Apple's frameworks, as a bundle's manifest says: Core AI from iOS 27 on, and Core ML.
struct AppleMaker: EngineMaker {
    let kinds: Set<EngineKind>
    private let compiled: CompiledPackages

    /// `folder` holds compiled packages and stays out of backups.
    init(folder: URL) {
        compiled = CompiledPackages(folder: folder)
        var kinds: Set<EngineKind> = [.coreML]
        #if canImport(CoreAI)
        if #available(iOS 27.0, macOS 27.0, *) { kinds.insert(.coreAI) }
        #endif
        self.kinds = kinds
    }

    /// Core AI compiles an asset itself when it loads it, and keeps the result, so there is nothing to do for one.
    func compile(_ graph: String, of bundle: ModelBundle) async throws -> Bool {
        if bundle.manifest.engine == .coreAI { return false }
        if try compiled.existing(graph, of: bundle) != nil { return false }
        _ = try await compiled.url(graph, of: bundle)
        try Disk.keepOutOfBackups(compiled.folder)
        return true
    }

    func engine(_ bundle: ModelBundle, on placement: SelfTest.Placement) throws -> any Engine {
        #if canImport(CoreAI)
        if bundle.manifest.engine == .coreAI, #available(iOS 27.0, macOS 27.0, *) {
            return try CoreAIEngine(bundle: bundle, placement: placement)
        }
        #endif
        return try CoreMLEngine(bundle: bundle, compiled: compiled, placement: placement)
    }

    func prune(keeping bundles: [ModelBundle]) throws {
        try compiled.prune(keeping: bundles.filter { $0.manifest.engine == .coreML })
    }
}
