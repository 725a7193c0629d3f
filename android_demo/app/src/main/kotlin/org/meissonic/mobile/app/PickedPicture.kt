package org.meissonic.mobile.app

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.ImageDecoder
import android.net.Uri
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.meissonic.mobile.app.model.writeWhole
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Size

private const val LARGEST_SIDE = 2048 // pixels of a picked picture that are kept

/** The last [bitmap] that could be read; [unreadable] if a person has chosen another since that could not. */
data class Picked(val bitmap: Bitmap?, val unreadable: Boolean = false)

/** The picture a person chose to draw on: a copy, because the permission to read theirs ends with the process. */
class PickedPicture(private val scope: CoroutineScope, private val file: File) {
    private val mutable = MutableStateFlow(Picked(if (file.isFile) BitmapFactory.decodeFile(file.path) else null))
    val state: StateFlow<Picked> = mutable
    private val turn = Mutex() // keeps the order of choices, so that a slow picture does not replace a later one

    /** Takes a picture of another app, which may have to download it first. */
    fun take(resolver: ContentResolver, uri: Uri) = take {
        askingAnotherApp { resolver.openInputStream(uri)?.use { it.readBytes() } } ?: throw IOException("$uri has no bytes")
    }

    /** Takes a picture that was drawn here. */
    fun take(drawn: File) = take(drawn::readBytes)

    /** The picture in a size; null if a person has chosen none. */
    fun picture(size: Size): Picture? = state.value.bitmap?.let { pictureOf(cropped(it, size)) }

    private fun take(read: () -> ByteArray) {
        scope.launch {
            turn.withLock {
                mutable.value = try {
                    Picked(withContext(Dispatchers.IO) { copied(read()) })
                } catch (_: IOException) {
                    state.value.copy(unreadable = true)
                }
            }
        }
    }

    private fun copied(bytes: ByteArray): Bitmap {
        val source = ImageDecoder.createSource(ByteBuffer.wrap(bytes)) // turns it upright
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
        writeWhole(file) { encodePng(bitmap, it) }
        return bitmap
    }
}
