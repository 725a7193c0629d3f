import Foundation
import MeissonicKit

/// The file of a benchmark. Keys that `check_on_mac.json` (`python -m export.check_on_mac`) also has mean the same. But here a
/// choice of units leaves graphs exported for the CPU there; `unit` says where a graph ran.
public struct BenchmarkReport: Codable, Sendable {
    public struct Bundle: Codable, Sendable {
        public let model: String
        public let source: [String: String]
        public let precision: [String: String]
        public let compute: [String: String]
        public let step: [String]
        public let size: Size
        public let steps: Int
        public let rows: Int
    }

    /// The time to compile a package for this device, if it was compiled.
    public struct Package: Codable, Sendable {
        public let graph: String
        public let seconds: Double
    }

    /// `errors` has the reason of each failed part; its figures are then missing.
    public struct GraphCheck: Codable, Sendable {
        public let graph: String
        public let function: String?
        public let choice: String
        public let unit: String
        /// The first load on this choice since the launch, and a second one.
        public internal(set) var loadSeconds: [Double] = []
        public internal(set) var firstPredictMs: Double?
        /// Median of five.
        public internal(set) var predictMs: Double?
        public internal(set) var errors: [String: String] = [:]
    }

    /// Tokens compared with the trace, over the steps that ran.
    public struct DrawingCheck: Codable, Sendable {
        public let choice: String
        public internal(set) var steps: [Int] = []
        public internal(set) var equal = 0
        public internal(set) var compared = 0
        public internal(set) var share: Double?
        /// Median time of the step chain.
        public internal(set) var stepMs: Double?
        /// Whether the picture is the trace's, bit by bit.
        public internal(set) var imageSame: Bool?
        public internal(set) var errors: [String: String] = [:]
    }

    public let format: String
    public let version: Int
    public let machine: Machine
    public let bundle: Bundle
    public let packages: [Package]
    public internal(set) var graphs: [GraphCheck] = []
    public internal(set) var drawings: [DrawingCheck] = []

    init(_ golden: Golden, machine: Machine, compileSeconds: [String: Double]) {
        let manifest = golden.bundle.manifest
        format = "meissonic-mobile benchmark"
        version = 1
        self.machine = machine
        bundle = Bundle(
            model: manifest.model.name,
            source: ["checkpoint": manifest.source.checkpoint, "sha256": manifest.source.sha256],
            precision: manifest.graphs.mapValues(\.precision),
            compute: manifest.graphs.compactMapValues { $0.compute?.rawValue }, step: manifest.step,
            size: golden.trace.size, steps: golden.trace.steps,
            rows: golden.settings.dimensions(for: manifest)["rows"] ?? 1)
        packages = compileSeconds.sorted { $0.key < $1.key }.map { Package(graph: $0.key, seconds: $0.value) }
    }

    /// Throws `UserError.request` that names the file.
    public func write(to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try writing(file) { try encoder.encode(self).write(to: file, options: .atomic) }
    }
}

extension SelfTest.Placement {
    /// The name of a choice in `check_on_mac`.
    var choice: String {
        switch self {
        case .asMade: "AS_SHIPPED"
        case .all(let unit): unit.unit
        }
    }
}

extension Compute {
    /// The name of a unit in `check_on_mac`.
    var unit: String {
        switch self {
        case .cpu, .npu: "CPU_ONLY"
        case .gpu: "CPU_AND_GPU"
        case .ane: "CPU_AND_NE"
        }
    }
}
