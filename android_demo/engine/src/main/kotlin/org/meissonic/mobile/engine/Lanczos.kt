package org.meissonic.mobile.engine

import kotlin.math.PI
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sin

/**
 * Resizes 8-bit grey pictures as Pillow does, bit for bit: weights with 22 fractional bits, columns first, each pass
 * rounded to 8 bits.
 */
internal object Lanczos {
    private const val LOBES = 3.0
    private const val BITS = 22

    fun resize(pixels: IntArray, from: Size, to: Size): IntArray {
        val across = if (from.width == to.width) pixels else pass(pixels, from.height, from.width, to.width, from.width, 1)
        if (from.height == to.height) return across
        // The second pass runs down the columns: the line step is 1, the step within a line the new width.
        val down = pass(across, to.width, from.height, to.height, 1, to.width)
        return IntArray(down.size) { down[it % to.width * to.height + it / to.width] }
    }

    /** Resizes [lines] lines of [count] values, found at `line * lineStep + i * step`: [lines, size] row-major. */
    private fun pass(pixels: IntArray, lines: Int, count: Int, size: Int, lineStep: Int, step: Int): IntArray {
        val made = IntArray(lines * size)
        for (at in 0 until size) {
            val (first, weights) = weights(at, count, size)
            for (line in 0 until lines) {
                var sum = 1 shl (BITS - 1)
                for (i in weights.indices) sum += pixels[line * lineStep + (first + i) * step] * weights[i]
                made[line * size + at] = (sum shr BITS).coerceIn(0, 255)
            }
        }
        return made
    }

    /** The first source position that position [at] uses, and the weights from there on. */
    private fun weights(at: Int, count: Int, size: Int): Pair<Int, IntArray> {
        val scale = count.toDouble() / size
        val stretch = max(scale, 1.0)
        val support = LOBES * stretch
        val center = (at + 0.5) * scale
        val first = max((center - support + 0.5).toInt(), 0)
        val last = min((center + support + 0.5).toInt(), count)
        val exact = DoubleArray(last - first) { filter((it + first - center + 0.5) * (1 / stretch)) }
        val total = exact.sum()
        return first to IntArray(exact.size) {
            val weight = exact[it] / total * (1 shl BITS)
            (if (weight < 0) weight - 0.5 else weight + 0.5).toInt()
        }
    }

    private fun filter(x: Double): Double = if (x >= -LOBES && x < LOBES) sinc(x) * sinc(x / LOBES) else 0.0

    private fun sinc(x: Double): Double = if (x == 0.0) 1.0 else sin(x * PI) / (x * PI)
}
