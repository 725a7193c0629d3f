package org.meissonic.mobile.cli

import java.io.File
import javax.imageio.ImageIO
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.jupiter.api.io.TempDir

/** The command as a process of its own. */
class CommandTest {
    @TempDir
    lateinit var folder: File

    private val picture get() = File(folder, "cat.png")

    private fun run(vararg arguments: String): Pair<Int, String> {
        val said = File(folder, "said")
        val java = File(System.getProperty("java.home"), "bin/java").path
        val flags = arrayOf("--bundle", System.getProperty("bundle"), "--out", picture.path)
        val process = ProcessBuilder(java, "org.meissonic.mobile.cli.MainKt", *arguments, *flags)
            .redirectErrorStream(true)
            .redirectOutput(said)
        process.environment()["CLASSPATH"] = System.getProperty("java.class.path")
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
    fun `a very long prompt is cut and drawn`() {
        val (code, said) = run("a red cat " + "and a dog ".repeat(2000), "--steps", "2")
        assertEquals(0, code, said.take(500))
        assertContains(said, "warning: the prompt is too long, this was cut off")
    }

    @Test
    fun `wrong input is one line that names it`() {
        val wrong = mapOf(
            listOf("a cat", "--steps", "0") to "error: steps 0 is out of range",
            listOf("a cat", "--image", "nothing.png") to "error: nothing.png does not exist",
            listOf("a cat", "--colour", "red") to "error: Unknown options",
        )
        for ((arguments, line) in wrong) {
            val (code, said) = run(*arguments.toTypedArray())
            assertEquals(2, code, said)
            assertTrue(said.startsWith(line) && said.lines().size == 1, said)
        }
        assertTrue(!picture.exists())
    }
}
