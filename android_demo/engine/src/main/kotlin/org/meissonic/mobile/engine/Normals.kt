package org.meissonic.mobile.engine

import kotlin.math.sqrt

// Standard normal numbers by Box and Muller, bit by bit the same on every platform.
//
// The logarithms and sines of mathematical libraries differ in the last bit. So they are series here, summed with the four
// operations and the square root of float64, which IEEE 754 rounds in one way (runtime/normals.py explains them).

private const val LOG_2 = 0.6931471805599453
private const val HALF_PI = 1.5707963267948966
private const val ROOT_2 = 1.4142135623730951
private const val TERMS = 11 // of each series
private const val ANGLE = 0x3FFFFFFF // the bits of the angle in a quadrant
private const val TWO_TO_32 = 4294967296.0

/** log((w + 1/2) / 2^32) of a word w. */
internal fun logUniform(word: UInt): Double {
    val bits = 32 - word.countLeadingZeroBits()
    var m = Math.scalb(word.toDouble() + 0.5, -bits) // in [1/2, 1); exact
    var e = bits - 32
    if (m * 2 <= ROOT_2) {
        m *= 2
        e -= 1
    }
    val s = (m - 1) / (m + 1)
    val square = s * s
    var total = 1.0 / (2 * TERMS - 1)
    for (k in TERMS - 2 downTo 0) total = 1.0 / (2 * k + 1) + square * total
    return e * LOG_2 + 2 * s * total
}

/** cos and sin of 2 pi (w + 1/2) / 2^32 of a word w: its two upper bits are the quadrant. */
internal fun cosineSine(word: UInt): Pair<Double, Double> {
    val x = ((word.toInt() and ANGLE) + 0.5) / (TWO_TO_32 / 4) * HALF_PI
    val square = x * x
    var cosine = 1.0
    var sine = 1.0
    for (k in TERMS downTo 1) {
        cosine = 1 - square / ((2 * k - 1) * (2 * k)) * cosine
        sine = 1 - square / ((2 * k) * (2 * k + 1)) * sine
    }
    sine *= x
    return when ((word shr 30).toInt()) {
        0 -> cosine to sine
        1 -> -sine to cosine
        2 -> -cosine to -sine
        else -> sine to -cosine
    }
}

/** Blocks of four words, [4 K] -> f32 [4 K]: from words 0 and 1 a cosine and a sine, then from words 2 and 3. */
internal fun normals(words: IntArray): FloatArray {
    val made = FloatArray(words.size)
    for (at in words.indices step 2) {
        val radius = sqrt(-2 * logUniform(words[at].toUInt()))
        val (cosine, sine) = cosineSine(words[at + 1].toUInt())
        made[at] = (radius * cosine).toFloat()
        made[at + 1] = (radius * sine).toFloat()
    }
    return made
}
