/// Draws with a bundle: image encoder, text encoder, conditioner, the masked loop over the step chain, image decoder.
///
/// Tensors travel from graph to graph by name, as the manifest says; the step is a chain of any length.

/// A finished picture, and how it was made.
public struct Drawing: Sendable {
    public let picture: Picture
    /// Row-major.
    public let tokens: [Int32]
    public let settings: Settings
    /// The end of "prompt" and "negative prompt" that did not fit; empty if all did.
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
    case step(Progress)
    /// The unfinished picture after a step (from 0).
    case preview(Picture, step: Int)
    /// The last event.
    case finished(Drawing)
}

/// An open bundle, ready to draw one picture at a time.
///
/// With `keep` graphs stay loaded between stages and drawings: faster for many, but all are in memory. Without it, one
/// stage's graphs are in memory at a time: a preview between two steps unloads the step, decodes alone, and the step is
/// loaded again. With `keepText` what the graphs made of the texts is kept, so that the next drawing of the same texts, size and
/// steps does not run them again.
public actor Generator {
    public nonisolated let bundle: ModelBundle
    public nonisolated let tokenizer: ClipTokenizer
    private let engine: any Engine
    private let keep: Bool
    private let keepText: Bool
    private var keptText: (of: Settings, conditions: [String: Tensor])?
    private let availableMemory: @Sendable () -> Int?
    private var current: Task<Drawing, any Error>?
    private var stages: [Drawing.Stage] = []

    /// `availableMemory` (bytes; nil: unknown) is called before each drawing. Throws `UserError.bundle` for a tokenizer that
    /// cannot be read.
    public init(
        engine: any Engine, keep: Bool = false, keepText: Bool = false,
        availableMemory: @escaping @Sendable () -> Int? = { Memory.available() }
    ) throws {
        self.engine = engine
        self.keep = keep
        self.keepText = keepText
        self.availableMemory = availableMemory
        bundle = engine.bundle
        tokenizer = try ClipTokenizer(bundle: engine.bundle)
    }

    /// Draws while the stream is read; `.finished` comes last. See `draw(_:previewEvery:onEvent:)`.
    ///
    /// The stream throws `UserError`. Cancelling the task that reads it, or letting go of it, stops the drawing: the stream
    /// then ends without `.finished`.
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

    /// Draws. `onEvent` gets every event but `.finished`.
    ///
    /// Every `previewEvery` steps (0: never) it gets the unfinished picture: each runs the image decoder and, without
    /// `keep`, loads it and the step again. Throws `UserError`, and `CancellationError` when the task is cancelled, in any
    /// stage. A second drawing while one is being made throws `UserError.request` and leaves the first alone; one that was
    /// cancelled is waited for.
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

    /// The end of "prompt" and "negative prompt" that does not fit. Throws `UserError.request`.
    public nonisolated func cut(_ request: Request) throws -> [String: String] {
        let texts = encodeTexts(try settle(request, bundle.manifest))
        return Dictionary(uniqueKeysWithValues: texts.filter { !$0.cut.isEmpty }.map { ($0.which, $0.cut) })
    }

    private func produce(
        _ request: Request, previewEvery: Int, onEvent: @escaping @Sendable (DrawingEvent) -> Void
    ) async throws -> Drawing {
        stages = []
        let settings = try settle(request, bundle.manifest)
        let canvas = try canvas(settings, bundle.manifest, request.edit, request.fit)
        let cut = try cut(request)
        if let available = availableMemory() { try bundle.checkMemory(available: available, keep: keep) }
        var encoded: [Int32]?
        if let pixels = canvas.pixels { encoded = try await encode(pixels, onEvent) }
        let conditions = try await conditionOnce(settings, onEvent)
        let tokens = try await runLoop(
            canvas.plan, canvas.tokens(encoded), settings, conditions, previewEvery, onEvent)
        var picture = try await stage("image_decoder", ["image_decoder"], onEvent) { try await decode(tokens, settings) }
        if request.compose, let covered = canvas.covered, let photo = try canvas.pixels?.levels() {
            let tokenSize = bundle.manifest.model.tokenSize
            let pixels = compose(photo, picture.pixels, covered: covered, size: settings.size, tokenSize: tokenSize)
            picture = Picture(size: settings.size, pixels: pixels)
        }
        return Drawing(picture: picture, tokens: tokens, settings: settings, cut: cut, stages: stages)
    }

    /// A picture u8 [h, w, 3] as tokens i32 [H*W].
    private func encode(_ pixels: Tensor, _ onEvent: @Sendable (DrawingEvent) -> Void) async throws -> [Int32] {
        try await stage("image_encoder", ["image_encoder"], onEvent) {
            try await engine.run("image_encoder", on: ["image": pixels]).tensor("tokens").int32()
                .checked(count: pixels.values.count / 3 / (bundle.manifest.model.tokenSize * bundle.manifest.model.tokenSize))
        }
    }

    /// Tokens i32 [H*W] as a picture.
    private func decode(_ tokens: [Int32], _ settings: Settings) async throws -> Picture {
        let tokens = Tensor(tokens, shape: grid(settings, bundle.manifest).shape)
        let image = try await engine.run("image_decoder", on: ["tokens": tokens]).tensor("image")
        let count = 3 * settings.size.width * settings.size.height
        return Picture(size: settings.size, pixels: try image.levels().checked(count: count))
    }

    /// What `condition` gives, kept from the last drawing if nothing but the seed differs.
    private func conditionOnce(
        _ settings: Settings, _ onEvent: @Sendable (DrawingEvent) -> Void
    ) async throws -> [String: Tensor] {
        let same = settings.with(seed: 0)
        if let keptText, keptText.of == same { return keptText.conditions }
        keptText = nil  // frees it before the graphs run
        let conditions = try await condition(settings, onEvent)
        if keepText { keptText = (same, conditions) }
        return conditions
    }

    /// Runs the graphs that depend on the prompt alone.
    ///
    /// Returns their tensors by name, `context` f32 [R, T, D] and `modulation` f32 [N, R, M] among them.
    private func condition(
        _ settings: Settings, _ onEvent: @Sendable (DrawingEvent) -> Void
    ) async throws -> [String: Tensor] {
        var tensors = conditions(of: encodeTexts(settings).map(\.ids), settings: settings, manifest: bundle.manifest)
        let texts = try await stage("text_encoder", ["text_encoder"], onEvent) {
            try await engine.run("text_encoder", on: tensors)
        }
        tensors.merge(texts) { $1 }
        let made = try await stage("conditioner", ["conditioner"], onEvent) {
            try await runConditioner(engine, on: tensors)
        }
        return tensors.merging(made) { $1 }
    }

    /// The finished tokens i32 [H*W].
    private func runLoop(
        _ plan: Plan, _ tokens: [Int32], _ settings: Settings, _ conditions: [String: Tensor], _ previewEvery: Int,
        _ onEvent: @Sendable (DrawingEvent) -> Void
    ) async throws -> [Int32] {
        let step = try StepChain(
            engine: engine, conditions: conditions, settings: settings, grid: grid(settings, bundle.manifest))
        return try await stage("steps", bundle.manifest.step, onEvent) {
            try await drawTokens(tokens, noise: PhiloxNoise(seed: settings.seed), plan: plan) { i, tokens, uniforms in
                try await step.run(i, tokens, uniforms)
            } onStep: { progress in
                onEvent(.step(progress))
                if previewEvery > 0, progress.masked > 0, (progress.step + 1) % previewEvery == 0 {
                    let preview = try await withOnly(["image_decoder"]) {
                        try await decode(progress.candidate, settings)
                    }
                    onEvent(.preview(preview, step: progress.step))
                }
            }
        }
    }

    /// Ids i32 [T] and the end that was cut of each text, in the order the graphs take them.
    private nonisolated func encodeTexts(_ settings: Settings) -> [(which: String, ids: [Int32], cut: String)] {
        let texts = (settings.guided ? [("negative prompt", settings.negative)] : []) + [("prompt", settings.prompt)]
        return texts.map { which, text in
            let (ids, cut) = tokenizer.encode(text)
            return (which, ids, cut)
        }
    }

    /// Tells of a stage and measures it; `graphs` are its own.
    private func stage<Value: Sendable>(
        _ name: String, _ graphs: [String], _ onEvent: @Sendable (DrawingEvent) -> Void, run: () async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        onEvent(.began(stage: name))
        let begun = ContinuousClock.now
        defer { stages.append(Drawing.Stage(name: name, seconds: (ContinuousClock.now - begun) / .seconds(1))) }
        return try await withOnly(graphs, run: run)
    }

    /// Unless graphs are kept, unloads all others before the run, and `graphs` after it.
    private func withOnly<Value: Sendable>(_ graphs: [String], run: () async throws -> Value) async throws -> Value {
        if keep { return try await run() }
        for other in await engine.loaded.subtracting(graphs) { await engine.close(other) }
        let result: Result<Value, any Error>
        do { result = .success(try await run()) } catch { result = .failure(error) }
        for graph in graphs { await engine.close(graph) }
        return try result.get()
    }
}

