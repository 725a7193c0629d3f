package org.meissonic.mobile.app

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.ImageDecoder
import android.net.Uri
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.meissonic.mobile.app.model.writeWhole
import org.meissonic.mobile.engine.Fit
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.PictureSettings
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.readAtMost
import org.meissonic.mobile.engine.settingsOf
import org.meissonic.mobile.engine.withSettings

private const val LARGEST_SIDE = 2048 // pixels of a picked picture that are kept
private const val LARGEST_FILE = 100_000_000L // bytes
private const val MOST_PIXELS = 200_000_000L // of the largest cameras; decoded to LARGEST_SIDE

/**
 * The last [bitmap] that could be read, and the settings that [made] it if it was drawn by this project; [unreadable] if a
 * person has chosen another since that could not.
 */
data class Picked(val bitmap: Bitmap?, val made: PictureSettings? = null, val unreadable: Boolean = false)

/** The picture a person chose to draw on: a copy, because the permission to read theirs ends with the process. */
class PickedPicture(private val scope: CoroutineScope, private val file: File) {
    private val mutable = MutableStateFlow(kept())
    val state: StateFlow<Picked> = mutable
    private val turn = Mutex() // keeps the order of choices, so that a slow picture does not replace a later one

    /** Takes a picture of another app, which may have to download it first. */
    fun take(resolver: ContentResolver, uri: Uri) = take {
        askingAnotherApp { resolver.openInputStream(uri)?.use(::limited) } ?: throw IOException("$uri has no bytes")
    }

    /** Takes a picture that was drawn here. */
    fun take(drawn: File) = take { drawn.inputStream().use(::limited) }

    /** The picture fitted to a size; null if a person has chosen none. */
    fun picture(size: Size, fit: Fit = Fit.CROP): Picture? = state.value.bitmap?.let { pictureOf(it).fitted(size, fit) }

    private fun kept() =
        if (file.isFile) Picked(BitmapFactory.decodeFile(file.path), settingsOf(file.readBytes())) else Picked(null)

    private fun take(read: () -> ByteArray) {
        scope.launch {
            turn.withLock {
                mutable.value = try {
                    withContext(Dispatchers.IO) { copied(read()) }
                } catch (_: IOException) {
                    state.value.copy(unreadable = true)
                } catch (error: CancellationException) {
                    throw error
                } catch (_: RuntimeException) { // a decoder of damaged data
                    state.value.copy(unreadable = true)
                } catch (_: OutOfMemoryError) {
                    state.value.copy(unreadable = true)
                }
            }
        }
    }

    private fun limited(stream: InputStream): ByteArray =
        stream.readAtMost(LARGEST_FILE) ?: throw IOException("the picture has more than $LARGEST_FILE bytes")

    private fun copied(bytes: ByteArray): Picked {
        val source = ImageDecoder.createSource(ByteBuffer.wrap(bytes)) // turns it upright
        val bitmap = ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // so that pixels can be read
            val (width, height) = info.size.width.toLong() to info.size.height.toLong()
            if (width * height > MOST_PIXELS) throw IllegalArgumentException("$width x $height pixels are too many")
            val longest = maxOf(width, height)
            if (longest > LARGEST_SIDE) {
                decoder.setTargetSize(
                    maxOf(1, width * LARGEST_SIDE / longest).toInt(),
                    maxOf(1, height * LARGEST_SIDE / longest).toInt(),
                )
            }
        }
        val png = ByteArrayOutputStream().also { encodePng(bitmap, it) }.toByteArray()
        val made = settingsOf(bytes)
        writeWhole(file) { it.write(if (made == null) png else withSettings(png, made)) }
        return Picked(bitmap, made)
    }
}
