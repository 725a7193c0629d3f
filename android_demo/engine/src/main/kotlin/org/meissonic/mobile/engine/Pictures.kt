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

    companion object {
        /** The picture of u8 [h, w, 3]. */
        fun of(rgb: ByteArray, size: Size) = Picture(size, IntArray(size.area) {
            val channel = { at: Int -> rgb[3 * it + at].toInt() and 0xFF }
            (0xFF shl 24) or (channel(0) shl 16) or (channel(1) shl 8) or channel(2)
        })
    }
}

/** A picture of exactly [size] as u8 [h, w, 3], transparency laid on white. Throws RequestError for another size. */
internal fun pictureArray(picture: Picture, size: Size): Bytes {
    checkSize("image", picture, size)
    val bytes = ByteArray(3 * size.area)
    picture.argb.forEachIndexed { at, pixel ->
        for (channel in 0..2) bytes[3 * at + channel] = over(WHITE, pixel, 16 - 8 * channel).toByte()
    }
    return Bytes(bytes, size.height, size.width, 3)
}

/**
 * Which tokens of the grid to repaint, [H*W]: white of a mask of [size] pixels.
 *
 * As published: grey, Lanczos to one pixel a token, repainted from one half (128 of 255) up. Transparent pixels keep.
 * Throws RequestError for another size, or if nothing is white enough.
 */
internal fun maskArray(mask: Picture, size: Size, grid: Size): BooleanArray {
    checkSize("mask", mask, size)
    val small = Lanczos.resize(mask.grey(), size, grid)
    val chosen = BooleanArray(small.size) { small[it] >= 128 }
    if (chosen.none { it }) throw RequestError("the mask repaints nothing: paint what should change white", EmptyMask)
    return chosen
}

/** A picture with its edges repeated outward. */
internal fun padEdges(picture: Picture, margins: Margins): Picture {
    val size = picture.size
    val wide = with(margins) { Size(size.width + left + right, size.height + top + bottom) }
    return Picture(wide, IntArray(wide.area) {
        val x = (it % wide.width - margins.left).coerceIn(0, size.width - 1)
        val y = (it / wide.width - margins.top).coerceIn(0, size.height - 1)
        picture.argb[y * size.width + x]
    })
}

/** Which tokens of the grid lie in the margins (pixels), [H*W]. */
internal fun marginArray(grid: Size, margins: Margins, tokenSize: Int): BooleanArray {
    val columns = margins.left / tokenSize until grid.width - margins.right / tokenSize
    val rows = margins.top / tokenSize until grid.height - margins.bottom / tokenSize
    return BooleanArray(grid.area) { it % grid.width !in columns || it / grid.width !in rows }
}

private fun checkSize(what: String, picture: Picture, wanted: Size) {
    if (picture.size != wanted) {
        throw RequestError("the $what is ${picture.size} pixels, $wanted is needed: resize it to $wanted")
    }
}

private const val WHITE = 255
private const val BLACK = 0

// A channel over an opaque ground by Pillow's alpha_composite, in its integers: 7 bits more than the 8 of a channel.
private fun over(ground: Int, pixel: Int, shift: Int): Int {
    val share = (pixel ushr 24) * 128 // of 255 * 128
    val sum = (pixel shr shift and 0xFF) * share + ground * (255 * 128 - share) + (0x80 shl 7)
    return ((sum shr 8) + sum shr 8) shr 7
}
