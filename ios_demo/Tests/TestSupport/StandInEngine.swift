import MeissonicKit

/// An engine that computes nothing: every output is zeros in the manifest's shape. It remembers its calls and loads, and which
/// graphs were loaded at the same time.
public actor StandInEngine: Engine {
    public nonisolated let bundle: ModelBundle
    public private(set) var calls: [String] = []
    public private(set) var loaded: Set<String> = []
    public private(set) var mostLoaded: Set<String> = []
    public private(set) var loads: [String] = []
    private let onRun: @Sendable (_ graph: String, _ call: Int) async throws -> Void

    /// `onRun` is called before each run with the graph and the number of its earlier runs; the run throws what it throws.
    public init(
        bundle: ModelBundle,
        onRun: @escaping @Sendable (_ graph: String, _ call: Int) async throws -> Void = { _, _ in }
    ) {
        self.bundle = bundle
        self.onRun = onRun
    }

    public func open(_ graph: String, for settings: Settings) { load(graph) }

    private func load(_ graph: String) {
        guard loaded.insert(graph).inserted else { return }
        loads.append(graph)
        if loaded.count > mostLoaded.count { mostLoaded = loaded }
    }

    public func close(_ graph: String) { loaded.remove(graph) }

    public func run(_ name: String, on tensors: [String: Tensor]) async throws -> [String: Tensor] {
        load(name)
        let call = calls.count { $0 == name }
        calls.append(name)
        let graph = try bundle.graph(name)
        for spec in graph.inputs {
            guard let tensor = tensors[spec.name] else { throw UserError.engine("no \(spec.name)") }
            try spec.check(tensor, graph: name)
        }
        try await onRun(name, call)
        try Task.checkCancellation()
        var outputs: [String: Tensor] = [:]
        for spec in graph.outputs {
            let shape = spec.shape.map { $0.fixed ?? size(of: $0.description, graph, tensors) }
            let count = shape.reduce(1, *)
            switch spec.type {
            case .int32: outputs[spec.name] = Tensor([Int32](repeating: 0, count: count), shape: shape)
            case .float32: outputs[spec.name] = Tensor([Float](repeating: 0, count: count), shape: shape)
            case .uint8: outputs[spec.name] = Tensor([UInt8](repeating: 0, count: count), shape: shape)
            }
        }
        return outputs
    }

    /// The size of a named side in the inputs.
    private func size(of side: String, _ graph: Graph, _ tensors: [String: Tensor]) -> Int {
        for spec in graph.inputs {
            if let axis = spec.shape.firstIndex(of: .named(side)), let tensor = tensors[spec.name] {
                return tensor.shape[axis]
            }
        }
        return 1
    }
}
