import MeissonicKit

/// What makes engines of a device: Core ML on a phone, onnxruntime in tests on Linux.
public protocol EngineMaker: Sendable {
    /// The bundles it can run.
    var kind: EngineKind { get }

    /// Makes a graph ready for this device unless that was done before; whether it was done now. Takes seconds to minutes.
    /// Throws `UserError`.
    func compile(_ graph: String, of bundle: ModelBundle) async throws -> Bool

    /// Throws `UserError`.
    func engine(_ bundle: ModelBundle, on placement: SelfTest.Placement) throws -> any Engine

    /// Removes what was compiled of other bundles.
    func prune(keeping bundles: [ModelBundle]) throws
}
