package org.meissonic.mobile.engine

import kotlin.math.cos
import kotlin.math.pow
import kotlin.math.sin

// Sinusoids of step indices and micro-conditions, made on the host in float64 (float16 would overflow).

private const val WIDTH = 256
private const val MAX_PERIOD = 10000.0
private const val STEP_SCALE = 1000.0 // the model multiplies its timestep by 1000

/** f32 [n, 256] of n numbers: 128 cosines, then 128 sines, of frequencies 10000^(-i/128). */
internal fun sinusoids(values: DoubleArray): Floats {
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

/** f32 [N, 256]: row t is for the step that has t steps after it (t = N-1-i). */
internal fun stepSinusoids(steps: Int, timestep: Timestep): Floats {
    val parts = if (timestep == Timestep.SHARE) steps else 1
    return sinusoids(DoubleArray(steps) { STEP_SCALE * it / parts })
}

/** f32 [5, 256] of a picture's width and height (pixels), crop corner (0, 0) and aesthetic score. */
internal fun microSinusoids(size: Size, score: Double): Floats =
    sinusoids(doubleArrayOf(size.width.toDouble(), size.height.toDouble(), 0.0, 0.0, score))
