package org.meissonic.mobile.engine

// Lays what was repainted into the photo.

/**
 * The pixels to repaint, [h*w]: those of the unknown tokens of a grid.
 *
 * With the grey [levels] 0 to 255 [h, w] of a mask, only those from one half (128 of 255) up.
 */
internal fun coveredPixels(unknown: BooleanArray, grid: Size, tokenSize: Int, levels: IntArray? = null): BooleanArray {
    val width = grid.width * tokenSize
    return BooleanArray(width * grid.height * tokenSize) {
        unknown[it / width / tokenSize * grid.width + it % width / tokenSize] && (levels == null || levels[it] >= 128)
    }
}

/**
 * The photo u8 [h, w, 3] where it is not [covered] [h*w], inside that the drawing u8 [h, w, 3].
 *
 * Between them is a seam of one token, inside what is covered: a pixel whose nearest one of the photo is d pixels away has
 * d / (tokenSize + 1) of the drawing.
 */
internal fun compose(photo: ByteArray, drawn: ByteArray, covered: BooleanArray, size: Size, tokenSize: Int): ByteArray {
    val parts = tokenSize + 1
    val shares = depth(covered, size, parts)
    return ByteArray(drawn.size) {
        val share = shares[it / 3]
        val sum = (drawn[it].toInt() and 0xFF) * share + (photo[it].toInt() and 0xFF) * (parts - share)
        ((sum + parts / 2) / parts).toByte()
    }
}

/**
 * How far each pixel is from the nearest one that is not covered, [h*w], at most [most].
 *
 * A diagonal neighbour is at distance 1. Nothing lies beyond the edges of the picture.
 */
internal fun depth(covered: BooleanArray, size: Size, most: Int): IntArray {
    val (width, height) = size
    val found = IntArray(covered.size) { if (covered[it]) most else 0 }

    /** Takes the distance over the neighbours of the next row and the one beside. */
    fun lower(x: Int, y: Int, step: Int) {
        val at = y * width + x
        if (y + step in 0 until height) {
            for (near in maxOf(x - 1, 0)..minOf(x + 1, width - 1)) {
                found[at] = minOf(found[at], found[(y + step) * width + near] + 1)
            }
        }
        if (x + step in 0 until width) found[at] = minOf(found[at], found[at + step] + 1)
    }
    // Once from the top left, once from the bottom right: a distance comes from one of the two sides.
    for (y in 0 until height) for (x in 0 until width) lower(x, y, -1)
    for (y in height - 1 downTo 0) for (x in width - 1 downTo 0) lower(x, y, 1)
    return found
}
