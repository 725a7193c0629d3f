#if canImport(CoreML)
import CoreML
import Dispatch
import Foundation
import MeissonicKit

/// Core ML under a bundle: functions chosen by the shapes of their inputs, one loaded a graph.
///
/// A generator opens and closes graphs so that one stage's weights are in memory at a time.
public actor CoreMLEngine: Engine {
    public nonisolated let bundle: ModelBundle
    public nonisolated let placement: SelfTest.Placement
    private let compiled: CompiledPackages
    private var loaded: [String: LoadedFunction] = [:]
    // Loading takes seconds and a run nearly one: neither may hold one of the few threads that tasks share.
    private let queue = DispatchQueue(label: "Core ML")

    /// Throws `UserError.request` for a bundle of another engine.
    public init(bundle: ModelBundle, compiled: CompiledPackages, placement: SelfTest.Placement = .asMade) throws {
        guard bundle.manifest.engine == .coreML else {
            throw UserError.request("\(bundle.folder.path) holds ONNX graphs: export it with python -m export.coreml")
        }
        self.bundle = bundle
        self.compiled = compiled
        self.placement = placement
    }

    /// An engine on the first placement that draws what was recorded, and what was seen of those tried: see `SelfTest`.
    public static func tested(
        bundle: ModelBundle, compiled: CompiledPackages, preferred: SelfTest.Placement = .asMade,
        told: @Sendable (SelfTest.Result) -> Void = { _ in }
    ) async throws -> (engine: any Engine, results: [SelfTest.Result]) {
        try await SelfTest.choose(for: bundle, among: SelfTest.placements(preferred: preferred), told: told) {
            placement in
            try CoreMLEngine(bundle: bundle, compiled: compiled, placement: placement)
        }
    }

    /// Compiles what is not compiled yet, one graph after another; `told` names the graph before it begins.
    public func compile(told: @Sendable (String) -> Void = { _ in }) async throws {
        for graph in bundle.manifest.graphs.keys.sorted() {
            try Task.checkCancellation()
            if try compiled.existing(graph, of: bundle) != nil { continue }
            told(graph)
            _ = try await compiled.url(graph, of: bundle)
        }
    }

    /// Loads and unloads the functions that a drawing needs, one after another, so that the system has made them ready; the
    /// first time it takes minutes. `told` names the graph before it begins.
    public func prewarm(for settings: Settings, told: @Sendable (String) -> Void = { _ in }) async throws {
        for (name, graph) in bundle.manifest.graphs.sorted(by: { $0.key < $1.key }) {
            try Task.checkCancellation()
            told(name)
            if let function = graph.function(for: settings, manifest: bundle.manifest) {
                _ = try await load(name, function)
            }
            close(name)
        }
    }

    public func open(_ name: String) async throws {
        if loaded[name] == nil, let first = try bundle.graph(name).functions.first { _ = try await load(name, first) }
    }

    public func close(_ name: String) { loaded[name] = nil }

    /// A run cannot be ended early: when its task is cancelled its result is not used.
    public func run(_ name: String, on tensors: [String: Tensor]) async throws -> [String: Tensor] {
        let graph = try bundle.graph(name)
        let feed = try graph.feed(from: tensors, graph: name)
        let function = try await load(name, graph.function(for: feed, graph: name))
        try Task.checkCancellation()
        let outputs = graph.outputs
        let made = try await onQueue { try function.run(feed, outputs: outputs) }
        try Task.checkCancellation()
        return made
    }

    private func load(_ name: String, _ function: GraphFunction) async throws -> LoadedFunction {
        if let present = loaded[name], present.function == function { return present }
        close(name)  // its weights leave memory before the other function's come
        let unit = placement.unit(for: try bundle.graph(name))
        let url = try await compiled.url(name, of: bundle)
        let made = try await onQueue { try LoadedFunction(graph: name, function: function, compiled: url, unit: unit) }
        loaded[name] = made
        return made
    }

    private func onQueue<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
#endif
