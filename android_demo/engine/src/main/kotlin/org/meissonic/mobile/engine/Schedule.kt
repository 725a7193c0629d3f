package org.meissonic.mobile.engine

import kotlin.math.cos
import kotlin.math.floor

/**
 * How many tokens stay masked after each step, and how random the choice is.
 *
 * The published scheduler (MaskGIT's schedule, arXiv 2202.04200) computes in single precision, and near an
 * integer the rounding decides: the same operations are done here in the same order.
 */
object Schedule {
    /** The share of tokens still masked after [done] of [steps] steps: cos(r pi/2) or 1 - r. */
    fun ratio(schedule: MaskingSchedule, done: Int, steps: Int): Float {
        val ratio = done.toFloat() / steps.toFloat()
        return when (schedule) {
            MaskingSchedule.LINEAR -> 1f - ratio
            // The cosine in double precision, rounded: single precision ones differ by platform.
            MaskingSchedule.COSINE -> cos((ratio * Math.PI.toFloat() / 2f).toDouble()).toFloat()
        }
    }

    /**
     * How many of [unknown] masked tokens are masked again after step [step] (from 0, the last excluded).
     *
     * At least one token becomes known and at least one stays masked; if nothing is unknown, nothing is masked.
     * [tokens] is the whole grid; [startingRatio] the share of it that was masked at the start.
     */
    fun maskLength(
        schedule: MaskingSchedule,
        step: Int,
        steps: Int,
        tokens: Int,
        unknown: Int,
        startingRatio: Float = 1f,
    ): Int {
        val length = floor(tokens.toFloat() * (startingRatio * ratio(schedule, step + 1, steps))).toInt()
        return minOf(maxOf(minOf(length, unknown - 1), 1), unknown)
    }

    /** Linear from [start] to [end] in [steps] values; each half counts from its own end, rounded once. */
    fun temperatures(steps: Int, start: Float = 2f, end: Float = 0f): FloatArray {
        if (steps == 1) return floatArrayOf(start)
        val step = ((end - start) / (steps - 1).toFloat()).toDouble()
        return FloatArray(steps) { i ->
            val exact = if (i < steps / 2) start.toDouble() + step * i else end.toDouble() - step * (steps - 1 - i)
            exact.toFloat()
        }
    }
}
