#if canImport(CoreML)
import CoreML
import Dispatch
import Foundation
import MeissonicKit

/// Runs a bundle's graphs on Core ML. The shapes of the inputs choose a graph's function; one is loaded at a time.
public actor CoreMLEngine: Engine {
    public nonisolated let bundle: ModelBundle
    public nonisolated let placement: SelfTest.Placement
    private let compiled: CompiledPackages
    private var functions: [String: LoadedFunction] = [:]
    // A queue of its own, because a load or a run takes seconds and tasks share few threads.
    private let queue = DispatchQueue(label: "Core ML")

    /// Throws `UserError.request` for a bundle of another engine.
    public init(bundle: ModelBundle, compiled: CompiledPackages, placement: SelfTest.Placement = .asMade) throws {
        guard bundle.manifest.engine == .coreML else {
            throw UserError.request(
                "\(bundle.folder.path) is a bundle for \(bundle.manifest.engine.rawValue), which does not run here: export it"
                    + " with python -m export.coreml")
        }
        self.bundle = bundle
        self.compiled = compiled
        self.placement = placement
    }

    /// An engine on the first placement that draws the recorded tokens, and the results of those tried: see `SelfTest`.
    public static func tested(
        bundle: ModelBundle, compiled: CompiledPackages, preferred: SelfTest.Placement = .asMade,
        told: @Sendable (SelfTest.Result) -> Void = { _ in }
    ) async throws -> (engine: any Engine, results: [SelfTest.Result]) {
        try await SelfTest.choose(for: bundle, among: SelfTest.placements(preferred: preferred), told: told) {
            placement in
            try CoreMLEngine(bundle: bundle, compiled: compiled, placement: placement)
        }
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

    /// Core ML cannot end a run early. When the task is cancelled, the result is dropped.
    public func run(_ name: String, on tensors: [String: Tensor]) async throws -> [String: Tensor] {
        let graph = try bundle.graph(name)
        let feed = try graph.feed(from: tensors, graph: name)
        let function = try await load(name, graph.function(for: tensors.merging(feed) { $1 }, graph: name))
        try Task.checkCancellation()
        let outputs = graph.outputs
        let made = try await onQueue { try function.run(feed, outputs: outputs) }
        try Task.checkCancellation()
        return made
    }

    private func load(_ name: String, _ function: GraphFunction) async throws -> LoadedFunction {
        if let present = functions[name], present.function == function { return present }
        close(name)  // its weights leave memory before the other function's come
        let unit = placement.unit(for: try bundle.graph(name))
        let url = try await compiled.url(name, of: bundle)
        let made = try await onQueue { try LoadedFunction(graph: name, function: function, compiled: url, unit: unit) }
        functions[name] = made
        return made
    }

    private func onQueue<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
#endif
