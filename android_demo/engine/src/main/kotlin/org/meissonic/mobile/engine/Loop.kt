package org.meissonic.mobile.engine

/** What the loop does: steps [start] .. [steps] - 1 of a schedule of [steps]. */
class Plan(
    val steps: Int,
    val maskTokenId: Int,
    val schedule: MaskingSchedule,
    val start: Int = 0,
    val startingRatio: Float = 1f, // share of the grid that is masked at the start, for inpainting
    val temperature: Pair<Float, Float> = 2f to 0f, // of the confidence noise, first and last step
)

/** After step [step] (from 0): [tokens] go on, [candidate] is the picture as it would be now; both [H*W]. */
class StepDone(val step: Int, val steps: Int, val masked: Int, val tokens: IntArray, val candidate: IntArray)

/** What a step of the model gives for each position: a code, and the logarithm of its probability. */
class Drawn(val codes: IntArray, val logProb: FloatArray)

/**
 * The masked loop: start from masks, draw every masked token at once, mask the least confident again, repeat.
 *
 * Pure arithmetic over a step that runs the transformer; the same in Python, Kotlin and Swift, token for token.
 */
object Loop {
    /** The first step of an edit: [strength] (0 to 1) is the share of the steps that are run, at least one. */
    fun startingStep(steps: Int, strength: Double): Int = steps - (steps * strength).toInt().coerceIn(1, steps)

    /**
     * Image-to-image: masks each token with the chance the schedule leaves at `plan.start`.
     *
     * The whole picture is masked if the loop starts at step 0 (the published code masks nothing there).
     */
    fun maskSome(tokens: IntArray, noise: Noise, plan: Plan): IntArray {
        if (plan.start == 0) return IntArray(tokens.size) { plan.maskTokenId }
        val chance = Schedule.ratio(plan.schedule, plan.start, plan.steps)
        val uniforms = noise.masking(tokens.size)
        return IntArray(tokens.size) { if (uniforms[it] < chance) plan.maskTokenId else tokens[it] }
    }

    /**
     * Runs the loop from [tokens] (the mask id where unknown) to the finished tokens. Known tokens never change.
     *
     * [step] is given the step's index, the tokens and uniforms [2, H*W]. Throws EngineError if it gives
     * something that is no probability or no token.
     */
    fun draw(
        tokens: IntArray,
        noise: Noise,
        plan: Plan,
        onStep: (StepDone) -> Unit = {},
        step: (Int, IntArray, FloatArray) -> Drawn,
    ): IntArray {
        val warmth = Schedule.temperatures(plan.steps, plan.temperature.first, plan.temperature.second)
        var codes = tokens
        for (i in plan.start until plan.steps) {
            val drawn = step(i, codes, noise.draw(i, codes.size))
            check(drawn, plan, i)
            val known = BooleanArray(codes.size) { codes[it] != plan.maskTokenId }
            val candidate = IntArray(codes.size) { if (known[it]) codes[it] else drawn.codes[it] }
            var masked = 0
            if (i < plan.steps - 1) {
                val unknown = known.count { !it }
                masked = Schedule.maskLength(plan.schedule, i, plan.steps, codes.size, unknown, plan.startingRatio)
            }
            if (masked > 0) {
                val gumbel = noise.confidence(i, codes.size)
                val confidence = FloatArray(codes.size) {
                    if (known[it]) Float.POSITIVE_INFINITY else drawn.logProb[it] + warmth[i] * gumbel[it]
                }
                codes = maskLeast(candidate, confidence, masked, plan.maskTokenId)
            } else {
                codes = candidate
            }
            onStep(StepDone(i, plan.steps, masked, codes, candidate))
        }
        return codes
    }

    /** Masks the [length] positions of smallest (confidence, index). */
    fun maskLeast(codes: IntArray, confidence: FloatArray, length: Int, maskTokenId: Int): IntArray {
        val masked = codes.copyOf()
        codes.indices
            .sortedWith { a, b -> order(confidence[a], confidence[b]) } // stable: equals stay by index
            .take(length)
            .forEach { masked[it] = maskTokenId }
        return masked
    }

    // Not Float.compare, for which -0 is smaller than 0.
    private fun order(a: Float, b: Float): Int = if (a < b) -1 else if (a > b) 1 else 0

    private fun check(drawn: Drawn, plan: Plan, step: Int) {
        if (drawn.logProb.any { it.isNaN() }) {
            throw EngineError("step $step gave a probability that is not a number: export the bundle again")
        }
        if (drawn.codes.any { it !in 0 until plan.maskTokenId }) {
            throw EngineError("step $step drew a token outside the codebook: export the bundle again")
        }
    }
}
