import Foundation
import TestSupport
import Testing

@testable import MeissonicKit

/// Drives the Core ML bundle from Swift, and one of Core AI. Python's evaluator ran the packages, Apple's runtime the assets,
/// and every call was recorded (tests/parity/record_calls.py); the loop must make the same calls with the same bytes, and gets
/// the trace and the picture.
@Suite struct CoreMLBundleTests {
    @Test func theGoldenDrawingMakesTheCallsOfPython() async throws {
        let bundle = try ModelBundle.open(Repository.iphone)
        let golden = try Golden(bundle)
        let engine = try RecordedEngine(bundle)
        let (tokens, drawing) = try await drawn(golden.trace.request, with: Generator(engine: engine))
        #expect(tokens == golden.trace.tokens)
        #expect(drawing.tokens == golden.trace.finalTokens)
        #expect(sha256(drawing.picture.pixels) == golden.trace.imageSHA256)
        #expect(await engine.left == 0)
    }

    @Test(.enabled(if: Repository.hasCoreAI, "Apple's runtime could not run here, so no calls of it were recorded"))
    func theGoldenDrawingOfACoreAIBundleMakesTheCallsOfPython() async throws {
        let bundle = try ModelBundle.open(Repository.coreAI)
        #expect(bundle.manifest.engine == .coreAI)
        let golden = try Golden(bundle)
        let engine = try RecordedEngine(bundle, calls: Repository.coreAICalls)
        let (tokens, drawing) = try await drawn(golden.trace.request, with: Generator(engine: engine))
        #expect(tokens == golden.trace.tokens)
        #expect(drawing.tokens == golden.trace.finalTokens)
        #expect(sha256(drawing.picture.pixels) == golden.trace.imageSHA256)
        #expect(await engine.left == 0)
    }

    @Test func aSoundEngineDrawsTheTracesTokensTeacherForced() async throws {
        let bundle = try ModelBundle.open(Repository.iphone)
        let golden = try Golden(bundle)
        let likeness = try await golden.compare(RecordedEngine(bundle), steps: Array(0..<golden.trace.steps))
        #expect(likeness.share == 1 && likeness.compared > golden.trace.finalTokens.count / 2)
        #expect((0.5...0.95).contains(golden.tolerance))
    }

    @Test func aSilentlyWrongEngineIsReplacedByTheNext() async throws {
        let bundle = try ModelBundle.open(Repository.iphone)
        let (engine, results) = try await SelfTest.choose(for: bundle) { placement in
            switch placement {
            case .asMade: StandInEngine(bundle: bundle)  // draws code 0 everywhere
            default: try RecordedEngine(bundle)
            }
        }
        #expect(engine is RecordedEngine)
        #expect(results.map(\.placement) == [.asMade, .all(.gpu)] && results.map(\.passed) == [false, true])
        await #expect(throws: UserError.self) {
            _ = try await SelfTest.choose(for: bundle) { _ in
                StandInEngine(bundle: bundle) { _, _ in throw UserError.engine("no such unit") }
            }
        }
    }

    @Test func placementsKeepTheTablesOnTheCPU() throws {
        let graphs = try ModelBundle.readManifest(Repository.iphone).graphs
        let embedder = try #require(graphs["token_embedder"])
        let transformer = try #require(graphs["transformer"])
        #expect(SelfTest.Placement.all(.gpu).unit(for: embedder) == .cpu)
        #expect(SelfTest.Placement.all(.ane).unit(for: transformer) == .ane)
        #expect(SelfTest.Placement.asMade.unit(for: transformer) == .gpu)
        #expect(SelfTest.placements(preferred: .all(.gpu)) == [.all(.gpu), .all(.cpu)])
    }

    @Test func theShapesOfTheInputsChooseTheFunction() throws {
        let manifest = try ModelBundle.readManifest(Repository.iphone)
        let graph = try #require(manifest.graphs["text_encoder"])
        for rows in 1...2 {
            let ids = Tensor(
                [Int32](repeating: 0, count: rows * manifest.model.textLength),
                shape: [rows, manifest.model.textLength])
            #expect(try graph.function(for: ["input_ids": ids], graph: "text_encoder").dimensions["rows"] == rows)
        }
        let three = Tensor(
            [Int32](repeating: 0, count: 3 * manifest.model.textLength), shape: [3, manifest.model.textLength])
        #expect(
            throws: UserError.bundle("graph text_encoder has no function for rows 3: export the bundle for this size")
        ) {
            try graph.function(for: ["input_ids": three], graph: "text_encoder")
        }
        for (name, graph) in manifest.graphs {
            for guidance in [1.0, 2.0] {
                let settings = try settle(Request("a", guidance: guidance), manifest)
                #expect(graph.function(for: settings, manifest: manifest) != nil, "\(name)")
            }
        }
    }

    @Test func stepsAreSplitIntoFullCalls() throws {
        let rows = Tensor((0..<10).map(Float.init), shape: [5, 2])
        let parts = try splitSteps(rows, count: 3)
        #expect(parts.map(\.shape) == [[3, 2], [3, 2]])
        #expect(try parts[1].float32() == [6, 7, 8, 9, 8, 9])
    }
}

/// An engine that answers only the recorded calls.
actor RecordedEngine: Engine {
    struct Call: Decodable {
        struct Output: Decodable {
            let dtype: Tensor.ElementType
            let shape: [Int]
            let base64: Data
        }

        let graph: String
        let function: String
        let inputs: [String: String]
        let outputs: [String: Output]
    }

    nonisolated let bundle: ModelBundle
    private var calls: [Call]

    init(_ bundle: ModelBundle, calls: URL = Repository.iphoneCalls) throws {
        self.bundle = bundle
        self.calls = try JSONDecoder().decode([Call].self, from: Data(contentsOf: calls))
    }

    var left: Int { calls.count }
    let loaded: Set<String> = []

    func open(_ graph: String, for settings: Settings) {}
    func close(_ graph: String) {}

    func run(_ name: String, on tensors: [String: Tensor]) throws -> [String: Tensor] {
        let graph = try bundle.graph(name)
        let feed = try graph.feed(from: tensors, graph: name)
        let function = try graph.function(for: feed, graph: name).name
        let given = feed.mapValues(hash)
        guard let index = calls.firstIndex(where: { $0.graph == name && $0.function == function && $0.inputs == given })
        else {
            let wanted = calls.first.map { "\($0.graph) \($0.function) \($0.inputs)" } ?? "nothing"
            throw UserError.engine("\(name) \(function) \(given) is no call of Python's, which next made \(wanted)")
        }
        return calls.remove(at: index).outputs.mapValues(tensor)
    }

    private func tensor(_ output: Call.Output) -> Tensor {
        output.base64.withUnsafeBytes { bytes in
            let strides = output.shape.indices.map { output.shape[($0 + 1)...].reduce(1, *) }
            return switch output.dtype {
            case .int32: Tensor(.int32(packed(bytes, shape: output.shape, strides: strides)), shape: output.shape)
            case .float32: Tensor(.float32(packed(bytes, shape: output.shape, strides: strides)), shape: output.shape)
            case .uint8: Tensor(.uint8(packed(bytes, shape: output.shape, strides: strides)), shape: output.shape)
            }
        }
    }
}

private func hash(_ tensor: Tensor) -> String {
    func hex(_ bytes: UnsafeRawBufferPointer) -> String { sha256(Data(bytes)) }
    return switch tensor.values {
    case .int32(let values): values.withUnsafeBytes(hex)
    case .float32(let values): values.withUnsafeBytes(hex)
    case .uint8(let values): values.withUnsafeBytes(hex)
    }
}
