import COnnxRuntime
import MeissonicKit

/// Converts tensors to onnxruntime's values and back.
extension OrtLibrary {
    /// A value that owns a copy. Throws `OrtFailure`.
    func value(_ tensor: Tensor) throws -> OpaquePointer {
        var allocator: UnsafeMutablePointer<OrtAllocator>?
        try check(api.pointee.GetAllocatorWithDefaultOptions(&allocator))
        let sides = tensor.shape.map(Int64.init)
        let value = try make {
            api.pointee.CreateTensorAsOrtValue(allocator, sides, sides.count, tensor.type.inOrt, $0)
        }
        do {
            let memory = try memory(of: value)
            switch tensor.values {
            case .int32(let values): values.withUnsafeBytes { memory?.copyMemory(from: $0) }
            case .float32(let values): values.withUnsafeBytes { memory?.copyMemory(from: $0) }
            case .uint8(let values): values.withUnsafeBytes { memory?.copyMemory(from: $0) }
            }
        } catch {
            api.pointee.ReleaseValue(value)
            throw error
        }
        return value
    }

    /// A copy of a value. Throws `OrtFailure` for an element type that bundles do not have.
    func tensor(_ value: OpaquePointer?) throws -> Tensor {
        var info: OpaquePointer?
        try check(api.pointee.GetTensorTypeAndShape(value, &info))
        defer { api.pointee.ReleaseTensorTypeAndShapeInfo(info) }
        let (type, sides) = try facts(info)
        let shape = sides.map(Int.init)
        let count = shape.reduce(1, *)
        let start = try memory(of: value)
        func copied<Element>(_: Element.Type) -> [Element] {
            guard let start else { return [] }
            return Array(
                UnsafeRawBufferPointer(start: start, count: count * MemoryLayout<Element>.stride).bindMemory(
                    to: Element.self))
        }
        switch type {
        case .int32: return Tensor(copied(Int32.self), shape: shape)
        case .float32: return Tensor(copied(Float.self), shape: shape)
        case .uint8: return Tensor(copied(UInt8.self), shape: shape)
        case nil: throw OrtFailure(line: "a result is neither int32, float32 nor uint8")
        }
    }

    /// The element type (nil: not used by bundles) and sides (below 0: free) of a tensor's description.
    func facts(_ info: OpaquePointer?) throws -> (Tensor.ElementType?, [Int64]) {
        var type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED
        try check(api.pointee.GetTensorElementType(info, &type))
        var count = 0
        try check(api.pointee.GetDimensionsCount(info, &count))
        var sides = [Int64](repeating: 0, count: count)
        try check(api.pointee.GetDimensions(info, &sides, count))
        return (Tensor.ElementType.allCases.first { $0.inOrt == type }, sides)
    }

    private func memory(of value: OpaquePointer?) throws -> UnsafeMutableRawPointer? {
        var memory: UnsafeMutableRawPointer?
        try check(api.pointee.GetTensorMutableData(value, &memory))
        return memory
    }
}

extension UnsafeMutableRawPointer {
    fileprivate func copyMemory(from bytes: UnsafeRawBufferPointer) {
        if let start = bytes.baseAddress { copyMemory(from: start, byteCount: bytes.count) }
    }
}

extension Tensor.ElementType {
    fileprivate var inOrt: ONNXTensorElementDataType {
        switch self {
        case .int32: ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32
        case .float32: ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT
        case .uint8: ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8
        }
    }
}
