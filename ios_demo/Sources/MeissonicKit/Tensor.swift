/// A tensor in row-major order, without gaps.
public struct Tensor: Sendable, Equatable {
    public enum Values: Sendable, Equatable {
        case int32([Int32])
        case float32([Float])
        case uint8([UInt8])

        public var count: Int {
            switch self {
            case .int32(let values): values.count
            case .float32(let values): values.count
            case .uint8(let values): values.count
            }
        }

        public var type: ElementType {
            switch self {
            case .int32: .int32
            case .float32: .float32
            case .uint8: .uint8
            }
        }
    }

    /// The element types of the manifest.
    public enum ElementType: String, Sendable, Decodable, CaseIterable {
        case int32, float32, uint8
    }

    public let shape: [Int]
    public let values: Values

    public init(_ values: Values, shape: [Int]) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values do not fill \(shape)")
        self.values = values
        self.shape = shape
    }

    public init(_ values: [Int32], shape: [Int]) { self.init(.int32(values), shape: shape) }
    public init(_ values: [Float], shape: [Int]) { self.init(.float32(values), shape: shape) }
    public init(_ values: [UInt8], shape: [Int]) { self.init(.uint8(values), shape: shape) }

    public var type: ElementType { values.type }
}

/// Reads a graph's output. Throws `UserError.engine` for another type.
extension Tensor {
    func int32() throws -> [Int32] {
        guard case .int32(let values) = values else { throw wrong(.int32) }
        return values
    }

    func float32() throws -> [Float] {
        guard case .float32(let values) = values else { throw wrong(.float32) }
        return values
    }

    /// The last entry along the first axis, `rows` times: of text rows the prompt's.
    func last(rows: Int) throws -> Tensor {
        let count = try float32().count / shape[0]
        let entry = try float32().suffix(count)
        return Tensor(Array(repeatElement(entry, count: rows).joined()), shape: [rows] + shape.dropFirst())
    }

    /// Levels 0 to 255. Core ML has no bytes: its levels come as wider integers.
    package func levels() throws -> [UInt8] {
        switch values {
        case .uint8(let levels): return levels
        case .int32(let levels): return levels.map { UInt8(truncatingIfNeeded: $0) }
        case .float32: throw wrong(.uint8)
        }
    }

    private func wrong(_ wanted: ElementType) -> UserError {
        .engine("a graph gave \(type.rawValue) instead of \(wanted.rawValue): export the bundle again")
    }
}
