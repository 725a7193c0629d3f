package org.meissonic.mobile.engine

import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable

// Brings a picture of any size to the one that is drawn.

/**
 * `CROP` scales the largest part of the picture's middle that has the shape drawn, `PAD` all of it into the middle of plain
 * margins, `STRETCH` both sides alone.
 */
@Serializable
enum class Fit {
    @SerialName("crop")
    CROP,

    @SerialName("pad")
    PAD,

    @SerialName("stretch")
    STRETCH,
}

/** Levels 0 to 255 [h, w] of one channel in [size], in margins of the level [margin]. */
internal fun fit(levels: IntArray, from: Size, size: Size, how: Fit, margin: Int): IntArray = when (how) {
    Fit.STRETCH -> Lanczos.resize(levels, from, size)
    Fit.CROP -> {
        val part = inscribed(size, from)
        val (left, top) = middle(part, from)
        val middle = if (part == from) levels else IntArray(part.area) {
            levels[(it / part.width + top) * from.width + it % part.width + left]
        }
        Lanczos.resize(middle, part, size)
    }
    Fit.PAD -> {
        val inner = inscribed(from, size)
        val (left, top) = middle(inner, size)
        val scaled = Lanczos.resize(levels, from, inner)
        val padded = IntArray(size.area) { margin }
        for (y in 0 until inner.height) {
            scaled.copyInto(padded, (y + top) * size.width + left, y * inner.width, (y + 1) * inner.width)
        }
        padded
    }
}

/** The largest size of the shape of [shape] inside [frame], rounded half up, at least one pixel. */
internal fun inscribed(shape: Size, frame: Size): Size {
    fun rounded(long: Int, side: Int, by: Int) = maxOf((2L * long * side + by) / (2L * by), 1L).toInt()
    return if (shape.width.toLong() * frame.height > frame.width.toLong() * shape.height) {
        Size(frame.width, rounded(frame.width, shape.height, shape.width))
    } else {
        Size(rounded(frame.height, shape.width, shape.height), frame.height)
    }
}

/** The corner of a part in the middle. */
private fun middle(part: Size, whole: Size) = (whole.width - part.width) / 2 to (whole.height - part.height) / 2
