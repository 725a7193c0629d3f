package org.meissonic.mobile.cli

import java.awt.image.BufferedImage
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.Files
import java.util.zip.CRC32
import javax.imageio.ImageIO
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.io.TempDir
import org.meissonic.mobile.engine.Fit
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.RequestError
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.settingsOf

/** The command as a process of its own. */
class CommandTest {
    @TempDir
    lateinit var folder: File

    private val picture get() = File(folder, "cat.png")

    private fun run(vararg arguments: String, bundle: String = System.getProperty("bundle"), library: String? = null): Pair<Int, String> {
        val said = File(folder, "said")
        val java = File(System.getProperty("java.home"), "bin/java").path
        val flags = arrayOf("--bundle", bundle, "--out", picture.path)
        val process = ProcessBuilder(java, "org.meissonic.mobile.cli.MainKt", *arguments, *flags)
            .redirectErrorStream(true)
            .redirectOutput(said)
        process.environment()["CLASSPATH"] = System.getProperty("java.class.path")
        process.environment().remove("ONNXRUNTIME_QNN")
        library?.let { process.environment()["ONNXRUNTIME_QNN"] = it }
        val running = process.start()
        return running.waitFor() to said.readText().trim()
    }

    @Test
    fun `draws a PNG and prints the seconds of each stage`() {
        val (code, said) = run("a red cat", "--steps", "2")
        assertEquals(0, code, said)
        assertContains(said, Regex("text_encoder .* s, conditioner .* s, steps .* s, image_decoder .* s"))
        assertEquals(64, ImageIO.read(picture).width)
    }

    @Test
    fun `several pictures have consecutive seeds, and one is drawn again from its settings`() {
        val (code, said) = run("a red cat", "--negative", "a ☾", "--steps", "2", "--seed", "5", "--count", "3", "--grid")
        assertEquals(0, code, said)
        val names = listOf("cat-1.png", "cat-2.png", "cat-3.png", "cat-grid.png")
        assertEquals(names.toSet() + "said", folder.list()!!.toSet())
        val grid = readPicture(File(folder, "cat-grid.png"))
        assertEquals(Size(128, 128), grid.size)
        val third = File(folder, "cat-3.png")
        assertEquals(readPicture(third).argb[0], grid.argb[64 * 128])
        assertEquals(7uL, settingsOf(third.readBytes())!!.seed)
        val (again, why) = run("--from", third.path)
        assertEquals(0 to false, again to ("warning" in why), why)
        assertEquals(readPicture(third).argb.toList(), readPicture(picture).argb.toList())
        assertEquals(settingsOf(third.readBytes()), settingsOf(picture.readBytes()))
    }

    @Test
    fun `a photo of any size is fitted, and an edit is drawn again with its picture`() {
        val photo = File(folder, "photo.png")
        ImageIO.write(BufferedImage(50, 21, BufferedImage.TYPE_INT_RGB).also { it.setRGB(9, 9, 0xFF8040) }, "png", photo)
        val flags = arrayOf("--image", photo.path)
        val (code, said) = run("a red cat", "--steps", "2", "--extend", "16", "0", "16", "4", "--fit", "stretch", *flags)
        assertEquals(0, code, said)
        val first = readPicture(picture).argb.toList()
        val inside = readPicture(photo).fitted(Size(32, 60), Fit.STRETCH)
        assertEquals(inside.argb.toList(), List(32 * 60) { first[it / 32 * 64 + it % 32 + 16] })
        val source = File(folder, "first.png").also(picture::renameTo)
        assertEquals(2 to "error: $source was drawn on another picture: add it with --image FILE", run("--from", source.path))
        assertEquals(0, run("--from", source.path, *flags).first)
        assertEquals(first, readPicture(picture).argb.toList())
    }

    @Test
    fun `a very long prompt is cut and drawn`() {
        val (code, said) = run("a red cat " + "and a dog ".repeat(2000), "--steps", "2")
        assertEquals(0, code, said.take(500))
        assertContains(said, "warning: the prompt is too long, this was cut off")
    }

    @Test
    fun `draws on the NPU's emulator, and on nothing else in its place`() {
        val npu = System.getProperty("npu")
        assumeTrue(File(npu, "manifest.json").isFile, "NOT TESTED: $npu holds no bundle")
        val flags = arrayOf("a red cat", "--steps", "1", "--engine", "qnn")
        val (code, said) = run(*flags, bundle = npu)
        assertEquals(2, code, said)
        assertContains(said, "error: --engine qnn needs Qualcomm's library")
        val (refused, reason) = run(*flags, bundle = npu, library = folder.path)
        assertEquals(2, refused, reason)
        assertContains(reason, Regex("error: Qualcomm's library .* is missing"))
        assertTrue(!picture.exists())
        val library = System.getenv("ONNXRUNTIME_QNN")
        assumeTrue(library != null, "NOT TESTED: ONNXRUNTIME_QNN names no folder with Qualcomm's library")
        val (drawn, seconds) = run(*flags, bundle = npu, library = library)
        assertEquals(0, drawn, seconds)
        assertContains(seconds, "the NPU is emulated")
        assertEquals(64, ImageIO.read(picture).width)
    }

    private fun png(argb: (x: Int, y: Int) -> Int) = BufferedImage(4, 2, BufferedImage.TYPE_INT_ARGB).also { image ->
        for (x in 0 until 4) for (y in 0 until 2) image.setRGB(x, y, argb(x, y))
        ImageIO.write(image, "png", picture)
    }

