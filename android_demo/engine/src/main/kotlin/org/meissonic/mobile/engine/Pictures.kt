package org.meissonic.mobile.engine

/** Pixels as 0xAARRGGBB, row-major, alpha not multiplied in: what Android's Bitmap.getPixels gives. */
class Picture(val size: Size, val argb: IntArray) {
    init {
        require(argb.size == size.area) { "$size has not ${argb.size} pixels" }
    }

    /** Grey 0 to 255 [h, w] by ITU-R 601-2 in Pillow's integers, transparency laid on black. */
    internal fun grey(): IntArray = IntArray(argb.size) {
        val pixel = argb[it]
        (over(BLACK, pixel, 16) * 19595 + over(BLACK, pixel, 8) * 38470 + over(BLACK, pixel, 0) * 7471 + 0x8000) shr 16
    }

    /** The picture in a size, on white. */
    fun fitted(size: Size, how: Fit = Fit.CROP): Picture = of(pictureArray(this, size, how).values, size)

    companion object {
        /** The picture of u8 [h, w, 3]. */
        fun of(rgb: ByteArray, size: Size) = Picture(size, IntArray(size.area) {
            val channel = { at: Int -> rgb[3 * it + at].toInt() and 0xFF }
            (0xFF shl 24) or (channel(0) shl 16) or (channel(1) shl 8) or channel(2)
        })
    }
}

/** A picture fitted to [size] as u8 [h, w, 3], transparency laid on white, in white margins. */
internal fun pictureArray(picture: Picture, size: Size, how: Fit = Fit.CROP): Bytes {
    val bytes = ByteArray(3 * size.area)
    for (channel in 0..2) {
        val levels = IntArray(picture.argb.size) { over(WHITE, picture.argb[it], 16 - 8 * channel) }
        fit(levels, picture.size, size, how, WHITE).forEachIndexed { at, level -> bytes[3 * at + channel] = level.toByte() }
    }
    return Bytes(bytes, size.height, size.width, 3)
}

/**
 * A mask in grey 0 to 255, fitted to [size] like its picture: [h, w]. White repaints, margins keep.
 *
 * Transparent pixels keep. A mask of another size than the picture's, [of], is first stretched to it.
 */
internal fun maskLevels(mask: Picture, of: Size, size: Size, how: Fit = Fit.CROP): IntArray =
    fit(fit(mask.grey(), mask.size, of, Fit.STRETCH, BLACK), of, size, how, BLACK)

/**
 * Which tokens of the grid to repaint, [H*W]: white of a mask 0 to 255 [h, w] of [size] pixels.
 *
 * As published: Lanczos to one pixel a token, repainted from one half (128 of 255) up. Throws RequestError if nothing is
 * white enough.
 */
internal fun maskArray(levels: IntArray, size: Size, grid: Size): BooleanArray {
    val small = Lanczos.resize(levels, size, grid)
    val chosen = BooleanArray(small.size) { small[it] >= 128 }
    if (chosen.none { it }) throw RequestError("the mask repaints nothing: paint a larger part white", EmptyMask)
    return chosen
}

/** A picture u8 [h, w, 3] with its edges repeated outward. */
internal fun padEdges(picture: Bytes, margins: Margins): Bytes {
    val (height, width) = picture.shape.let { it[0] to it[1] }
    val wide = with(margins) { Size(width + left + right, height + top + bottom) }
    val bytes = ByteArray(3 * wide.area) {
        val x = (it / 3 % wide.width - margins.left).coerceIn(0, width - 1)
        val y = (it / 3 / wide.width - margins.top).coerceIn(0, height - 1)
        picture.values[3 * (y * width + x) + it % 3]
    }
    return Bytes(bytes, wide.height, wide.width, 3)
}

/** Which tokens of the grid lie in the margins (pixels), [H*W]. */
internal fun marginArray(grid: Size, margins: Margins, tokenSize: Int): BooleanArray {
    val columns = margins.left / tokenSize until grid.width - margins.right / tokenSize
    val rows = margins.top / tokenSize until grid.height - margins.bottom / tokenSize
    return BooleanArray(grid.area) { it % grid.width !in columns || it / grid.width !in rows }
}

private const val WHITE = 255
private const val BLACK = 0

// A channel over an opaque ground by Pillow's alpha_composite, in its integers: 7 bits more than the 8 of a channel.
private fun over(ground: Int, pixel: Int, shift: Int): Int {
    val share = (pixel ushr 24) * 128 // of 255 * 128
    val sum = (pixel shr shift and 0xFF) * share + ground * (255 * 128 - share) + (0x80 shl 7)
    return ((sum shr 8) + sum shr 8) shr 7
}