/// The inputs of the graphs that depend on the prompt alone. Rows are [negative, prompt] with guidance, [prompt] without, and
/// [prompt, prompt] without if the step takes exactly two.
func conditions(of rows: [[Int32]], settings: Settings, manifest: Manifest) -> [String: Tensor] {
    let rows = manifest.twoRows && rows.count == 1 ? rows + rows : rows
    return [
        "input_ids": Tensor(rows.flatMap { $0 }, shape: [rows.count, manifest.model.textLength]),
        "micro_sinusoids": microSinusoids(settings.size, score: manifest.defaults.score),
        "step_sinusoids": stepSinusoids(settings.steps, manifest.model.timestep),
    ]
}

/// The step chain: its graphs run one after another, each on the tensors it names.
struct StepChain {
    let engine: any Engine
    private let chain: [String]
    private let context: Tensor
    private let prompt: Tensor  // of the context
    private let rows: Int  // text rows without guidance: the prompt's, which is the last
    private let settings: Settings
    private let model: ModelFacts
    private let grid: Grid
    private let modulation: [Float]
    private let modulationRow: [Int]  // shape

    init(engine: any Engine, conditions: [String: Tensor], settings: Settings, grid: Grid) throws {
        let modulation = try conditions.tensor("modulation")
        self.engine = engine
        chain = engine.bundle.manifest.step
        model = engine.bundle.manifest.model
        context = try conditions.tensor("context")
        rows = engine.bundle.manifest.twoRows ? 2 : 1
        prompt = try context.last(rows: rows)
        self.settings = settings
        self.grid = grid
        self.modulation = try modulation.float32()
        modulationRow = Array(modulation.shape.dropFirst())
        guard modulation.shape.first == settings.steps else { throw Array<Float>.misfit }
    }

