import Foundation
import MeissonicKit

/// Runs the golden trace on each choice of compute units: the time its graphs take to load and run, and whether they draw the
/// recorded tokens.
struct Benchmark: Sendable {
    let golden: Golden
    let maker: any EngineMaker
    private let repeats = 5  // timed runs of each graph
    private let mostSteps = 16  // of the trace, evenly spread

    init(_ bundle: ModelBundle, maker: any EngineMaker) throws {
        golden = try Golden(bundle)
        self.maker = maker
    }

    /// Measures everything; a failure is noted and the rest goes on. `doing` gets the name of the next part, `told` every result.
    /// Throws `CancellationError`.
    func run(
        on placements: [SelfTest.Placement], report: BenchmarkReport, doing: @Sendable (String) -> Void,
        told: @Sendable (BenchmarkReport) -> Void
    ) async throws {
        var report = report
        for placement in placements {
            var drawing = BenchmarkReport.DrawingCheck(choice: placement.choice)
            do {
                let engine = TimedEngine(try maker.engine(golden.bundle, on: placement), golden.settings, repeats)
                for graph in golden.bundle.manifest.graphs.keys.sorted() {
                    doing("\(placement.choice): \(graph)")
                    await engine.load(graph)
                }
                doing("\(placement.choice): steps")
                do { try await draw(on: engine, &drawing) } catch let error as UserError {
                    drawing.errors["steps"] = error.description
                }
                do { drawing.imageSame = try await image(on: engine) } catch let error as UserError {
                    drawing.errors["image"] = error.description
                }
                report.graphs += await engine.checks(placement, golden.bundle.manifest)
            } catch let error as UserError {
                drawing.errors["engine"] = error.description
            }
            report.drawings.append(drawing)
            told(report)
        }
    }

    /// At most `most` step indices, the first and the last among them.
    static func chosen(of steps: Int, most: Int) -> [Int] {
        let count = min(steps, most)
        let spread = (0..<count).map { Double($0 * (steps - 1)) / Double(max(count - 1, 1)) }
        return Set(spread.map { Int($0.rounded(.toNearestOrEven)) }).sorted()
    }

    private func draw(on engine: TimedEngine, _ drawing: inout BenchmarkReport.DrawingCheck) async throws {
        let steps = Benchmark.chosen(of: golden.trace.steps, most: mostSteps)
        let likeness = try await golden.compare(engine, steps: steps)
        drawing.steps = steps
        (drawing.equal, drawing.compared, drawing.share) = (likeness.equal, likeness.compared, likeness.share)
        var chain: [[Double]] = []
        for graph in golden.bundle.manifest.step { chain.append(await engine.milliseconds(of: graph)) }
        drawing.stepMs = median(steps.indices.map { step in chain.reduce(0) { $0 + $1[step] } })
    }

    /// Whether the decoder gives the recorded picture. Also runs the encoder, if the bundle has one.
    private func image(on engine: TimedEngine) async throws -> Bool {
        let model = golden.bundle.manifest.model
        let grid = Grid(golden.trace.size, tokenSize: model.tokenSize)
        let made = try await engine.run(
            "image_decoder", on: ["tokens": Tensor(golden.trace.finalTokens, shape: grid.shape)])
        await engine.close("image_decoder")
        let image = try made.tensor("image")
        if golden.bundle.manifest.edits {
            _ = try await engine.run("image_encoder", on: ["image": Tensor(try image.levels(), shape: image.shape)])
            await engine.close("image_encoder")
        }
        return sha256(Data(try image.levels())) == golden.trace.imageSHA256
    }
}

/// An engine that times another one. A run's time excludes loading.
private actor TimedEngine: Engine {
    nonisolated let bundle: ModelBundle
    private let engine: any Engine
    private let settings: Settings
    private let repeats: Int
    private var loads: [String: [Double]] = [:]
    private var first: [String: Double] = [:]
    private var medians: [String: Double] = [:]
    private var runs: [String: [Double]] = [:]
    private var errors: [String: [String: String]] = [:]

    init(_ engine: any Engine, _ settings: Settings, _ repeats: Int) {
        (self.engine, self.settings, self.repeats) = (engine, settings, repeats)
        bundle = engine.bundle
    }

    /// Loads twice: the first load compiles for the Neural Engine, later ones do not.
    func load(_ graph: String) async {
        do {
            for _ in 0..<2 {
                let begun = ContinuousClock.now
                try await engine.open(graph, for: settings)
                loads[graph, default: []].append((ContinuousClock.now - begun) / .seconds(1))
                await engine.close(graph)
            }
        } catch { errors[graph, default: [:]]["load"] = "\(error)" }
    }

    var loaded: Set<String> { get async { await engine.loaded } }

    func open(_ graph: String, for settings: Settings) async throws { try await engine.open(graph, for: settings) }

    func close(_ graph: String) async { await engine.close(graph) }

    func run(_ graph: String, on tensors: [String: Tensor]) async throws -> [String: Tensor] {
        do {
            try await engine.open(graph, for: settings)
            if first[graph] == nil {
                first[graph] = try await timed(graph, tensors).milliseconds
                var again: [Double] = []
                for _ in 0..<repeats { again.append(try await timed(graph, tensors).milliseconds) }
                medians[graph] = median(again)
            }
            let (made, milliseconds) = try await timed(graph, tensors)
            runs[graph, default: []].append(milliseconds)
            return made
        } catch {
            errors[graph, default: [:]]["predict"] = "\(error)"
            throw error
        }
    }

    /// The time of each run.
    func milliseconds(of graph: String) -> [Double] { runs[graph] ?? [] }

    func checks(_ placement: SelfTest.Placement, _ manifest: Manifest) -> [BenchmarkReport.GraphCheck] {
        manifest.graphs.sorted { $0.key < $1.key }.map { name, graph in
            let function = graph.function(for: settings, manifest: manifest)?.name
            return BenchmarkReport.GraphCheck(
                graph: name, function: function == "main" ? nil : function, choice: placement.choice,
                unit: placement.unit(for: graph).unit, loadSeconds: loads[name] ?? [], firstPredictMs: first[name],
                predictMs: medians[name], errors: errors[name] ?? [:])
        }
    }

    private func timed(_ graph: String, _ tensors: [String: Tensor]) async throws -> (
        made: [String: Tensor], milliseconds: Double
    ) {
        let begun = ContinuousClock.now
        let made = try await engine.run(graph, on: tensors)
        return (made, (ContinuousClock.now - begun) / .milliseconds(1))
    }
}

private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
