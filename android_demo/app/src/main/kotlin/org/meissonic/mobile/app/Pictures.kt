package org.meissonic.mobile.app

import android.graphics.Bitmap
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
