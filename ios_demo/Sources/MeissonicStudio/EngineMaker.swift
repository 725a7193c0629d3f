import MeissonicKit

/// Makes a device's engines: Core AI and Core ML on a phone, onnxruntime in tests on Linux.
public protocol EngineMaker: Sendable {
    /// The kinds of bundles it runs.
    var kinds: Set<EngineKind> { get }

    /// Compiles a graph for this device, unless it is compiled; returns whether it did. Takes seconds to minutes. Throws
    /// `UserError`.
    func compile(_ graph: String, of bundle: ModelBundle) async throws -> Bool

    /// Throws `UserError`.
    func engine(_ bundle: ModelBundle, on placement: SelfTest.Placement) throws -> any Engine

    /// Removes the compiled packages of other bundles.
    func prune(keeping bundles: [ModelBundle]) throws
}
