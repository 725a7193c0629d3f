/// The masked loop: start from masks, draw every masked token at once, mask the least confident again, repeat.
///
/// Pure arithmetic over a `step` that runs the transformer; the same in Python, Kotlin and Swift, token for token.

/// The random numbers of one drawing; `count` is the number of positions.
public protocol Noise: Sendable {
    /// Uniforms f32 [2, count] for drawing the codes.
    func draw(step: Int, count: Int) -> [Float]
    /// Gumbel noise f32 [count].
    func confidence(step: Int, count: Int) -> [Float]
    /// Uniforms f32 [count] for the first masks of image-to-image.
    func masking(count: Int) -> [Float]
}

/// What the loop does: steps `start` ..< `steps` of a schedule of `steps`.
public struct Plan: Sendable {
    public var steps: Int
    public var maskTokenID: Int32
    public var schedule: MaskingSchedule
    public var start = 0
    /// Share of the grid that is masked at the start, for inpainting.
    public var startingRatio = 1.0
    /// Of the confidence noise.
    public var temperature = Temperature(start: 2, end: 0)

    /// The first step of an edit: `strength` (0 to 1) is the share of the steps that are run, at least one.
    static func startingStep(steps: Int, strength: Double) -> Int {
        steps - min(max(Int(Double(steps) * strength), 1), steps)
    }
}

/// After one step: `tokens` go on, `candidate` is the picture as it would be now; both row-major.
public struct StepProgress: Sendable, Equatable {
    /// From 0.
    public let step: Int
    public let steps: Int
    /// Tokens masked again; 0 after the last step.
    public let masked: Int
    public let tokens: [Int32]
    public let candidate: [Int32]
}

/// Image-to-image: masks each token with the chance the schedule leaves at `plan.start`.
///
/// The whole picture is masked if the loop starts at step 0 (the published code masks nothing there).
func maskSome(_ tokens: [Int32], noise: some Noise, plan: Plan) -> [Int32] {
    if plan.start == 0 { return Array(repeating: plan.maskTokenID, count: tokens.count) }
    let chance = plan.schedule.ratio(done: plan.start, steps: plan.steps)
    return zip(tokens, noise.masking(count: tokens.count)).map { $1 < chance ? plan.maskTokenID : $0 }
}

/// Runs the loop from tokens (the mask id where unknown) to the finished tokens. Known tokens never change.
///
/// `step` takes (index i, tokens, uniforms [2, S]) and gives (drawn [S], log_prob [S]). `onStep` is called after each step.
/// Throws `CancellationError` between steps, `UserError.engine` if the step gives something that is no probability or no
/// token, and whatever the two closures throw.
func drawTokens(
    _ tokens: [Int32], noise: some Noise, plan: Plan, isolation: isolated (any Actor)? = #isolation,
    step: (Int, [Int32], [Float]) async throws -> (drawn: [Int32], logProb: [Float]),
    onStep: (StepProgress) async throws -> Void
) async throws -> [Int32] {
    var codes = tokens
    let warmth = plan.temperature.values(steps: plan.steps)
    for i in plan.start..<plan.steps {
        try Task.checkCancellation()
        let unknown = codes.map { $0 == plan.maskTokenID }
        let (drawn, logProb) = try await step(i, codes, noise.draw(step: i, count: codes.count))
        try check(drawn, logProb, plan: plan, step: i)
        let candidate = codes.indices.map { unknown[$0] ? drawn[$0] : codes[$0] }
        var masked = 0
        if i < plan.steps - 1 {
            let left = unknown.count { $0 }
            masked = plan.schedule.maskLength(
                step: i, steps: plan.steps, tokens: codes.count, unknown: left, startingRatio: plan.startingRatio)
        }
        codes = candidate
        if masked > 0 {
            let noise = noise.confidence(step: i, count: codes.count)
            let confidence = codes.indices.map { unknown[$0] ? logProb[$0] + warmth[i] * noise[$0] : .infinity }
            for position in least(masked, of: confidence) { codes[position] = plan.maskTokenID }
        }
        try await onStep(StepProgress(step: i, steps: plan.steps, masked: masked, tokens: codes, candidate: candidate))
    }
    return codes
}

/// The `length` positions of smallest (confidence, index).
private func least(_ length: Int, of confidence: [Float]) -> ArraySlice<Int> {
    confidence.indices.sorted { (confidence[$0], $0) < (confidence[$1], $1) }.prefix(length)
}

private func check(_ drawn: [Int32], _ logProb: [Float], plan: Plan, step: Int) throws {
    guard !logProb.contains(where: \.isNaN) else {
        throw UserError.engine("step \(step) gave a probability that is not a number: export the bundle again")
    }
    guard drawn.allSatisfy({ $0 >= 0 && $0 < plan.maskTokenID }) else {
        throw UserError.engine("step \(step) drew a token outside the codebook: export the bundle again")
    }
}
