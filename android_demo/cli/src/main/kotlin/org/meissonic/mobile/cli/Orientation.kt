package org.meissonic.mobile.cli

import java.nio.BufferUnderflowException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Size

// A photo's EXIF says how to turn it upright, and Java's reader ignores that (CIPA DC-008, 4.5 and 4.6.5.1).

private const val UPRIGHT = 1
private const val ORIENTATION = 0x0112
private const val LONG = 4 // the type of 32 bits; others have 16
private val EXIF = "Exif\u0000\u0000".toByteArray()
private val PNG = byteArrayOf(-119, 80, 78, 71, 13, 10, 26, 10)

/** The orientation 1 to 8 that a JPEG or PNG file names; 1, upright, if it names none. */
internal fun orientation(file: ByteArray): Int = try {
    tiff(file)?.let(::orientation) ?: UPRIGHT
} catch (_: BufferUnderflowException) { // a block that ends too early
    UPRIGHT
} catch (_: IllegalArgumentException) { // an offset outside of it
    UPRIGHT
}

/** The picture turned upright. */
internal fun upright(picture: Picture, orientation: Int): Picture {
    val (width, height) = picture.size
    val (right, bottom) = width - 1 to height - 1
    val source: (Int, Int) -> Pair<Int, Int> = when (orientation) {
        2 -> { x, y -> right - x to y }
        3 -> { x, y -> right - x to bottom - y }
        4 -> { x, y -> x to bottom - y }
        5 -> { x, y -> y to x }
        6 -> { x, y -> y to bottom - x }
        7 -> { x, y -> right - y to bottom - x }
        8 -> { x, y -> right - y to x }
        else -> return picture
    }
    val size = if (orientation < 5) picture.size else Size(height, width)
    return Picture(size, IntArray(picture.argb.size) {
        val (x, y) = source(it % size.width, it / size.width)
        picture.argb[y * width + x]
    })
}

/** The EXIF block of a file, which is a small TIFF file; null if it has none. */
private fun tiff(file: ByteArray): ByteBuffer? {
    val data = ByteBuffer.wrap(file)
    if (file.size > PNG.size && file.copyOf(PNG.size).contentEquals(PNG)) {
        data.position(PNG.size)
        while (data.remaining() >= 12) {
            val (length, name) = data.getInt() to ByteArray(4).also(data::get).decodeToString()
            if (name == "eXIf") return data.slice().limit(length) as ByteBuffer
            data.position(data.position() + length + 4) // the checksum
        }
        return null
    }
    data.position(2)
    while (data.get().toInt() == -1) {
        var kind = data.get().toInt() and 0xFF
        while (kind == 0xFF) kind = data.get().toInt() and 0xFF // a marker may have more of them before it
        val length = data.getShort().toInt() and 0xFFFF
        if (kind == 0xDA) return null // the pixels
        val content = data.slice().limit(length - 2) as ByteBuffer
        if (kind == 0xE1 && length > 8 && ByteArray(6).also(content::get).contentEquals(EXIF)) return content.slice()
        data.position(data.position() + length - 2)
    }
    return null
}

private fun orientation(tiff: ByteBuffer): Int? {
    tiff.order(if (tiff.get(0) == 'I'.code.toByte()) ByteOrder.LITTLE_ENDIAN else ByteOrder.BIG_ENDIAN)
    tiff.position(tiff.getInt(4))
    repeat(tiff.getShort().toInt() and 0xFFFF) {
        val (tag, type) = tiff.getShort().toInt() and 0xFFFF to tiff.getShort().toInt()
        tiff.getInt() // the count
        val value = tiff.slice().order(tiff.order())
        tiff.getInt()
        if (tag == ORIENTATION) return if (type == LONG) value.getInt() else value.getShort().toInt()
    }
    return null
}
