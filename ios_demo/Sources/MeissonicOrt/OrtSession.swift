import COnnxRuntime
import MeissonicKit

/// A loaded graph.
final class OrtSession: @unchecked Sendable {  // onnxruntime's sessions may run on any thread
    private let library: OrtLibrary
    private let pointer: OpaquePointer

    /// Loads by path, or the weights could not stay mapped from their file. Throws `OrtFailure`.
    init(_ library: OrtLibrary, path: String, threads: Int, mapped: Bool) throws {
        let options = try OrtSession.options(library, threads: threads, mapped: mapped)
        defer { library.api.pointee.ReleaseSessionOptions(options) }
        self.library = library
        pointer = try library.make { library.api.pointee.CreateSession(library.environment, path, options, $0) }
    }

    deinit { library.api.pointee.ReleaseSession(pointer) }

    /// The options of runtime/onnxruntime_engine.py, which gives the reasons.
    private static func options(_ library: OrtLibrary, threads: Int, mapped: Bool) throws -> OpaquePointer {
        let api = library.api.pointee
        let options = try library.make { api.CreateSessionOptions($0) }
        var entries = [
            "session.intra_op.allow_spinning": "0",
            "session.set_denormal_as_zero": "1",
        ]
        if Processor.saturating { entries["session.x64quantprecision"] = "1" }
        if mapped {
            entries["session.disable_prepacking"] = "1"
            entries["optimization.disable_specified_optimizers"] =
                "ConstantFolding;FuseFp16InitializerToFp32NodeTransformer"
        }
        do {
            try library.check(
                api.SetSessionGraphOptimizationLevel(options, mapped ? ORT_ENABLE_EXTENDED : ORT_ENABLE_ALL))
            try library.check(api.SetSessionExecutionMode(options, ORT_SEQUENTIAL))
            try library.check(api.SetIntraOpNumThreads(options, Int32(threads)))
            try library.check(api.DisableMemPattern(options))
            if mapped { try library.check(api.DisableCpuMemArena(options)) }
            try library.check(api.SetSessionLogSeverityLevel(options, Int32(ORT_LOGGING_LEVEL_FATAL.rawValue)))
            for (key, value) in entries { try library.check(api.AddSessionConfigEntry(options, key, value)) }
        } catch {
            api.ReleaseSessionOptions(options)
            throw error
        }
        return options
    }

    /// Runs on tensors by name and returns the outputs named. Throws `OrtFailure`.
    func run(_ feed: [(name: String, tensor: Tensor)], outputs: [String], options: RunOptions) throws -> [String:
        Tensor]
    {
        let api = library.api.pointee
        var inputs: [OpaquePointer?] = []
        var results = [OpaquePointer?](repeating: nil, count: outputs.count)
        defer { for value in inputs + results where value != nil { api.ReleaseValue(value) } }
        for (_, tensor) in feed { inputs.append(try library.value(tensor)) }
        try withCStrings(feed.map(\.name)) { inputNames in
            try withCStrings(outputs) { outputNames in
                try library.check(
                    api.Run(
                        pointer, options.pointer, inputNames, inputs, inputs.count, outputNames, outputs.count, &results
                    ))
            }
        }
        return try Dictionary(
            uniqueKeysWithValues: zip(outputs, results).map { name, value in
                (name, try library.tensor(value))
            })
    }

    /// The graph's inputs or outputs: name, element type, sides (nil: free).
    func signature(_ kind: Kind) throws -> [Argument] {
        let api = library.api.pointee
        var count = 0
        try library.check((kind == .input ? api.SessionGetInputCount : api.SessionGetOutputCount)(pointer, &count))
        return try (0..<count).map { index in
            let info = try library.make {
                (kind == .input ? api.SessionGetInputTypeInfo : api.SessionGetOutputTypeInfo)(pointer, index, $0)
            }
            defer { api.ReleaseTypeInfo(info) }
            var shape: OpaquePointer?
            try library.check(api.CastTypeInfoToTensorInfo(info, &shape))
            guard shape != nil else { throw OrtFailure(line: "an \(kind.rawValue) is no tensor") }
            let (type, sides) = try library.facts(shape)
            return Argument(name: try name(kind, index), type: type, sides: sides.map { $0 < 0 ? nil : Int($0) })
        }
    }

    enum Kind: String { case input, output }

    struct Argument {
        let name: String
        let type: Tensor.ElementType?
        let sides: [Int?]
    }

    private func name(_ kind: Kind, _ index: Int) throws -> String {
        let api = library.api.pointee
        var allocator: UnsafeMutablePointer<OrtAllocator>?
        try library.check(api.GetAllocatorWithDefaultOptions(&allocator))
        var name: UnsafeMutablePointer<CChar>?
        try library.check(
            (kind == .input ? api.SessionGetInputName : api.SessionGetOutputName)(pointer, index, allocator, &name))
        guard let name else { throw OrtFailure(line: "a tensor without a name") }
        defer { _ = api.AllocatorFree(allocator, name) }
        return String(cString: name)
    }
}

/// The switch that ends a run. New for each run, because a terminated one stays terminated.
final class RunOptions: @unchecked Sendable {  // onnxruntime lets any thread terminate a run
    private let library: OrtLibrary
    fileprivate let pointer: OpaquePointer

    init(_ library: OrtLibrary) throws {
        self.library = library
        pointer = try library.make { library.api.pointee.CreateRunOptions($0) }
    }

    deinit { library.api.pointee.ReleaseRunOptions(pointer) }

    func terminate() { _ = library.api.pointee.RunOptionsSetTerminate(pointer) }
}

private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafePointer<CChar>?]) throws -> Result
) rethrows -> Result {
    let copies = strings.map { Array($0.utf8CString) }
    let joined = copies.flatMap { $0 }
    return try joined.withUnsafeBufferPointer { buffer in
        var at = 0
        let pointers = copies.map { copy -> UnsafePointer<CChar>? in
            defer { at += copy.count }
            return buffer.baseAddress.map { $0 + at }
        }
        return try body(pointers)
    }
}
