package org.meissonic.mobile.app

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.media.ExifInterface
import android.net.Uri
import java.io.File
import java.io.IOException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.meissonic.mobile.app.model.writeWhole
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Size

private const val LARGEST_SIDE = 2048 // pixels of a picked picture that are kept

/** The [bitmap] that was chosen last and could be read; [unreadable] if another was chosen since and could not. */
data class Picked(val bitmap: Bitmap?, val unreadable: Boolean = false)

/** The picture a person chose to draw on: a copy, because the right to read theirs ends with the process. */
class PickedPicture(private val scope: CoroutineScope, private val file: File) {
    private val mutable = MutableStateFlow(Picked(if (file.isFile) BitmapFactory.decodeFile(file.path) else null))
    val state: StateFlow<Picked> = mutable

    /** Takes a picture of another app, which may have to fetch it first. */
    fun take(resolver: ContentResolver, uri: Uri) = take {
        askingAnotherApp { resolver.openInputStream(uri)?.use { it.readBytes() } } ?: throw IOException("$uri has no bytes")
    }

    /** Takes a picture that was drawn here. */
    fun take(drawn: File) = take(drawn::readBytes)

    /** In the size that is drawn on; null if none was taken. */
    fun picture(size: Size): Picture? = state.value.bitmap?.let { pictureOf(cropped(it, size)) }

    private fun take(read: () -> ByteArray) {
        scope.launch {
            mutable.value = try {
                Picked(withContext(Dispatchers.IO) { copied(read()) })
            } catch (_: IOException) {
                state.value.copy(unreadable = true)
            }
        }
    }

    private fun copied(bytes: ByteArray): Bitmap {
        val bitmap = upright(decoded(bytes), bytes)
        writeWhole(file) { encodePng(bitmap, it) }
        return bitmap
    }

    private fun decoded(bytes: ByteArray): Bitmap {
        val options = BitmapFactory.Options().apply { inJustDecodeBounds = true }
        BitmapFactory.decodeByteArray(bytes, 0, bytes.size, options)
        val longest = maxOf(options.outWidth, options.outHeight)
        options.inSampleSize = generateSequence(1) { 2 * it }.first { longest / it <= LARGEST_SIDE }
        options.inJustDecodeBounds = false
        return BitmapFactory.decodeByteArray(bytes, 0, bytes.size, options) ?: throw IOException("no picture")
    }

    // Cameras write as the sensor lies, and beside it how the phone was held.
    private fun upright(bitmap: Bitmap, bytes: ByteArray): Bitmap {
        val held = ExifInterface(bytes.inputStream()).getAttributeInt(ExifInterface.TAG_ORIENTATION, 0)
        val matrix = Matrix()
        when (held) {
            ExifInterface.ORIENTATION_ROTATE_90, ExifInterface.ORIENTATION_TRANSPOSE -> matrix.postRotate(90f)
            ExifInterface.ORIENTATION_ROTATE_180, ExifInterface.ORIENTATION_FLIP_VERTICAL -> matrix.postRotate(180f)
            ExifInterface.ORIENTATION_ROTATE_270, ExifInterface.ORIENTATION_TRANSVERSE -> matrix.postRotate(270f)
        }
        if (held in MIRRORED) matrix.postScale(-1f, 1f)
        return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, true)
    }

    private companion object {
        val MIRRORED = setOf(
            ExifInterface.ORIENTATION_FLIP_HORIZONTAL,
            ExifInterface.ORIENTATION_FLIP_VERTICAL,
            ExifInterface.ORIENTATION_TRANSPOSE,
            ExifInterface.ORIENTATION_TRANSVERSE,
        )
    }
}
