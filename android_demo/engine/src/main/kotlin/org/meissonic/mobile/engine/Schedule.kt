package org.meissonic.mobile.engine

import kotlin.math.cos
import kotlin.math.floor

// How many tokens stay masked after each step, how random the choice is, and which steps are guided.
//
// The published scheduler (MaskGIT's schedule, arXiv 2202.04200) computes in float32. Near an integer the rounding
// decides, so the same operations are done here in the same order.

/** The share of tokens still masked after [done] of [steps] steps: cos(r pi/2) or 1 - r, in float32. */
internal fun maskRatio(schedule: MaskingSchedule, done: Int, steps: Int): Float {
    val ratio = done.toFloat() / steps.toFloat()
    return when (schedule) {
        MaskingSchedule.LINEAR -> 1f - ratio
        // The cosine in float64, rounded, because float32 cosines differ by platform in the last bit.
        MaskingSchedule.COSINE -> cos((ratio * Math.PI.toFloat() / 2f).toDouble()).toFloat()
    }
}

/**
 * How many of [unknown] masked tokens are masked again after step [step] (from 0, the last excluded).
 *
 * At least one token becomes known and at least one stays masked; if nothing is unknown, nothing is masked.
 * [tokens] is the whole grid; [startingRatio] is the share of it that was masked at the start.
 */
internal fun maskLength(
    schedule: MaskingSchedule,
    step: Int,
    steps: Int,
    tokens: Int,
    unknown: Int,
    startingRatio: Double = 1.0,
): Int {
    val ratio = startingRatio.toFloat() * maskRatio(schedule, step + 1, steps)
    val length = floor(tokens.toFloat() * ratio).toInt()
    return minOf(maxOf(minOf(length, unknown - 1), 1), unknown)
}

/**
 * Whether step [step] (from 0) of [steps] lies in an interval of shares: start <= step / steps < end.
 *
 * The quotient is in float64, so the end of one interval is the start of the next.
 */
internal fun inInterval(step: Int, steps: Int, start: Double, end: Double): Boolean {
    val share = step.toDouble() / steps
    return start <= share && share < end
}

/**
 * Linear from [start] to [end] in [steps] values, f32 [N]; bit for bit torch.linspace.
 *
 * Each half counts from its own end; product and sum are rounded once, from float64 to float32.
 */
internal fun temperatures(steps: Int, start: Float = 2f, end: Float = 0f): FloatArray {
    if (steps == 1) return floatArrayOf(start)
    val step = ((end - start) / (steps - 1).toFloat()).toDouble()
    return FloatArray(steps) { i ->
        val exact = if (i < steps / 2) start.toDouble() + step * i else end.toDouble() - step * (steps - 1 - i)
        exact.toFloat()
    }
}