    /** An EXIF block that gives an orientation in 16 or 32 bits. */
    private fun exif(orientation: Int, order: ByteOrder, long: Boolean = false): ByteArray {
        val letters = if (order == ByteOrder.BIG_ENDIAN) "MM" else "II"
        val exif = ByteBuffer.allocate(26).order(order).put(letters.toByteArray()).putShort(42).putInt(8)
        exif.putShort(1).putShort(0x0112).putShort(if (long) 4 else 3).putInt(1)
        return (if (long) exif.putInt(orientation) else exif.putShort(orientation.toShort()).putShort(0)).putInt(0).array()
    }

    /** Adds EXIF with an orientation to the PNG file, before its pixels. */
    private fun turn(orientation: Int, order: ByteOrder, long: Boolean) {
        val named = "eXIf".toByteArray() + exif(orientation, order, long)
        val chunk = ByteBuffer.allocate(named.size + 8).putInt(named.size - 4).put(named)
        chunk.putInt(CRC32().apply { update(named) }.value.toInt())
        val bytes = picture.readBytes()
        val afterHeader = 8 + 25
        picture.writeBytes(bytes.copyOf(afterHeader) + chunk.array() + bytes.drop(afterHeader))
    }

    @Test
    fun `pictures are turned upright`() {
        // The corner at the top left of the upright picture, by orientation: x and y in the file.
        val corners = mapOf(2 to (3 to 0), 3 to (3 to 1), 4 to (0 to 1), 5 to (0 to 0), 6 to (0 to 1), 7 to (3 to 1), 8 to (3 to 0))
        for ((orientation, corner) in corners) {
            for (order in listOf(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) for (long in listOf(false, true)) {
                png { x, y -> (0xFF shl 24) or (x shl 8) or y }
                turn(orientation, order, long)
                val read = readPicture(picture)
                assertEquals(if (orientation < 5) Size(4, 2) else Size(2, 4), read.size)
                assertEquals((0xFF shl 24) or (corner.first shl 8) or corner.second, read.argb[0], "orientation $orientation")
            }
        }
    }

    @Test
    fun `photos are turned upright`() {
        val lying = BufferedImage(32, 16, BufferedImage.TYPE_INT_RGB)
        for (x in 0 until 32) for (y in 0 until 16) lying.setRGB(x, y, if (x < 16) 0xFF0000 else 0x0000FF)
        val photo = File(folder, "photo.jpg").also { ImageIO.write(lying, "jpg", it) }
        val content = "Exif\u0000\u0000".toByteArray() + exif(6, ByteOrder.LITTLE_ENDIAN)
        val block = byteArrayOf(-1, -1, 0xE1.toByte(), 0, (content.size + 2).toByte()) + content // one 0xFF more, which is allowed
        val bytes = photo.readBytes()
        val afterFirst = 4 + (bytes[4].toInt() shl 8) + bytes[5] // the start, and a JFIF block
        photo.writeBytes(bytes.copyOf(afterFirst) + block + bytes.drop(afterFirst))
        val read = readPicture(photo)
        assertEquals(Size(16, 32), read.size)
        assertTrue(read.argb[8 * 16 + 8] and 0xFF0000 > 0xC00000 && read.argb[24 * 16 + 8] and 0xFF > 0xC0)
    }

    @Test
    fun `a picture is written beside a link, not through a planted one`() {
        val target = File(folder, "target.png")
        target.writeText("old")
        Files.createSymbolicLink(picture.toPath(), target.toPath())
        writePng(picture, Picture(Size(1, 1), intArrayOf(-1)))
        assertTrue(Files.isSymbolicLink(picture.toPath()))
        assertEquals(1, ImageIO.read(target).width)
        assertEquals(setOf("cat.png", "target.png"), folder.list()!!.toSet())
    }

    @Test
    fun `damaged pictures are refused`() {
        png { x, y -> x * y }
        val whole = picture.readBytes()
        for (length in 0 until whole.size step 5) {
            picture.writeBytes(whole.copyOf(length))
            assertFailsWith<RequestError> { readPicture(picture) }
        }
    }

    @Test
    fun `wrong input is one line that names it`() {
        val plain = File(folder, "plain.png")
        ImageIO.write(BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB), "png", plain)
        val wrong = mapOf(
            listOf("a cat", "--steps", "0") to "error: steps 0 is out of range",
            listOf("a cat", "--image", "nothing.png") to "error: nothing.png does not exist",
            listOf("a cat", "--colour", "red") to "error: Unknown options",
            emptyList<String>() to "error: there is no prompt: say what to draw",
            listOf("a cat", "--count", "0") to "error: --count 0 is out of range",
            listOf("a cat", "--count", "2", "--seed", "18446744073709551615") to "error: seed 18446744073709551615 has no 1",
            listOf("a cat", "--fit", "pad") to "error: --fit needs a picture: add --image FILE",
            listOf("a cat", "--no-compose") to "error: --no-compose needs a picture: add --image FILE",
            listOf("a cat", "--grid") to "error: --grid shows several pictures",
            listOf("a cat", "--fit", "squeeze") to "error: Invalid value for option '--fit'",
            listOf("--from", "nothing.png") to "error: nothing.png does not exist",
            listOf("a cat", "--image", picture.path) to "error: --out would replace $picture, which --image reads",
            listOf("--from", plain.path) to "error: $plain does not say what made it",
            listOf("a cat", "--engine", "qnn") to "error: --engine qnn runs graphs made for an NPU, but this bundle has none",
        )
        for ((arguments, line) in wrong) {
            val (code, said) = run(*arguments.toTypedArray())
            assertEquals(2, code, said)
            assertTrue(said.startsWith(line) && said.lines().size == 1, said)
        }
        assertTrue(!picture.exists())
    }
}
