package org.meissonic.mobile.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.Rect
import java.io.IOException
import java.io.OutputStream
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Size

fun bitmapOf(picture: Picture): Bitmap =
    Bitmap.createBitmap(picture.argb, picture.size.width, picture.size.height, Bitmap.Config.ARGB_8888)

fun pictureOf(bitmap: Bitmap): Picture {
    val pixels = IntArray(bitmap.width * bitmap.height)
    bitmap.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
    return Picture(Size(bitmap.width, bitmap.height), pixels)
}

/** Writes a picture as PNG. Throws IOException. */
fun encodePng(picture: Picture, stream: OutputStream) = encodePng(bitmapOf(picture), stream)

/** Writes a bitmap as PNG. Throws IOException. */
fun encodePng(bitmap: Bitmap, stream: OutputStream) {
    if (!bitmap.compress(Bitmap.CompressFormat.PNG, 100, stream)) throw IOException("cannot write the picture")
}

/** The middle of a bitmap, cropped to the shape of [size] and scaled to it. */
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