    /// Step `i` on tokens [S] with uniforms [2, S].
    func run(_ i: Int, _ tokens: [Int32], _ uniforms: [Float]) async throws -> (drawn: [Int32], logProb: [Float]) {
        let width = modulationRow.reduce(1, *)
        let first = i == 0 && model.student != nil  // a student's first pass has no guidance
        let row = (first ? 0 : settings.steps - 1 - i) * width
        let modulation = Tensor(Array(modulation[row..<row + width]), shape: modulationRow)
        let guided = settings.guided(at: i) && !first
        var tensors = [
            "context": guided ? context : prompt,
            "modulation": guided ? modulation : try modulation.last(rows: rows),
            "guidance": Tensor([Float(settings.guidance)], shape: []),
            "tokens": Tensor(tokens, shape: grid.shape),
            "uniforms": Tensor(uniforms, shape: [2, grid.count]),
        ]
        if let student = model.student, student.noise > 0 {
            // Normal in the first pass; later zero, as its teacher.
            let count = grid.count * model.innerDim
            let noise = i == 0 ? PhiloxNoise(seed: settings.seed).embedding(count: count) : Array(repeating: 0, count: count)
            tensors["embedding_noise"] = Tensor(noise, shape: grid.shape + [model.innerDim])
        }
        for name in chain {
            try Task.checkCancellation()
            tensors.merge(try await engine.run(name, on: tensors)) { $1 }
        }
        return (
            try tensors.tensor("drawn").int32().checked(count: grid.count),
            try tensors.tensor("log_prob").float32().checked(count: grid.count)
        )
    }
}

extension Array {
    static var misfit: UserError { .engine("the bundle's graphs do not fit together: export the bundle again") }

    /// A graph's values. Throws `UserError.engine` unless there are `count`.
    fileprivate func checked(count: Int) throws -> Self {
        guard self.count == count else { throw Self.misfit }
        return self
    }
}
