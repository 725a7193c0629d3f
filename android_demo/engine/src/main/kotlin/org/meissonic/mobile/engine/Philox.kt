package org.meissonic.mobile.engine

import kotlin.math.ln
import kotlin.math.min

/**
 * Philox4x32-10: random numbers by counter, the same on every platform and in any order.
 *
 * J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
 */
object Philox {
    const val DRAW = 0
    const val CONFIDENCE = 1
    const val MASKING = 2

    // Multipliers and Weyl key increments of the paper.
    private const val M0 = 0xD2511F53L
    private const val M1 = 0xCD9E8D57L
    private const val W0 = 0x9E3779B9.toInt()
    private const val W1 = 0xBB67AE85.toInt()
    private const val ROUNDS = 10
    private const val LOW = 0xFFFFFFFFL
    private const val ULP = 1f / (1 shl 24)
    private const val BELOW_ONE = 1 - ULP

    /** Ten rounds over one counter: four 32-bit words. */
    fun block(counter: IntArray, seed: ULong): IntArray {
        var (x0, x1, x2, x3) = counter
        var k0 = seed.toInt()
        var k1 = (seed shr 32).toInt()
        repeat(ROUNDS) {
            val first = M0 * (x0.toLong() and LOW)
            val second = M1 * (x2.toLong() and LOW)
            x0 = (second ushr 32).toInt() xor x1 xor k0
            x1 = second.toInt()
            x2 = (first ushr 32).toInt() xor x3 xor k1
            x3 = first.toInt()
            k0 += W0
            k1 += W1
        }
        return intArrayOf(x0, x1, x2, x3)
    }

    /**
     * Uniform numbers [words, count] in (0, 1), row-major: counter = (index, step, stream, 0), one word a row.
     *
     * `((x >> 8) + 0.5) * 2^-24` rounds to 1 for the largest x: the largest float below 1 stands there instead.
     */
    fun uniforms(seed: ULong, step: Int, stream: Int, count: Int, words: Int = 1): FloatArray {
        val values = FloatArray(words * count)
        for (index in 0 until count) {
            val bits = block(intArrayOf(index, step, stream, 0), seed)
            for (word in 0 until words) {
                val value = ((bits[word] ushr 8).toFloat() + 0.5f) * ULP
                values[word * count + index] = min(value, BELOW_ONE)
            }
        }
        return values
    }
}

/** The random numbers of one drawing. */
class Noise(private val seed: ULong) {
    /** Uniforms [2, count]: row 0 chooses the block of codes, row 1 the code in it. */
    fun draw(step: Int, count: Int): FloatArray = Philox.uniforms(seed, step, Philox.DRAW, count, words = 2)

    /** Gumbel noise [count]: -log(-log(u)) in double precision, rounded. */
    fun confidence(step: Int, count: Int): FloatArray =
        Philox.uniforms(seed, step, Philox.CONFIDENCE, count).map { (-ln(-ln(it.toDouble()))).toFloat() }.toFloatArray()

    /** Uniforms [count] that choose the tokens masked at the start of image-to-image. */
    fun masking(count: Int): FloatArray = Philox.uniforms(seed, 0, Philox.MASKING, count)
}
