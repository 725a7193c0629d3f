package org.meissonic.mobile.cli

import java.awt.image.BufferedImage
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.nio.file.StandardOpenOption
import java.util.UUID
import javax.imageio.ImageIO
import kotlin.math.ceil
import kotlin.math.sqrt
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.PictureSettings
import org.meissonic.mobile.engine.RequestError
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.readAtMost
import org.meissonic.mobile.engine.withSettings

private const val LARGEST_FILE = 100_000_000L // bytes
private const val MOST_PIXELS = 4096 * 4096L
private val FORMATS = setOf("png", "jpeg")

/** Reads a PNG or JPEG file and turns it upright as its EXIF orientation says. Throws RequestError that names the file. */
internal fun readPicture(file: File): Picture {
    val data = contentOf(file)
    val image = try {
        decoded(file, data)
    } catch (error: IOException) {
        throw RequestError("cannot read $file: ${error.message}: save it again")
    } catch (error: RuntimeException) { // Java's readers throw almost anything on damaged files
        throw RequestError("cannot read $file: ${error.message}: save it again")
    } catch (_: OutOfMemoryError) {
        throw RequestError("$file needs more memory than there is: resize it")
    }
    return upright(picture(file, image), orientation(data))
}

/** The bytes of a picture's file. Throws RequestError that names it. */
internal fun contentOf(file: File): ByteArray {
    if (!file.exists()) throw RequestError("$file does not exist: check the path")
    if (!file.isFile) throw RequestError("$file is not a file: give a picture") // a pipe would block
    return try {
        file.inputStream().use { it.readAtMost(LARGEST_FILE) }
    } catch (error: IOException) {
        throw RequestError("cannot read $file: ${error.message}: check the file")
    } ?: throw RequestError("$file is larger than ${LARGEST_FILE / 1_000_000} MB: resize the picture")
}

private fun decoded(file: File, data: ByteArray): BufferedImage {
    val stream = ImageIO.createImageInputStream(data.inputStream())
    val reader = ImageIO.getImageReaders(stream).asSequence().firstOrNull { it.formatName.lowercase() in FORMATS }
        ?: throw RequestError("$file is not a PNG or JPEG picture: save it as PNG")
    reader.input = stream
    val (width, height) = reader.getWidth(0) to reader.getHeight(0)
    if (width.toLong() * height > MOST_PIXELS) {
        throw RequestError("$file has ${width}x$height pixels, at most $MOST_PIXELS are read: resize it")
    }
    return reader.read(0)
}

private fun picture(file: File, image: BufferedImage): Picture {
    val (width, height) = image.width to image.height
    if (image.colorModel.numColorComponents > 1 || image.colorModel.numComponents == 1 && image.type == BufferedImage.TYPE_BYTE_INDEXED) {
        return Picture(Size(width, height), image.getRGB(0, 0, width, height, null, 0, width))
    }
    // getRGB would read grey values as linear light and brighten them.
    val raster = image.raster
    val alphaBand = if (image.colorModel.hasAlpha()) 1 else null
    val depth = image.colorModel.getComponentSize(0)
    if (depth > 8) throw RequestError("$file has $depth bits a channel: save it as 8-bit RGB")
    return Picture(Size(width, height), IntArray(width * height) {
        val (x, y) = it % width to it / width
        val grey = raster.getSample(x, y, 0) * 255 / ((1 shl depth) - 1)
        val alpha = alphaBand?.let { band -> raster.getSample(x, y, band) } ?: 255
        (alpha shl 24) or (grey shl 16) or (grey shl 8) or grey
    })
}

/** Pictures of one size side by side as one, row by row in a square; white where none is. */
internal fun tiled(pictures: List<Picture>): Picture {
    val columns = ceil(sqrt(pictures.size.toDouble())).toInt()
    val rows = (pictures.size + columns - 1) / columns
    val (width, height) = pictures[0].size
    return Picture(Size(columns * width, rows * height), IntArray(columns * width * rows * height) {
        val (x, y) = it % (columns * width) to it / (columns * width)
        pictures.getOrNull(y / height * columns + x / width)?.argb?.get(y % height * width + x % width) ?: -1
    })
}

/** Writes a picture with the settings that made it, whole or not at all. Throws RequestError. */
internal fun writePng(file: File, picture: Picture, settings: PictureSettings? = null) {
    val (width, height) = picture.size
    val image = BufferedImage(width, height, BufferedImage.TYPE_INT_RGB)
    image.setRGB(0, 0, width, height, picture.argb, 0, width)
    try {
        val target = file.canonicalFile // a symbolic link stays one, and its target is replaced
        // A name nobody can foresee, and no file may have it, so that no planted link is followed.
        val part = File(target.parentFile, ".meissonic-${UUID.randomUUID()}.tmp")
        try {
            Files.newOutputStream(part.toPath(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE).use { stream ->
                val png = ByteArrayOutputStream().also { ImageIO.write(image, "png", it) }.toByteArray()
                stream.write(if (settings == null) png else withSettings(png, settings))
            }
            Files.move(part.toPath(), target.toPath(), StandardCopyOption.ATOMIC_MOVE)
        } finally {
            part.delete()
        }
    } catch (error: IOException) {
        throw RequestError("cannot write $file: ${error.message}: choose another --out")
    }
}
