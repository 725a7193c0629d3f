/// Chooses compute units by a test, because a Neural Engine can be silently wrong; then the next unit is tried.
public struct SelfTest: Sendable {
    /// Where graphs run: each on the unit it was exported for, or all on one unit, except those exported for the CPU.
    public enum Placement: Sendable, Hashable, CustomStringConvertible {
        case asMade
        case all(Compute)

        public static let every: [Placement] = [.asMade, .all(.ane), .all(.gpu), .all(.cpu)]

        public func unit(for graph: Graph) -> Compute {
            switch self {
            case .asMade: graph.compute ?? .cpu
            case .all(let unit): graph.compute == .cpu ? .cpu : unit
            }
        }

        public var description: String {
            switch self {
            case .asMade: "as made"
            case .all(let unit): unit.rawValue
            }
        }
    }

    public struct Result: Codable, Sendable, Equatable {
        public let placement: Placement
        /// nil if it could not run; `problem` says why.
        public let likeness: Likeness?
        public let problem: String?
        public let passed: Bool
    }

    /// The placements to try in order: `preferred`, then the GPU, then the CPU.
    public static func placements(preferred: Placement = .asMade) -> [Placement] {
        [preferred] + [.all(.gpu), .all(.cpu)].filter { $0 != preferred }
    }

    /// An engine on the first placement that draws the golden trace's tokens, and the results of those tried.
    ///
    /// `engine` makes one for a placement. Throws `UserError.engine` if none passes, `.bundle` without a trace, and
    /// `CancellationError`.
    public static func choose(
        for bundle: ModelBundle, among placements: [Placement] = placements(),
        told: @Sendable (Result) -> Void = { _ in }, engine: @Sendable (Placement) async throws -> any Engine
    ) async throws -> (engine: any Engine, results: [Result]) {
        let golden = try Golden(bundle)
        var results: [Result] = []
        for placement in placements {
            var candidate: (any Engine)?
            var likeness: Likeness?
            var problem: String?
            do {
                let made = try await engine(placement)
                likeness = try await golden.compare(made, steps: golden.fewSteps)
                candidate = made
            } catch let error as UserError {
                problem = error.description
            }
            let passed = (likeness?.share ?? 0) >= golden.tolerance
            let result = Result(placement: placement, likeness: likeness, problem: problem, passed: passed)
            results.append(result)
            told(result)
            if passed, let candidate { return (candidate, results) }
        }
        let last = results.last.map {
            $0.problem ?? "\($0.likeness?.equal ?? 0) of \($0.likeness?.compared ?? 0) tokens"
        }
        throw UserError.engine(
            "no compute unit draws the recorded tokens (last: \(last ?? "none tried")): export the bundle again")
    }
}

extension SelfTest.Placement: Codable {
    /// Decodes a placement from its description.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let name = try container.decode(String.self)
        guard let found = SelfTest.Placement.every.first(where: { $0.description == name }) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(name)' is no placement")
        }
        self = found
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
