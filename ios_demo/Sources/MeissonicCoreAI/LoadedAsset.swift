#if canImport(CoreAI)
import CoreAI
import Foundation
import MeissonicKit

/// A loaded asset and one of its functions.
@available(iOS 27.0, macOS 27.0, *)
struct LoadedAsset {
    let function: GraphFunction
    private let graph: String
    private let model: AIModel
    private let inference: InferenceFunction

    /// Prepares the asset for the unit, which takes seconds to minutes the first time. Throws `UserError.engine`.
    init(graph: String, function: GraphFunction, asset: URL, unit: Compute) async throws {
        let options = SpecializationOptions(preferredComputeUnitKind: unit.coreAI)
        let model: AIModel
        do { model = try await AIModel(contentsOf: asset, options: options) } catch {
            throw UserError.engine("Core AI cannot load \(graph): \(error.localizedDescription)")
        }
        try self.init(graph: graph, function: function, model: model)
    }

    private init(graph: String, function: GraphFunction, model: AIModel) throws {
        let found: InferenceFunction?
        do { found = try model.loadFunction(named: function.name) } catch {
            throw UserError.engine("Core AI cannot load \(graph), \(function.name): \(error.localizedDescription)")
        }
        guard let inference = found else {
            throw UserError.engine("graph \(graph) has no function \(function.name): export the bundle again")
        }
        self.graph = graph
        self.function = function
        self.model = model
        self.inference = inference
    }

    /// Another function of the asset. Throws `UserError.engine`.
    func other(_ function: GraphFunction) throws -> LoadedAsset {
        try LoadedAsset(graph: graph, function: function, model: model)
    }

    /// Runs on tensors in the manifest's types and shapes. Throws `UserError.engine`.
    func run(_ feed: [String: Tensor], outputs specs: [TensorSpec]) async throws -> [String: Tensor] {
        var inputs: [String: NDArray] = [:]
        for (name, tensor) in feed { inputs[name] = try array(tensor, name) }
        var made: [String: NDArray] = [:]
        do {
            var outputs = try await inference.run(inputs: inputs)
            for spec in specs { made[spec.name] = outputs.remove(spec.name)?.ndArray }
        } catch {
            throw UserError.engine("Core AI failed in \(graph), \(function.name): \(error.localizedDescription)")
        }
        var tensors: [String: Tensor] = [:]
        for spec in specs {
            guard let array = made[spec.name] else {
                throw UserError.engine("graph \(graph) gave no '\(spec.name)': export the bundle again")
            }
            tensors[spec.name] = try tensor(array, spec)
        }
        return tensors
    }

    private func array(_ tensor: Tensor, _ name: String) throws -> NDArray {
        guard case .ndArray(let declared) = inference.descriptor.inputDescriptor(of: name) else {
            throw UserError.engine("graph \(graph) takes no '\(name)': export the bundle again")
        }
        guard declared.shape == tensor.shape else {
            throw UserError.engine(
                "graph \(graph), \(function.name) takes '\(name)' as \(declared.shape), not \(tensor.shape): export it again")
        }
        var array = NDArray(descriptor: declared)
        switch tensor.values {
        case .float32(let values): fill(&array, values)
        case .int32(let values): fill(&array, values)
        case .uint8(let values): fill(&array, values.map(Int32.init))
        }
        return array
    }

    private func fill<Element: BitwiseCopyable>(_ array: inout NDArray, _ values: [Element]) {
        let view = array.mutableView(as: Element.self)
        view.withUnsafeMutablePointer { pointer, shape, strides in
            var sides: [Int] = []
            var steps: [Int] = []
            for axis in 0..<shape.count {
                sides.append(shape[axis])
                steps.append(strides[axis])
            }
            let bytes = UnsafeMutableRawBufferPointer(start: pointer, count: extent(sides, steps, of: Element.self))
            unpack(values, into: bytes, shape: sides, strides: steps)
        }
    }

    private func tensor(_ array: NDArray, _ spec: TensorSpec) throws -> Tensor {
        switch array.scalarType {
        case .float32:
            let (values, shape) = values(of: array, as: Float.self)
            return Tensor(.float32(values), shape: shape)
        case .int32:
            let (values, shape) = values(of: array, as: Int32.self)
            return Tensor(.int32(values), shape: shape)
        default:
            throw UserError.engine(
                "graph \(graph) gave '\(spec.name)' with a type other than \(spec.shown): export it again")
        }
    }

    private func values<Element: BitwiseCopyable>(of array: NDArray, as type: Element.Type) -> ([Element], [Int]) {
        array.view(as: type).withUnsafePointer { pointer, shape, strides in
            var sides: [Int] = []
            var steps: [Int] = []
            for axis in 0..<shape.count {
                sides.append(shape[axis])
                steps.append(strides[axis])
            }
            let bytes = UnsafeRawBufferPointer(start: pointer, count: extent(sides, steps, of: type))
            return (packed(bytes, shape: sides, strides: steps), sides)
        }
    }
}

/// Bytes from the first to the last element of a strided array.
private func extent<Element>(_ shape: [Int], _ strides: [Int], of type: Element.Type) -> Int {
    guard !shape.contains(0) else { return 0 }
    let last = zip(shape, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
    return (last + 1) * MemoryLayout<Element>.stride
}

@available(iOS 27.0, macOS 27.0, *)
extension Compute {
    fileprivate var coreAI: ComputeUnitKind {
        switch self {
        case .cpu, .npu: .cpu
        case .gpu: .gpu
        case .ane: .neuralEngine
        }
    }
}
#endif
