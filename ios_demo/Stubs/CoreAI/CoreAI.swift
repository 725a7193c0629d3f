// A STUB of Apple's Core AI. It has the names that MeissonicCoreAI uses, so that Linux can check the types of its sources.
// The names follow apple/coreai-models, because Apple's headers were not at hand. Nothing here runs; no product contains it.
import Foundation

public enum ComputeUnitKind: Sendable { case cpu, gpu, neuralEngine }

public struct SpecializationOptions: Sendable {
    public init(preferredComputeUnitKind: ComputeUnitKind) { fatalError("a stub") }
}

public struct AIModel: Sendable {
    public init(contentsOf url: URL, options: SpecializationOptions) async throws { fatalError("a stub") }
    public func loadFunction(named name: String) throws -> InferenceFunction? { fatalError("a stub") }
}

public struct NDArrayDescriptor: Sendable {
    public var shape: [Int] { fatalError("a stub") }
}

public struct InferenceFunctionDescriptor: Sendable {
    public enum Value: Sendable { case ndArray(NDArrayDescriptor) }

    public func inputDescriptor(of name: String) -> Value? { fatalError("a stub") }
}

public struct InferenceFunction: Sendable {
    public struct Outputs {
        public struct Value { public var ndArray: NDArray? { fatalError("a stub") } }

        public mutating func remove(_ name: String) -> Value? { fatalError("a stub") }
    }

    public var descriptor: InferenceFunctionDescriptor { fatalError("a stub") }
    public func run(inputs: [String: NDArray]) async throws -> Outputs { fatalError("a stub") }
}

/// Swift's `Span` of 6.2, which older compilers lack.
public struct Sides {
    public var count: Int { fatalError("a stub") }
    public subscript(index: Int) -> Int { fatalError("a stub") }
}

public struct NDArray: Sendable {
    public enum ScalarType: Sendable { case float16, float32, int32 }

    public struct View<Element> {
        public func withUnsafePointer<Result>(
            _ body: (UnsafePointer<Element>, Sides, Sides) throws -> Result
        ) rethrows -> Result { fatalError("a stub") }
    }

    public struct MutableView<Element> {
        public func withUnsafeMutablePointer<Result>(
            _ body: (UnsafeMutablePointer<Element>, Sides, Sides) throws -> Result
        ) rethrows -> Result { fatalError("a stub") }
    }

    public init(descriptor: NDArrayDescriptor) { fatalError("a stub") }
    public var scalarType: ScalarType { fatalError("a stub") }
    public func view<Element: BitwiseCopyable>(as type: Element.Type) -> View<Element> { fatalError("a stub") }
    public mutating func mutableView<Element: BitwiseCopyable>(as type: Element.Type) -> MutableView<Element> {
        fatalError("a stub")
    }
}
