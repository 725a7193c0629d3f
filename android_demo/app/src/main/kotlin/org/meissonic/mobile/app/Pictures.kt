package org.meissonic.mobile.app

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.ImageDecoder
import android.graphics.Paint
import android.graphics.Rect
import android.net.Uri
import java.io.File
import java.io.IOException
import java.io.OutputStream
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Size

private const val LARGEST_SIDE = 2048 // pixels of a picked picture that are kept

fun bitmapOf(picture: Picture): Bitmap =
    Bitmap.createBitmap(picture.argb, picture.size.width, picture.size.height, Bitmap.Config.ARGB_8888)

fun pictureOf(bitmap: Bitmap): Picture {
    val pixels = IntArray(bitmap.width * bitmap.height)
    bitmap.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
    return Picture(Size(bitmap.width, bitmap.height), pixels)
}

/** Throws IOException. */
fun encodePng(picture: Picture, stream: OutputStream) = encodePng(bitmapOf(picture), stream)

private fun encodePng(bitmap: Bitmap, stream: OutputStream) {
    if (!bitmap.compress(Bitmap.CompressFormat.PNG, 100, stream)) throw IOException("cannot write the picture")
}

/** The middle of a bitmap that has the shape of [size], in that size. */
fun cropped(bitmap: Bitmap, size: Size): Bitmap {
    val scale = maxOf(size.width.toFloat() / bitmap.width, size.height.toFloat() / bitmap.height)
    val (width, height) = (size.width / scale).toInt() to (size.height / scale).toInt()
    val (left, top) = (bitmap.width - width) / 2 to (bitmap.height - height) / 2
    val made = Bitmap.createBitmap(size.width, size.height, Bitmap.Config.ARGB_8888)
    Canvas(made).drawBitmap(
        bitmap,
        Rect(left, top, left + width, top + height),
        Rect(0, 0, size.width, size.height),
        Paint(Paint.FILTER_BITMAP_FLAG or Paint.ANTI_ALIAS_FLAG),
    )
    return made
}

/** The picture a person chose to draw on: a copy, because the right to read theirs ends with the process. */
class PickedPicture(private val file: File) {
    /** Throws IOException for what is no picture. */
    fun take(resolver: ContentResolver, uri: Uri) {
        val source = ImageDecoder.createSource(resolver, uri) // turns it upright
        val bitmap = ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // so that pixels can be read
            val longest = maxOf(info.size.width, info.size.height)
            if (longest > LARGEST_SIDE) {
                decoder.setTargetSize(
                    maxOf(1, info.size.width * LARGEST_SIDE / longest),
                    maxOf(1, info.size.height * LARGEST_SIDE / longest),
                )
            }
        }
        file.outputStream().use { encodePng(bitmap, it) }
    }

    /** Takes a picture that was drawn here. Throws IOException. */
    fun take(drawn: File) {
        drawn.copyTo(file, overwrite = true)
    }

    /** Null if none was taken. */
    fun bitmap(): Bitmap? = if (file.isFile) BitmapFactory.decodeFile(file.path) else null

    /** In the size that is drawn on. */
    fun picture(size: Size): Picture? = bitmap()?.let { pictureOf(cropped(it, size)) }
}
