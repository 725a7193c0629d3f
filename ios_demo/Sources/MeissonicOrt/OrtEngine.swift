import COnnxRuntime
import Dispatch
import Foundation
import MeissonicKit

/// Runs a bundle's graphs on onnxruntime.
public actor OrtEngine: Engine {
    public nonisolated let bundle: ModelBundle
    private let library: OrtLibrary
    private let threads: Int
    private let lowMemory: Bool
    /// A graph in memory. It takes the size of `function`.
    private var sessions: [String: (function: GraphFunction?, session: OrtSession)] = [:]
    // A queue of its own, because a run takes seconds and tasks share few threads.
    private let queue = DispatchQueue(label: "onnxruntime")

    /// `threads` is the number of threads a graph runs on; 0 lets onnxruntime take every core. `lowMemory` leaves weights mapped
    /// from their files: slower, but the system can take the memory back.
    public init(bundle: ModelBundle, library: OrtLibrary, threads: Int = 0, lowMemory: Bool = false) throws {
        guard bundle.manifest.engine == .onnxRuntime else {
            throw UserError.request("\(bundle.folder.path) holds Core ML packages: onnxruntime runs ONNX graphs")
        }
        self.bundle = bundle
        self.library = library
        self.threads = threads
        self.lowMemory = lowMemory
        if lowMemory { returnFreedMemory() }
    }

    public var loaded: Set<String> { Set(sessions.keys) }

    public func open(_ graph: String, for settings: Settings) async throws {
        let facts = try bundle.graph(graph)
        _ = try await session(graph, facts.function(for: settings, manifest: bundle.manifest) ?? facts.functions.first)
    }

    public func close(_ graph: String) { sessions[graph] = nil }

    public func run(_ name: String, on tensors: [String: Tensor]) async throws -> [String: Tensor] {
        let graph = try bundle.graph(name)
        let feed = try graph.inputs.map { spec in
            guard let tensor = tensors[spec.name] else {
                throw UserError.engine("no graph gave '\(spec.name)', which \(name) takes: export the bundle again")
            }
            try spec.check(tensor, graph: name)
            return (name: spec.name, tensor: tensor)
        }
        let function = graph.functions.isEmpty ? nil : try graph.function(for: tensors, graph: name)
        let session = try await session(name, function)
        try Task.checkCancellation()
        do {
            let options = try RunOptions(library)
            return try await withTaskCancellationHandler {
                try await onQueue { try session.run(feed, outputs: graph.outputs.map(\.name), options: options) }
            } onCancel: {
                options.terminate()
            }
        } catch let failure as OrtFailure {
            try Task.checkCancellation()
            throw UserError.engine("onnxruntime failed in graph \(name): \(failure.line)")
        }
    }

    private func session(_ name: String, _ function: GraphFunction?) async throws -> OrtSession {
        if let loaded = sessions[name], loaded.function == function { return loaded.session }
        close(name)  // its weights leave memory before the other size's come
        let graph = try bundle.graph(name)
        let path = bundle.path(function?.name ?? graph.files[0]).path
        let session: OrtSession
        do {
            session = try await onQueue { [library, threads, lowMemory] in
                try OrtSession(library, path: path, threads: threads, mapped: lowMemory)
            }
            let file = function?.name ?? graph.files[0]
            try check(session, file, .input, graph.inputs.map { $0.fixed(by: function) })
            try check(session, file, .output, graph.outputs.map { $0.fixed(by: function) })
        } catch let failure as OrtFailure {
            let made = bundle.manifest.tools["onnxruntime"] ?? "unknown"
            throw UserError.engine(
                "onnxruntime \(library.version) cannot open \(path): \(failure.line) "
                    + "(the bundle was made with onnxruntime \(made): take that or a newer one)")
        }
        sessions[name] = (function, session)
        return session
    }

    /// Throws `UserError.bundle` unless the graph's names, types and fixed sizes are the manifest's.
    private func check(_ session: OrtSession, _ file: String, _ kind: OrtSession.Kind, _ wanted: [TensorSpec]) throws {
        let found = try session.signature(kind)
        guard Set(found.map(\.name)) == Set(wanted.map(\.name)) else {
            let names = found.map(\.name).sorted().joined(separator: ", ")
            throw UserError.bundle(
                "\(file) has \(kind.rawValue)s \(names), unlike the manifest: export the bundle again")
        }
        for spec in wanted {
            for argument in found where argument.name == spec.name {
                let same =
                    argument.type == spec.type && argument.sides.count == spec.shape.count
                    && zip(argument.sides, spec.shape).allSatisfy { $0 == nil || $1.fixed == nil || $0 == $1.fixed }
                guard same else {
                    throw UserError.bundle(
                        "\(file): \(kind.rawValue) \(spec.name) is unlike the manifest's \(spec.shown): export the bundle again"
                    )
                }
            }
        }
    }

    private func onQueue<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}

/// Makes glibc map each block of 1 MiB or more separately, for the whole process. By default glibc raises that limit to the
/// largest block freed so far, and smaller blocks then leave holes.
private func returnFreedMemory() {
    _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
}
