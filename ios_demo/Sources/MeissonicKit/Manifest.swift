/// The schema of `manifest.json`, the same on every platform; `runtime/manifest.py` explains it.

public struct Manifest: Sendable {
    public let model: ModelFacts
    public let sizes: [Size]
    public let graphs: [String: Graph]
    /// The graphs of one step, in the order in which they run.
    public let step: [String]
    public let files: [String: FileFacts]
    public let tokenizer: TokenizerFacts
    public let defaults: Defaults
    public let preview: PreviewFacts?
    /// The file of the golden trace.
    public let golden: String?
    public let source: Source
    public let tools: [String: String]
    /// The numeric figures measured when the bundle was written.
    public let parity: [String: Double]
}

public struct ModelFacts: Sendable {
    public let name: String
    /// Pixels along one side of a VQ token.
    public let tokenSize: Int
    /// VQ tokens along one side of a position inside the blocks: 2 or 1.
    public let compression: Int
    public let codebookSize: Int
    public let vocabSize: Int
    public let maskTokenID: Int32
    public let maskingSchedule: MaskingSchedule
    public let timestep: Timestep
    /// Of a one-step student.
    public let student: StudentFacts?
    public let textLength: Int
    public let innerDim: Int
    public let modulationWidth: Int
}

/// How a one-step student is drawn.
public struct StudentFacts: Sendable {
    /// Share of the unknown tokens that its first pass sees masked.
    public let masked: Double
    /// Share of noise in its token embeddings.
    public let noise: Double
}

public enum MaskingSchedule: String, Sendable, Decodable {
    case cosine, linear
}

/// What tells the model of a step with t steps after it, of N: t itself, or t / N.
public enum Timestep: String, Sendable, Decodable {
    case index, share
}

/// A graph's input or output.
public struct TensorSpec: Sendable {
    public let name: String
    public let type: Tensor.ElementType
    public let shape: [Dimension]
}

/// One side of a tensor: a number, or a name ("rows", "steps") where it differs from run to run or by function.
public enum Dimension: Sendable, Equatable, CustomStringConvertible {
    case fixed(Int)
    case named(String)

    public var fixed: Int? { if case .fixed(let count) = self { count } else { nil } }

    public var description: String {
        switch self {
        case .fixed(let count): String(count)
        case .named(let name): name
        }
    }
}

/// What runs a graph in fixed shapes: one of its ONNX models, by its path, or a function of a Core ML package.
public struct GraphFunction: Sendable, Equatable {
    public let name: String
    public let dimensions: [String: Int]
}

/// The compute unit that a graph was exported for.
public enum Compute: String, Sendable, Decodable, CaseIterable {
    case cpu, gpu, ane, npu
}

public struct Graph: Sendable {
    /// The precision of its linears and convolutions; "int8+int4" where they differ.
    public let precision: String
    public let inputs: [TensorSpec]
    public let outputs: [TensorSpec]
    /// The model or one for each size, then their external data; or all files of a Core ML package.
    public let files: [String]
    /// Empty if dimensions are free.
    public let functions: [GraphFunction]
    public let compute: Compute?
    /// A chip of an NPU -> the model compiled for it, then its binary.
    public let contexts: [String: [String]]

    /// Its ONNX models, one for each size if sizes share the graph; the first is that of the default.
    public var models: [String] { functions.isEmpty ? [files[0]] : functions.map(\.name) }

    /// How weights are stored, from exact to coarse ("qnn": 8 bits, activations 16; "paletteN": one of 2^N values).
    static let precisions = ["fp32", "fp16", "qnn", "int8", "palette8", "palette6", "int4", "palette4"]
}

public struct FileFacts: Sendable, Equatable {
    /// Bytes.
    public let size: Int
    /// 64 hexadecimal digits.
    public let sha256: String
}

/// CLIP's byte-level BPE: two files, and the ids of special tokens.
///
/// `special` holds the strings that become one id wherever a prompt contains them. Those also named in
/// `specialNormalized` are matched after normalisation, the others as typed.
public struct TokenizerFacts: Sendable {
    public let vocab: String
    public let merges: String
    public let length: Int
    public let bos: Int32
    public let eos: Int32
    public let pad: Int32
    public let unk: Int32
    public let special: [String: Int32]
    public let specialNormalized: [String]
}

public struct Defaults: Sendable {
    public let size: Size
    public let steps: Int
    public let guidance: Double
    /// Of the confidence noise, first and last step.
    public let temperature: Temperature
    public let negative: String
    /// The aesthetic score given as the fifth micro-condition.
    public let score: Double
    /// Of image-to-image.
    public let strength: Double
}

public struct Temperature: Sendable, Equatable {
    public let start: Double
    public let end: Double

    public init(start: Double, end: Double) {
        self.start = start
        self.end = end
    }
}

/// Patches that make a preview of tokens: u8 [codebookSize, side, side, 3].
public struct PreviewFacts: Sendable {
    public let file: String
    /// Pixels.
    public let side: Int
}

public struct Source: Sendable {
    public let checkpoint: String
    public let sha256: String
}

/// The drawing that every runtime must reproduce, step by step.
public struct GoldenTrace: Sendable {
    public let prompt: String
    public let negative: String
    public let seed: UInt64
    public let steps: Int
    public let guidance: Double
    public let size: Size
    public let promptIDs: [Int32]
    public let negativeIDs: [Int32]
    /// Tokens masked again after each step; 0 after the last.
    public let masked: [Int]
    /// The grid after each step, row-major.
    public let tokens: [[Int32]]
    public let finalTokens: [Int32]
    /// Of the raw RGB bytes, row-major.
    public let imageSHA256: String
}

extension Manifest {
    /// Bytes of all files.
    public var size: Int { files.values.reduce(0) { $0 + $1.size } }

    /// The engine that runs its graphs.
    public var engine: EngineKind {
        if graphs.values.contains(where: { $0.files.contains { $0.contains(".aimodel/") } }) { return .coreAI }
        let packages = graphs.values.contains { graph in graph.functions.contains { !graph.files.contains($0.name) } }
        return packages ? .coreML : .onnxRuntime
    }

    /// Whether the step takes two text rows, guided or not.
    public var twoRows: Bool {
        let chain = step.compactMap { graphs[$0] }
        let declared = chain.flatMap(\.inputs).contains { $0.name == "context" && $0.shape.first == .fixed(2) }
        let rows = Set(chain.flatMap(\.functions).compactMap { $0.dimensions["rows"] })
        return declared || rows == [2]
    }

    /// Whether the bundle can edit pictures.
    public var edits: Bool { graphs["image_encoder"] != nil }
}

public enum EngineKind: String, Sendable {
    case onnxRuntime = "onnxruntime"
    case coreML = "coreml"
    case coreAI = "coreai"
}
