package org.meissonic.mobile.engine

import kotlin.math.floor

// The masked loop: draw every masked token at once, mask the least confident again, repeat.
//
// Pure arithmetic over a StepFunction that runs the transformer. Python, Kotlin, Swift and TypeScript hold it in the
// same order, under the same names, and give the same tokens (runtime/loop.py lists them). A position is `unknown`
// (true) while its token is the mask; no code keeps the opposite flag.

/** The random numbers of one drawing. `count` is the number of positions. */
interface Noise {
    /** Uniforms f32 [2, count] for drawing the codes. */
    fun draw(step: Int, count: Int): FloatArray

    /** Gumbel noise f32 [count]. */
    fun confidence(step: Int, count: Int): FloatArray

    /** Uniforms f32 [count] for the first masks of image-to-image. */
    fun masking(count: Int): FloatArray

    /** Uniforms f32 [2, count] for a student's start. */
    fun randomStart(count: Int): FloatArray

    /** Standard normal numbers f32 [count] for a student's token embeddings; the loop does not use them. */
    fun embedding(count: Int): FloatArray
}

/** A one-step student: its first pass sees random codes where tokens are unknown, and a share of masks. */
class Student(val masked: Double, val codebookSize: Int)

/** What the loop does: steps [start] to [steps] - 1 of a schedule of [steps]. */
class Plan(
    val steps: Int,
    val maskTokenId: Int,
    val schedule: MaskingSchedule,
    val start: Int = 0,
    val startingRatio: Double = 1.0, // share of the grid that is masked at the start, for inpainting
    val temperature: Pair<Float, Float> = 2f to 0f, // of the confidence noise, first and last step
    val student: Student? = null,
)

/** The state after one step. */
class Progress(
    val step: Int, // from 0
    val steps: Int,
    val masked: Int, // tokens masked again; 0 after the last step
    val tokens: IntArray, // i32 [H*W], the input of the next step
    val candidate: IntArray, // i32 [H*W], every token drawn: the image decoder makes an exact preview of it
    val preview: Picture? = null, // of [candidate]; null without a PreviewTable
) {
    /** The same with another preview. */
    fun with(preview: Picture?) = Progress(step, steps, masked, tokens, candidate, preview)
}

/** (step index i, tokens i32 [H*W], uniforms f32 [2, H*W]) -> (drawn i32 [H*W], log_prob f32 [H*W]) */
typealias StepFunction = (Int, IntArray, FloatArray) -> Pair<IntArray, FloatArray>

/** The first step of an edit. [strength] (0 to 1) is the share of the steps that run, at least one. */
internal fun startingStep(steps: Int, strength: Double): Int = steps - (steps * strength).toInt().coerceIn(1, steps)

/**
 * Image-to-image: which of [count] tokens are masked at first.
 *
 * The probability is the schedule's mask ratio at `plan.start`: 1 at step 0, so all are masked there (the published code
 * masks none).
 */
internal fun maskedAtStart(noise: Noise, plan: Plan, count: Int): BooleanArray {
    val uniforms = noise.masking(count)
    val ratio = maskRatio(plan.schedule, plan.start, plan.steps)
    return BooleanArray(count) { uniforms[it] < ratio }
}

/**
 * What a student's first pass sees of [codes] i32 [S]: unknown ones become random, or stay masked.
 *
 * Code = floor(u0 * codebookSize) in float64. Of n unknown positions the floor(masked * n + 1/2) of smallest (u1, index)
 * stay masked.
 */
internal fun randomTokens(codes: IntArray, noise: Noise, plan: Plan, student: Student): IntArray {
    val uniforms = noise.randomStart(codes.size)
    val unknown = BooleanArray(codes.size) { codes[it] == plan.maskTokenId }
    val drawn = IntArray(codes.size) {
        if (unknown[it]) floor(uniforms[it].toDouble() * student.codebookSize).toInt() else codes[it]
    }
    val order = FloatArray(codes.size) { if (unknown[it]) uniforms[codes.size + it] else Float.POSITIVE_INFINITY }
    return maskLeast(drawn, order, floor(student.masked * unknown.count { it } + 0.5).toInt(), plan.maskTokenId)
}

/**
 * Runs the loop from [tokens] i32 [H*W] (the mask id where unknown) to the finished tokens i32 [H*W].
 *
 * Known tokens never change. Calls [onStep] after each step. Throws EngineError if [step] gives a log probability that is
 * NaN or a token outside the codebook, and what the two functions throw.
 */
internal fun drawTokens(
    tokens: IntArray,
    noise: Noise,
    plan: Plan,
    onStep: (Progress) -> Unit,
    step: StepFunction,
): IntArray {
    var codes = tokens
    val temperature = temperatures(plan.steps, plan.temperature.first, plan.temperature.second)
    for (i in plan.start until plan.steps) {
        val unknown = BooleanArray(codes.size) { codes[it] == plan.maskTokenId }
        if (i == 0 && plan.student != null) codes = randomTokens(codes, noise, plan, plan.student)
        val (drawn, logProb) = step(i, codes, noise.draw(i, codes.size))
        check(drawn, logProb, plan, i)
        val candidate = IntArray(codes.size) { if (unknown[it]) drawn[it] else codes[it] }
        var masked = 0
        if (i < plan.steps - 1) {
            val left = unknown.count { it }
            masked = maskLength(plan.schedule, i, plan.steps, codes.size, left, plan.startingRatio)
        }
        if (masked > 0) {
            val gumbel = noise.confidence(i, codes.size)
            val confidence = FloatArray(codes.size) {
                if (unknown[it]) logProb[it] + temperature[i] * gumbel[it] else Float.POSITIVE_INFINITY
            }
            codes = maskLeast(candidate, confidence, masked, plan.maskTokenId)
        } else {
            codes = candidate
        }
        onStep(Progress(i, plan.steps, masked, codes, candidate))
    }
    return codes
}

/** The codes with the [length] positions of smallest (confidence, index) masked. */
internal fun maskLeast(codes: IntArray, confidence: FloatArray, length: Int, maskTokenId: Int): IntArray {
    // Not Float.compare, which puts -0 before 0; the sort is stable, so equal confidences stay in order of index.
    val byConfidence = Comparator<Int> { a, b ->
        if (confidence[a] < confidence[b]) -1 else if (confidence[a] > confidence[b]) 1 else 0
    }
    val masked = codes.copyOf()
    codes.indices.sortedWith(byConfidence).take(length).forEach { masked[it] = maskTokenId }
    return masked
}

private fun check(drawn: IntArray, logProb: FloatArray, plan: Plan, step: Int) {
    if (logProb.any { it.isNaN() }) {
        throw EngineError("step $step gave a probability that is not a number: export the bundle again")
    }
    if (drawn.any { it !in 0 until plan.maskTokenId }) {
        throw EngineError("step $step drew a token outside the codebook: export the bundle again")
    }
}
