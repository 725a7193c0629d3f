/// Runs a bundle's graphs by name: the only seam between the loop and what computes (Core ML on a phone, onnxruntime on
/// Linux).
///
/// A generator calls one function at a time. `run` honours the cancellation of its task: it stops as soon as the engine
/// can and throws `CancellationError`.
public protocol Engine: Sendable {
    var bundle: ModelBundle { get }

    /// The graphs in memory now.
    var loaded: Set<String> { get async }

    /// Loads a graph, in the function that these settings run, unless it is loaded. Throws `UserError.engine`, or `.bundle`
    /// for a graph unlike the manifest or without a function for the settings.
    func open(_ graph: String, for settings: Settings) async throws

    /// Unloads a graph and its weights.
    func close(_ graph: String) async

    /// Runs a graph on the tensors it names (others are ignored) and returns its outputs by name.
    ///
    /// Throws `CancellationError`, `UserError.bundle` for a tensor unlike the manifest's, `.engine` if the run fails.
    func run(_ graph: String, on tensors: [String: Tensor]) async throws -> [String: Tensor]
}

extension Engine {
    /// Loads and unloads a graph, so that the system prepares it; on a phone that takes long the first time.
    public func warm(_ graph: String, for settings: Settings) async throws {
        try Task.checkCancellation()
        try await open(graph, for: settings)
        await close(graph)
    }
}

extension TensorSpec {
    /// Throws `UserError.bundle` for a tensor unlike the manifest's.
    public func check(_ tensor: Tensor, graph: String) throws {
        let same =
            tensor.type == type && tensor.shape.count == shape.count
            && zip(tensor.shape, shape).allSatisfy { here, there in there.fixed == nil || there.fixed == here }
        guard same else {
            throw UserError.bundle(
                "graph \(graph): \(name) would be \(tensor.type.rawValue) \(tensor.shape), the manifest says \(self.shown): "
                    + "the bundle's graphs do not fit together, export it again")
        }
    }

    public var shown: String { "\(type.rawValue) [\(shape.map(\.description).joined(separator: ", "))]" }
}
