/// The masked loop: draw every masked token at once, mask the least confident again, repeat.
///
/// Pure arithmetic over a `StepFunction` that runs the transformer. Python, Kotlin, Swift and TypeScript hold it in the
/// same order, under the same names, and give the same tokens (runtime/loop.py lists them). A position is `unknown`
/// (true) while its token is the mask; no code keeps the opposite flag.

/// The random numbers of one drawing. `count` is the number of positions.
public protocol Noise: Sendable {
    /// Uniforms f32 [2, count] for drawing the codes.
    func draw(step: Int, count: Int) -> [Float]
    /// Gumbel noise f32 [count].
    func confidence(step: Int, count: Int) -> [Float]
    /// Uniforms f32 [count] for the first masks of image-to-image.
    func masking(count: Int) -> [Float]
    /// Uniforms f32 [2, count] for a student's start.
    func randomStart(count: Int) -> [Float]
    /// Standard normal numbers f32 [count] for a student's token embeddings; the loop does not use them.
    func embedding(count: Int) -> [Float]
}

/// A one-step student: its first pass sees random codes where tokens are unknown, and a share of masks.
public struct Student: Sendable {
    public var masked: Double
    public var codebookSize: Int
}

/// What the loop does: steps `start` to `steps` - 1 of a schedule of `steps`.
public struct Plan: Sendable {
    public var steps: Int
    public var maskTokenID: Int32
    public var schedule: MaskingSchedule
    public var start = 0
    /// Share of the grid that is masked at the start, for inpainting.
    public var startingRatio = 1.0
    /// Of the confidence noise.
    public var temperature = Temperature(start: 2, end: 0)
    public var student: Student?
}

/// The state after one step.
public struct Progress: Sendable, Equatable {
    /// From 0.
    public let step: Int
    public let steps: Int
    /// Tokens masked again; 0 after the last step.
    public let masked: Int
    /// i32 [H*W], the input of the next step.
    public let tokens: [Int32]
    /// i32 [H*W], every token drawn: the image decoder makes an exact preview of it.
    public let candidate: [Int32]
    /// Of `candidate`, small; nil for a bundle without patches (`PreviewTable`).
    public internal(set) var preview: Picture?
}

/// (step index i, tokens i32 [H*W], uniforms f32 [2, H*W]) -> (drawn i32 [H*W], log_prob f32 [H*W])
typealias StepFunction = (Int, [Int32], [Float]) async throws -> (drawn: [Int32], logProb: [Float])

/// The first step of an edit. `strength` (0 to 1) is the share of the steps that run, at least one.
func startingStep(steps: Int, strength: Double) -> Int { steps - min(max(Int(Double(steps) * strength), 1), steps) }

/// Image-to-image: which of `count` tokens are masked at first.
///
/// The probability is the schedule's mask ratio at `plan.start`: 1 at step 0, so all are masked there (the published code
/// masks none).
func maskedAtStart(_ noise: some Noise, plan: Plan, count: Int) -> [Bool] {
    let ratio = maskRatio(plan.schedule, done: plan.start, steps: plan.steps)
    return noise.masking(count: count).map { $0 < ratio }
}

/// What a student's first pass sees of codes i32 [S]: unknown ones become random, or stay masked.
///
/// Code = floor(u0 * codebookSize) in float64. Of n unknown positions the floor(masked * n + 1/2) of smallest (u1, index)
/// stay masked.
func randomTokens(_ codes: [Int32], noise: some Noise, plan: Plan, student: Student) -> [Int32] {
    let uniforms = noise.randomStart(count: codes.count)
    let unknown = codes.map { $0 == plan.maskTokenID }
    let drawn = codes.indices.map {
        unknown[$0] ? Int32((Double(uniforms[$0]) * Double(student.codebookSize)).rounded(.down)) : codes[$0]
    }
    let order = codes.indices.map { unknown[$0] ? uniforms[codes.count + $0] : .infinity }
    let length = Int((student.masked * Double(unknown.count { $0 }) + 0.5).rounded(.down))
    return maskLeast(drawn, order, length: length, maskTokenID: plan.maskTokenID)
}

/// Runs the loop from tokens i32 [H*W] (the mask id where unknown) to the finished tokens i32 [H*W].
///
/// Known tokens never change. Calls `onStep` after each step. Throws `UserError.engine` if the step gives a log probability
/// that is NaN or a token outside the codebook, `CancellationError` between steps, and what the two closures throw.
func drawTokens(
    _ tokens: [Int32], noise: some Noise, plan: Plan, isolation: isolated (any Actor)? = #isolation,
    step: StepFunction, onStep: (Progress) async throws -> Void
) async throws -> [Int32] {
    var codes = tokens
    let temperature = temperatures(steps: plan.steps, plan.temperature)
    for i in plan.start..<plan.steps {
        try Task.checkCancellation()
        let unknown = codes.map { $0 == plan.maskTokenID }
        if i == 0, let student = plan.student {
            codes = randomTokens(codes, noise: noise, plan: plan, student: student)
        }
        let (drawn, logProb) = try await step(i, codes, noise.draw(step: i, count: codes.count))
        try check(drawn, logProb, plan: plan, step: i)
        let candidate = codes.indices.map { unknown[$0] ? drawn[$0] : codes[$0] }
        var masked = 0
        if i < plan.steps - 1 {
            let left = unknown.count { $0 }
            masked = maskLength(
                plan.schedule, step: i, steps: plan.steps, tokens: codes.count, unknown: left,
                startingRatio: plan.startingRatio)
        }
        if masked > 0 {
            let gumbel = noise.confidence(step: i, count: codes.count)
            let confidence = codes.indices.map { unknown[$0] ? logProb[$0] + temperature[i] * gumbel[$0] : .infinity }
            codes = maskLeast(candidate, confidence, length: masked, maskTokenID: plan.maskTokenID)
        } else {
            codes = candidate
        }
        try await onStep(Progress(step: i, steps: plan.steps, masked: masked, tokens: codes, candidate: candidate))
    }
    return codes
}

/// The codes with the `length` positions of smallest (confidence, index) masked.
func maskLeast(_ codes: [Int32], _ confidence: [Float], length: Int, maskTokenID: Int32) -> [Int32] {
    var masked = codes
    let byConfidence = confidence.indices.sorted { (confidence[$0], $0) < (confidence[$1], $1) }
    for position in byConfidence.prefix(length) { masked[position] = maskTokenID }
    return masked
}

private func check(_ drawn: [Int32], _ logProb: [Float], plan: Plan, step: Int) throws {
    guard !logProb.contains(where: \.isNaN) else {
        throw UserError.engine("step \(step) gave a probability that is not a number: export the bundle again")
    }
    guard drawn.allSatisfy({ $0 >= 0 && $0 < plan.maskTokenID }) else {
        throw UserError.engine("step \(step) drew a token outside the codebook: export the bundle again")
    }
}
