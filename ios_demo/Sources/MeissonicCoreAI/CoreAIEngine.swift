#if canImport(CoreAI)
import CoreAI
import Foundation
import MeissonicKit

/// Runs a bundle's graphs on Core AI. The shapes of the inputs choose a graph's function; one is loaded at a time. The system
/// prepares an asset for the device when it is first loaded, and keeps the result.
@available(iOS 27.0, macOS 27.0, *)
public actor CoreAIEngine: Engine {
    public nonisolated let bundle: ModelBundle
    public nonisolated let placement: SelfTest.Placement
    private var functions: [String: LoadedAsset] = [:]

    /// Throws `UserError.request` for a bundle of another engine.
    public init(bundle: ModelBundle, placement: SelfTest.Placement = .asMade) throws {
        guard bundle.manifest.engine == .coreAI else {
            throw UserError.request("\(bundle.folder.path) holds no Core AI assets: export it with python -m export.coreai")
        }
        self.bundle = bundle
        self.placement = placement
    }

    public var loaded: Set<String> { Set(functions.keys) }

    public func open(_ name: String, for settings: Settings) async throws {
        let graph = try bundle.graph(name)
        guard let function = graph.function(for: settings, manifest: bundle.manifest) else {
            throw UserError.bundle("graph \(name) has no function for size \(settings.size): export the bundle for this size")
        }
        _ = try await load(name, function)
    }

    public func close(_ name: String) { functions[name] = nil }

    /// Core AI cannot end a run early. When the task is cancelled, the result is dropped.
    public func run(_ name: String, on tensors: [String: Tensor]) async throws -> [String: Tensor] {
        let graph = try bundle.graph(name)
        let feed = try graph.feed(from: tensors, graph: name)
        let function = try await load(name, graph.function(for: tensors.merging(feed) { $1 }, graph: name))
        try Task.checkCancellation()
        let made = try await function.run(feed, outputs: graph.outputs)
        try Task.checkCancellation()
        return made
    }

    private func load(_ name: String, _ function: GraphFunction) async throws -> LoadedAsset {
        if let present = functions[name] {
            if present.function == function { return present }
            let made = try present.other(function)  // of the same asset, which stays loaded
            functions[name] = made
            return made
        }
        let graph = try bundle.graph(name)
        let made = try await LoadedAsset(
            graph: name, function: function, asset: asset(name, graph), unit: placement.unit(for: graph))
        functions[name] = made
        return made
    }

    /// The .aimodel of a graph.
    private func asset(_ name: String, _ graph: Graph) throws -> URL {
        let folder = String(graph.files[0].prefix { $0 != "/" })
        guard folder.hasSuffix(".aimodel") else {
            throw UserError.bundle("graph \(name) is no Core AI asset: name the folder of an iPhone bundle for iOS 27")
        }
        return bundle.path(folder)
    }
}
#endif
