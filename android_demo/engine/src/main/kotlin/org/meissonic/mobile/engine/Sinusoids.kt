package org.meissonic.mobile.engine

import kotlin.math.cos
import kotlin.math.pow
import kotlin.math.sin

/** Sinusoids of step indices and micro-conditions, in double precision, rounded (half precision overflows). */
object Sinusoids {
    const val WIDTH = 256
    private const val MAX_PERIOD = 10000.0
    private const val STEP_SCALE = 1000.0 // the model multiplies the step index by 1000

    /** [n, 256] of n numbers: 128 cosines, then 128 sines, of frequencies 10000^(-i/128). */
    fun of(values: DoubleArray): Floats {
        val half = WIDTH / 2
        val made = FloatArray(values.size * WIDTH)
        for (row in values.indices) {
            for (i in 0 until half) {
                val angle = values[row] * MAX_PERIOD.pow(-i.toDouble() / half)
                made[row * WIDTH + i] = cos(angle).toFloat()
                made[row * WIDTH + half + i] = sin(angle).toFloat()
            }
        }
        return Floats(made, values.size, WIDTH)
    }

    /** [N, 256]: row t is for the step that has t steps after it (t = N-1-i). */
    fun steps(count: Int): Floats = of(DoubleArray(count) { STEP_SCALE * it })

    /** [5, 256] of a picture's width and height (pixels), crop corner (0, 0) and aesthetic score. */
    fun micro(size: Size, score: Double): Floats =
        of(doubleArrayOf(size.width.toDouble(), size.height.toDouble(), 0.0, 0.0, score))
}
