/// Draws with a bundle: text encoder, conditioner, the masked loop over the step chain, image decoder.
///
/// Tensors travel by name from graph to graph, as the manifest says; a chain of any length serves as the step.

/// A finished picture and how it came about.
public struct Drawing: Sendable {
    public let picture: Picture
    /// Row-major.
    public let tokens: [Int32]
    public let settings: Settings
    /// What did not fit of "prompt" and "negative prompt"; empty if all did.
    public let cut: [String: String]
    /// In the order in which they ran; "steps" is the whole loop.
    public let stages: [Stage]

    public struct Stage: Sendable, Equatable {
        public let name: String
        public internal(set) var seconds: Double
    }
}

/// What a drawing tells while it is made.
public enum DrawingEvent: Sendable {
    /// A stage begins: the name of its graph, or "steps". Its graphs are loaded now, which may take long.
    case began(stage: String)
    /// A step ended.
    case step(StepProgress)
    /// The unfinished picture after a step (from 0).
    case preview(Picture, step: Int)
    /// The last event.
    case finished(Drawing)
}

/// One bundle, ready to draw one picture at a time.
public actor Generator {
    public nonisolated let bundle: ModelBundle
    public nonisolated let tokenizer: ClipTokenizer
    private let engine: any Engine
    private let keep: Bool
    private let availableMemory: @Sendable () -> Int?
    private var current: Task<Drawing, any Error>?
    private var stages: [Drawing.Stage] = []

    /// `keep` leaves graphs loaded between stages and drawings: faster for many, but all in memory. `availableMemory` (bytes)
    /// is asked before each drawing. Throws `UserError.bundle` for a tokenizer that cannot be read.
    public init(
        engine: any Engine, keep: Bool = false,
        availableMemory: @escaping @Sendable () -> Int? = { Memory.available() }
    ) throws {
        self.engine = engine
        self.keep = keep
        self.availableMemory = availableMemory
        bundle = engine.bundle
        tokenizer = try ClipTokenizer(bundle: engine.bundle)
    }

    /// Draws, telling of it as it goes; `.finished` comes last.
    ///
    /// The stream throws `UserError`. Cancelling the task that reads it, or letting go of it, stops the drawing: the stream
    /// then ends without `.finished`. See `draw(_:previewEvery:onEvent:)`.
    public nonisolated func events(_ request: Request, previewEvery: Int = 0) -> AsyncThrowingStream<
        DrawingEvent, any Error
    > {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    let drawing = try await self.draw(request, previewEvery: previewEvery) { continuation.yield($0) }
                    continuation.yield(.finished(drawing))
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Draws. Every `previewEvery` steps (0: never) the unfinished picture comes along, for which the decoder stays loaded
    /// beside the step.
    ///
    /// Throws `UserError`, and `CancellationError` when the task is cancelled, in any stage. A second drawing while one goes
    /// on throws `UserError.request` and leaves the first alone; one that was cancelled is waited for.
    public func draw(
        _ request: Request, previewEvery: Int = 0, onEvent: @escaping @Sendable (DrawingEvent) -> Void = { _ in }
    ) async throws -> Drawing {
        while let running = current {
            guard running.isCancelled else {
                throw UserError.request("a drawing is being made: wait for it, or cancel it first")
            }
            _ = await running.result
        }
        try Task.checkCancellation()
        let task = Task {
            defer { current = nil }
            return try await produce(request, previewEvery: previewEvery, onEvent: onEvent)
        }
        current = task
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// What does not fit of "prompt" and "negative prompt". Throws `UserError.request`.
    public nonisolated func cut(_ request: Request) throws -> [String: String] {
        let texts = encode(try request.settled(for: bundle.manifest))
        return Dictionary(uniqueKeysWithValues: texts.filter { !$0.cut.isEmpty }.map { ($0.which, $0.cut) })
    }

    private func produce(
        _ request: Request, previewEvery: Int, onEvent: @escaping @Sendable (DrawingEvent) -> Void
    ) async throws -> Drawing {
        stages = []
        let settings = try request.settled(for: bundle.manifest)
        let cut = try cut(request)
        let canvas = try Canvas(settings: settings, edit: request.edit, manifest: bundle.manifest)
        if let available = availableMemory() {
            try bundle.checkMemory(available: available, keep: keep, previews: previewEvery > 0)
        }
        let tokens = try await start(canvas, onEvent)
        let made = try await condition(settings, onEvent)
        let finished = try await runLoop(tokens, canvas.plan, settings, made, previewEvery, onEvent)
        let picture = try await stage("image_decoder", ["image_decoder"], onEvent) {
            try await decode(finished, canvas.grid)
        }
        return Drawing(picture: picture, tokens: finished, settings: settings, cut: cut, stages: stages)
    }

    /// The tokens that the loop starts from.
    private func start(_ canvas: Canvas, _ onEvent: @Sendable (DrawingEvent) -> Void) async throws -> [Int32] {
        guard let pixels = canvas.pixels else { return canvas.tokens(of: nil) }
        let encoded = try await stage("image_encoder", ["image_encoder"], onEvent) {
            try await engine.run("image_encoder", on: ["image": pixels]).tensor("tokens").int32()
        }
        return canvas.tokens(of: encoded)
    }

    /// Runs the graphs that depend on the prompt alone: `context` f32 [R, T, D] and `modulation` f32 [N, R, M] among others.
    private func condition(_ settings: Settings, _ onEvent: @Sendable (DrawingEvent) -> Void) async throws -> [String:
        Tensor]
    {
        var tensors = conditions(of: encode(settings).map(\.ids), settings: settings, manifest: bundle.manifest)
        let texts = try await stage("text_encoder", ["text_encoder"], onEvent) {
            try await engine.run("text_encoder", on: tensors)
        }
        tensors.merge(texts) { $1 }
        let made = try await stage("conditioner", ["conditioner"], onEvent) {
            try await runConditioner(engine, on: tensors)
        }
        return tensors.merging(made) { $1 }
    }

    private func runLoop(
        _ tokens: [Int32], _ plan: Plan, _ settings: Settings, _ made: [String: Tensor], _ previewEvery: Int,
        _ onEvent: @Sendable (DrawingEvent) -> Void
    ) async throws -> [Int32] {
        let grid = Grid(settings.size, tokenSize: bundle.manifest.model.tokenSize)
        let step = try StepChain(engine: engine, made: made, settings: settings, grid: grid)
        let graphs = bundle.manifest.step + (previewEvery > 0 ? ["image_decoder"] : [])
        return try await stage("steps", graphs, onEvent) {
            try await drawTokens(tokens, noise: PhiloxNoise(seed: settings.seed), plan: plan) { i, tokens, uniforms in
                try await step.run(i, tokens, uniforms)
            } onStep: { progress in
                onEvent(.step(progress))
                if previewEvery > 0, progress.masked > 0, (progress.step + 1) % previewEvery == 0 {
                    onEvent(.preview(try await decode(progress.candidate, grid), step: progress.step))
                }
            }
        }
    }

    private func decode(_ tokens: [Int32], _ grid: Grid) async throws -> Picture {
        let image = try await engine.run("image_decoder", on: ["tokens": Tensor(tokens, shape: grid.shape)]).tensor(
            "image")
        return Picture(size: Size(width: image.shape[1], height: image.shape[0]), pixels: try image.levels())
    }

    /// Texts, ids [T] and what was cut, in the order the graphs take them.
    private nonisolated func encode(_ settings: Settings) -> [(which: String, ids: [Int32], cut: String)] {
        let texts = (settings.guided ? [("negative prompt", settings.negative)] : []) + [("prompt", settings.prompt)]
        return texts.map { which, text in
            let (ids, cut) = tokenizer.encode(text)
            return (which, ids, cut)
        }
    }

    /// Measures a stage and unloads its graphs after it.
    private func stage<Value: Sendable>(
        _ name: String, _ graphs: [String], _ onEvent: @Sendable (DrawingEvent) -> Void, body: () async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        onEvent(.began(stage: name))
        let begun = ContinuousClock.now
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        if !keep { for graph in graphs { await engine.close(graph) } }
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        stages.append(Drawing.Stage(name: name, seconds: seconds))
        return try result.get()
    }
}

/// What the graphs that depend on the prompt alone are fed: rows are [negative, prompt] with guidance, [prompt] without,
/// which a step of two rows only gets twice.
func conditions(of rows: [[Int32]], settings: Settings, manifest: Manifest) -> [String: Tensor] {
    let rows = manifest.twoRows && rows.count == 1 ? rows + rows : rows
    return [
        "input_ids": Tensor(rows.flatMap { $0 }, shape: [rows.count, manifest.model.textLength]),
        "micro_sinusoids": Sinusoids.micro(settings.size, score: manifest.defaults.score),
        "step_sinusoids": Sinusoids.steps(settings.steps),
    ]
}

/// The step: graphs run one after another, each on the tensors it names.
struct StepChain {
    let engine: any Engine
    private let chain: [String]
    private let fixed: [String: Tensor]
    private let grid: Grid
    private let steps: Int
    private let modulation: [Float]
    private let modulationRow: [Int]  // shape

    init(engine: any Engine, made: [String: Tensor], settings: Settings, grid: Grid) throws {
        let modulation = try made.tensor("modulation")
        self.engine = engine
        chain = engine.bundle.manifest.step
        fixed = ["context": try made.tensor("context"), "guidance": Tensor([Float(settings.guidance)], shape: [])]
        self.grid = grid
        steps = settings.steps
        self.modulation = try modulation.float32()
        modulationRow = Array(modulation.shape.dropFirst())
    }

    /// Step `i` on tokens [S] with uniforms [2, S].
    func run(_ i: Int, _ tokens: [Int32], _ uniforms: [Float]) async throws -> (drawn: [Int32], logProb: [Float]) {
        let width = modulationRow.reduce(1, *)
        let row = (steps - 1 - i) * width
        var tensors = fixed
        tensors["tokens"] = Tensor(tokens, shape: grid.shape)
        tensors["modulation"] = Tensor(Array(modulation[row..<row + width]), shape: modulationRow)
        tensors["uniforms"] = Tensor(uniforms, shape: [2, grid.count])
        for name in chain {
            try Task.checkCancellation()
            tensors.merge(try await engine.run(name, on: tensors)) { $1 }
        }
        return (try tensors.tensor("drawn").int32(), try tensors.tensor("log_prob").float32())
    }
}
