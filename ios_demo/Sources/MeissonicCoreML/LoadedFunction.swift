#if canImport(CoreML)
import CoreML
import Foundation
import MeissonicKit

/// A function of a package, loaded.
final class LoadedFunction: @unchecked Sendable {  // only the engine's queue uses it
    let function: GraphFunction
    private let graph: String
    private let model: MLModel

    /// Throws `UserError.engine`.
    init(graph: String, function: GraphFunction, compiled: URL, unit: Compute) throws {
        self.graph = graph
        self.function = function
        let configuration = MLModelConfiguration()
        configuration.computeUnits = unit.coreML
        // A package of one function calls it "main", and Core ML refuses that name here.
        if function.name != "main" {
            guard #available(iOS 18, macOS 15, *) else {
                throw UserError.engine(
                    "graph \(graph) has several functions, which need iOS 18: export the bundle with --target ios17")
            }
            configuration.functionName = function.name
        }
        do { model = try MLModel(contentsOf: compiled, configuration: configuration) } catch {
            throw UserError.engine("Core ML cannot load \(graph), \(function.name): \(error.localizedDescription)")
        }
    }

    /// Runs on tensors in the manifest's types and shapes. Throws `UserError.engine`.
    func run(_ feed: [String: Tensor], outputs: [TensorSpec]) throws -> [String: Tensor] {
        let made: any MLFeatureProvider
        do {
            let values = try feed.mapValues { MLFeatureValue(multiArray: try multiArray($0)) }
            made = try model.prediction(from: MLDictionaryFeatureProvider(dictionary: values))
        } catch {
            throw UserError.engine("Core ML failed in \(graph), \(function.name): \(error.localizedDescription)")
        }
        var tensors: [String: Tensor] = [:]
        for spec in outputs {
            guard let array = made.featureValue(for: spec.name)?.multiArrayValue else {
                throw UserError.engine("graph \(graph) gave no '\(spec.name)': export the bundle again")
            }
            tensors[spec.name] = try tensor(array, spec)
        }
        return tensors
    }

    private func multiArray(_ tensor: Tensor) throws -> MLMultiArray {
        let type: MLMultiArrayDataType = tensor.type == .float32 ? .float32 : .int32
        let array = try MLMultiArray(shape: tensor.shape.map { NSNumber(value: $0) }, dataType: type)
        array.withUnsafeMutableBytes { bytes, strides in
            switch tensor.values {
            case .float32(let values): unpack(values, into: bytes, shape: tensor.shape, strides: strides)
            case .int32(let values): unpack(values, into: bytes, shape: tensor.shape, strides: strides)
            case .uint8(let values): unpack(values.map(Int32.init), into: bytes, shape: tensor.shape, strides: strides)
            }
        }
        return array
    }

    private func tensor(_ array: MLMultiArray, _ spec: TensorSpec) throws -> Tensor {
        let shape = array.shape.map(\.intValue)
        let strides = array.strides.map(\.intValue)
        return try array.withUnsafeBytes { bytes in
            switch array.dataType {
            case .float32: Tensor(.float32(packed(bytes, shape: shape, strides: strides)), shape: shape)
            case .int32: Tensor(.int32(packed(bytes, shape: shape, strides: strides)), shape: shape)
            default:
                throw UserError.engine(
                    "graph \(graph) gave '\(spec.name)' with a type other than \(spec.shown): export it again")
            }
        }
    }
}

extension Compute {
    fileprivate var coreML: MLComputeUnits {
        switch self {
        case .cpu, .npu: .cpuOnly
        case .gpu: .cpuAndGPU
        case .ane: .cpuAndNeuralEngine
        }
    }
}
#endif
