// A STUB of Apple's Core ML, for the compiler alone: the names and types that MeissonicCoreML uses, as Apple's headers of
// iOS 18 declare them, so that its sources are type-checked on Linux. Nothing here runs; no product contains it.
import Foundation

public enum MLComputeUnits: Int { case cpuOnly, cpuAndGPU, all, cpuAndNeuralEngine }

open class MLModelConfiguration: NSObject {
    open var computeUnits = MLComputeUnits.all
    open var functionName: String?
}

public protocol MLFeatureProvider {
    var featureNames: Set<String> { get }
    func featureValue(for featureName: String) -> MLFeatureValue?
}

open class MLFeatureValue: NSObject {
    public convenience init(multiArray value: MLMultiArray) { fatalError("a stub") }
    open var multiArrayValue: MLMultiArray? { fatalError("a stub") }
}

open class MLDictionaryFeatureProvider: NSObject, MLFeatureProvider {
    public init(dictionary: [String: Any]) throws { fatalError("a stub") }
    open var featureNames: Set<String> { fatalError("a stub") }
    open func featureValue(for featureName: String) -> MLFeatureValue? { fatalError("a stub") }
}

public enum MLMultiArrayDataType: Int {
    case double = 65600
    case float32 = 65568
    case float16 = 65552
    case int32 = 131104
}

open class MLMultiArray: NSObject {
    public init(shape: [NSNumber], dataType: MLMultiArrayDataType) throws { fatalError("a stub") }
    open var dataType: MLMultiArrayDataType { fatalError("a stub") }
    open var shape: [NSNumber] { fatalError("a stub") }
    open var strides: [NSNumber] { fatalError("a stub") }
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R { fatalError("a stub") }
    public func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer, [Int]) throws -> R) rethrows -> R {
        fatalError("a stub")
    }
}

open class MLModel: NSObject {
    public init(contentsOf url: URL, configuration: MLModelConfiguration) throws { fatalError("a stub") }
    open func prediction(from input: any MLFeatureProvider) throws -> any MLFeatureProvider { fatalError("a stub") }
    public class func compileModel(at modelURL: URL) async throws -> URL { fatalError("a stub") }
}
