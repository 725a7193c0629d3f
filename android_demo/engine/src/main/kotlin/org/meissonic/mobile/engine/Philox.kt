package org.meissonic.mobile.engine

import kotlin.math.ln
import kotlin.math.min

// Philox4x32-10: random numbers by counter, the same on every platform and in any order.
//
// J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). A number depends on
// (seed, index, step, stream) alone, so a step can be repeated by itself and four languages agree.

// Multipliers and Weyl key increments of the paper.
private const val M0 = 0xD2511F53L
private const val M1 = 0xCD9E8D57L
private const val W0 = 0x9E3779B9.toInt()
private const val W1 = 0xBB67AE85.toInt()
private const val ROUNDS = 10
private const val LOW = 0xFFFFFFFFL

private const val DRAW = 0
private const val CONFIDENCE = 1
private const val MASKING = 2
private const val RANDOM_START = 3
private const val EMBEDDING = 4

// ((x >> 8) + 0.5) * 2^-24 rounds to 1 for the largest x: the largest float below 1 takes its place.
private const val ULP = 1f / (1 shl 24)
private const val BELOW_ONE = 1 - ULP

/** Ten rounds over a counter of four 32-bit words; the low half of [key] is its first word. */
internal fun philox4x32(counter: IntArray, key: ULong): IntArray {
    var (x0, x1, x2, x3) = counter
    var k0 = key.toInt()
    var k1 = (key shr 32).toInt()
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

/** Words u32 [count, 4] of the counters (index, step, stream, 0). */
internal fun blocks(seed: ULong, step: Int, stream: Int, count: Int): IntArray {
    val words = IntArray(4 * count)
    for (index in 0 until count) philox4x32(intArrayOf(index, step, stream, 0), seed).copyInto(words, 4 * index)
    return words
}

/** Uniform numbers f32 [words, count] in (0, 1), row-major, one word of the [blocks] a row. */
internal fun uniforms(seed: ULong, step: Int, stream: Int, count: Int, words: Int = 1): FloatArray {
    val bits = blocks(seed, step, stream, count)
    return FloatArray(words * count) {
        min(((bits[4 * (it % count) + it / count] ushr 8).toFloat() + 0.5f) * ULP, BELOW_ONE)
    }
}

/** The random numbers of one drawing (see [Noise]). */
class PhiloxNoise(private val seed: ULong) : Noise {
    /** Two uniforms a position, f32 [2, count]: row 0 chooses the block of codes, row 1 the code in it. */
    override fun draw(step: Int, count: Int): FloatArray = uniforms(seed, step, DRAW, count, words = 2)

    /** Gumbel noise f32 [count]: -log(-log(u)) in float64, rounded to float32. */
    override fun confidence(step: Int, count: Int): FloatArray =
        uniforms(seed, step, CONFIDENCE, count).map { (-ln(-ln(it.toDouble()))).toFloat() }.toFloatArray()

    /** Uniforms f32 [count] that choose the tokens masked at the start of image-to-image. */
    override fun masking(count: Int): FloatArray = uniforms(seed, 0, MASKING, count)

    /** Uniforms f32 [2, count] of a student's start: row 0 chooses the code, row 1 what stays masked. */
    override fun randomStart(count: Int): FloatArray = uniforms(seed, 0, RANDOM_START, count, words = 2)

    /** Standard normal numbers f32 [count] for a student's token embeddings, four of a counter. */
    override fun embedding(count: Int): FloatArray =
        normals(blocks(seed, 0, EMBEDDING, (count + 3) / 4)).copyOf(count)
}
