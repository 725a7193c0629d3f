/// Compares an engine with the golden trace of a bundle.
///
/// Steps are teacher-forced: each starts from the trace's tokens, so that one difference does not grow.
public struct Golden: Sendable {
    public let bundle: ModelBundle
    public let trace: GoldenTrace
    public let settings: Settings

    /// Throws `UserError.bundle` for a bundle without a trace or with one of another grid or text length, `.request` for a trace
    /// that the bundle cannot draw.
    public init(_ bundle: ModelBundle) throws {
        guard let trace = try bundle.golden() else {
            throw UserError.bundle("\(bundle.folder.path) holds no golden trace: export it again")
        }
        self.bundle = bundle
        self.trace = trace
        settings = try settle(trace.request, bundle.manifest)
        let model = bundle.manifest.model
        guard trace.finalTokens.count == Grid(trace.size, tokenSize: model.tokenSize).count,
            trace.promptIDs.count == model.textLength, trace.negativeIDs.count == model.textLength
        else {
            throw UserError.bundle("\(bundle.folder.path) holds a golden trace of another model: export it again")
        }
    }

    /// The share of tokens, 0 to 1, that an engine must draw as recorded. A sound engine differs by rounding, which changes
    /// fewer tokens than the quantization of the weights does; the manifest gives that share. Twice it, and at least 5 %, may
    /// differ.
    public var tolerance: Double {
        let shares = bundle.manifest.parity.filter {
            $0.key.hasSuffix(".agreement") && !$0.key.hasPrefix("image_encoder")
        }
        return 1 - max(2 * (1 - (shares.values.min() ?? 1)), 0.05)
    }

    /// Two steps for a self-test: the middle one, and the last, which keeps every token it draws.
    public var fewSteps: [Int] { Array(Set([trace.steps / 2, trace.steps - 1])).sorted() }

    /// Runs steps of the trace on an engine, text graphs included. Throws what the engine throws.
    public func compare(_ engine: any Engine, steps: [Int]) async throws -> Likeness {
        let manifest = bundle.manifest
        let rows = settings.guided ? [trace.negativeIDs, trace.promptIDs] : [trace.promptIDs]
        var tensors = conditions(of: rows, settings: settings, manifest: manifest)
        tensors.merge(try await engine.run("text_encoder", on: tensors)) { $1 }
        await engine.close("text_encoder")
        tensors.merge(try await runConditioner(engine, on: tensors)) { $1 }
        await engine.close("conditioner")
        let grid = Grid(trace.size, tokenSize: manifest.model.tokenSize)
        let chain = try StepChain(engine: engine, conditions: tensors, settings: settings, grid: grid)
        let noise = PhiloxNoise(seed: trace.seed)
        var likeness = Likeness(equal: 0, compared: 0)
        for i in steps {
            let (drawn, _) = try await chain.run(i, before(i), noise.draw(step: i, count: grid.count))
            likeness.add(drawn: drawn, before: before(i), after: trace.tokens[i], mask: manifest.model.maskTokenID)
        }
        for graph in manifest.step { await engine.close(graph) }
        return likeness
    }

    /// The tokens that step `i` starts from.
    private func before(_ i: Int) -> [Int32] {
        i > 0
            ? trace.tokens[i - 1] : Array(repeating: bundle.manifest.model.maskTokenID, count: trace.finalTokens.count)
    }
}

extension GoldenTrace {
    /// The request of the recorded drawing.
    public var request: Request {
        Request(prompt, negative: negative, seed: seed, steps: steps, guidance: guidance, size: size)
    }
}

/// How many of the drawn tokens are the trace's. It counts only positions that the trace keeps, because it does not record
/// the tokens that were masked again.
public struct Likeness: Codable, Sendable, Equatable {
    public private(set) var equal: Int
    public private(set) var compared: Int

    public var share: Double { compared > 0 ? Double(equal) / Double(compared) : 0 }

    mutating func add(drawn: [Int32], before: [Int32], after: [Int32], mask: Int32) {
        for position in after.indices where before[position] == mask && after[position] != mask {
            compared += 1
            if drawn[position] == after[position] { equal += 1 }
        }
    }
}
