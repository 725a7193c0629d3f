package org.meissonic.mobile.cli

import java.awt.image.BufferedImage
import java.io.File
import java.io.IOException
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import javax.imageio.ImageIO
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.RequestError
import org.meissonic.mobile.engine.Size

/** Opens and decodes a picture. Throws RequestError that names the file. */
internal fun readPicture(file: File): Picture {
    if (!file.isFile) throw RequestError("$file does not exist: check the path")
    val image = try {
        ImageIO.read(file)
    } catch (error: IOException) {
        throw RequestError("cannot read $file: ${error.message}")
    } ?: throw RequestError("$file is not a picture that Java can read: save it as PNG")
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

/** Writes a picture, whole or not at all. Throws RequestError. */
internal fun writePng(file: File, picture: Picture) {
    val (width, height) = picture.size
    val image = BufferedImage(width, height, BufferedImage.TYPE_INT_RGB)
    image.setRGB(0, 0, width, height, picture.argb, 0, width)
    val part = File(file.absoluteFile.parentFile, ".${file.name}.${ProcessHandle.current().pid()}.tmp")
    try {
        ImageIO.write(image, "png", part)
        Files.move(part.toPath(), file.toPath(), StandardCopyOption.REPLACE_EXISTING)
    } catch (error: IOException) {
        throw RequestError("cannot write $file: ${error.message}")
    } finally {
        part.delete()
    }
}
