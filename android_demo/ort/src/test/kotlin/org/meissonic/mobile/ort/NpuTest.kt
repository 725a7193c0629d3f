package org.meissonic.mobile.ort

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.Files
import java.security.MessageDigest
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.io.TempDir
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.DrawingEvent
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.hexadecimal
import org.meissonic.mobile.engine.sha256

private const val CHIP = "sm8650"
private val GRAPHS = setOf("transformer", "image_decoder") // those for the NPU

/**
 * A bundle for Qualcomm's NPU on Qualcomm's library, which computes as the NPU does on Linux x86-64. The folder of the
 * library is in ONNXRUNTIME_QNN.
 */
class NpuTest {
    @TempDir
    lateinit var folder: File

    private val source = File(System.getProperty("npu"))
    private val library = File(System.getenv("ONNXRUNTIME_QNN").orEmpty())
    private val told = mutableListOf<NpuEvent>()

    @BeforeEach
    fun available() {
        val why = when {
            !File(library, "libQnnHtp.so").isFile -> "ONNXRUNTIME_QNN names no folder with Qualcomm's library: .ci/android.sh"
            !File(source, "manifest.json").isFile -> "$source holds no bundle: make android-vectors"
            else -> return
        }
        System.err.println("NOT TESTED: Qualcomm's NPU: $why")
        assumeTrue(false, why)
    }

    private fun npu(from: File = library, chip: String? = null, keep: Boolean = false) = Npu(from, chip, keep = keep) { told += it }

    private fun draw(bundle: Bundle, npu: Npu?, steps: Int? = null): Pair<Drawing, List<List<Int>>> {
        val golden = bundle.golden()!!
        val request = with(golden) { Request(prompt, negative, seed, steps ?: this.steps, guidance, size) }
        val after = mutableListOf<List<Int>>()
        told.clear()
        // Loaded once, because the emulator takes seconds to load a graph.
        val drawing = Generator(OrtEngine(bundle, npu = npu), keep = true).use { generator ->
            generator.draw(request) { if (it is DrawingEvent.Step) after += it.progress.tokens.toList() }
        }
        return drawing to after
    }

    /** The bundle's copy, with contexts for [chip] alone, which [damage] changes; the manifest says what is there. */
    private fun copy(damage: (ByteArray) -> ByteArray = { it }): Bundle {
        source.copyRecursively(folder, overwrite = true)
        val manifest = File(folder, "manifest.json")
        var text = manifest.readText()
        for (binary in File(folder, CHIP).listFiles { file -> file.extension == "bin" }.orEmpty()) {
            val before = sha256(binary) to binary.length()
            binary.writeBytes(damage(binary.readBytes()))
            text = text.replace(before.first, sha256(binary))
            text = text.replace(Regex("\"size\": ${before.second}(?=,\\s*\"sha256\": \"${sha256(binary)}\")"), "\"size\": ${binary.length()}")
        }
        manifest.writeText(text)
        return Bundle.open(folder)
    }

    private fun refusals() = told.filterIsInstance<NpuEvent.Refused>()

    /** Asserts that the CPU draws what it draws without an NPU, and says so in one line a graph. */
    private fun assertCpuDraws(bundle: Bundle, npu: Npu, reason: Regex) {
        val (_, expected) = draw(bundle, null, steps = 2)
        val (_, found) = draw(bundle, npu, steps = 2)
        assertEquals(expected, found)
        assertEquals(GRAPHS, refusals().map { it.graph }.toSet())
        for (refusal in refusals()) {
            assertContains(refusal.reason, reason)
            assertEquals(1, refusal.reason.lines().size, refusal.reason)
        }
    }

    @Test
    fun `the golden trace is drawn as Python draws it there`() {
        val bundle = Bundle.open(source)
        val golden = bundle.golden()!!
        val (drawing, after) = draw(bundle, npu())
        assertEquals(golden.tokens, after)
        assertEquals(golden.finalTokens, drawing.tokens.toList())
        assertEquals(golden.imageSha256, hexadecimal(MessageDigest.getInstance("SHA-256").digest(drawing.rgb)))
        assertEquals(GRAPHS, told.filterIsInstance<NpuEvent.Opened>().map { it.graph }.toSet())
        assertEquals(GRAPHS, told.filterIsInstance<NpuEvent.Compiling>().map { it.graph }.toSet())
        assertEquals(emptyList<NpuEvent>(), refusals())
    }

    @Test
    fun `the context of the chip is preferred`() {
        val bundle = Bundle.open(source)
        draw(bundle, npu(chip = CHIP), steps = 2)
        assertEquals<List<NpuEvent>>(GRAPHS.map { NpuEvent.Opened(it) }, told)
    }

    @Test
    fun `a graph is compiled once for a chip that the bundle does not know, and again if the result is damaged`() {
        val bundle = copy()
        val compiling = GRAPHS.map { NpuEvent.Compiling(it) }.toSet()
        val (_, expected) = draw(bundle, npu(chip = "sm8475", keep = true), steps = 2)
        assertEquals(compiling, told.filterIsInstance<NpuEvent.Compiling>().toSet())
        val contexts = GRAPHS.map { File(folder, "compiled/$it/${it}_qnn.bin") }
        assertTrue(contexts.all { it.length() > 10_000 })
        val (_, found) = draw(bundle, npu(chip = "sm8475", keep = true), steps = 2)
        assertEquals<List<NpuEvent>>(GRAPHS.map { NpuEvent.Opened(it) }, told)
        assertEquals(expected, found)
        contexts[0].writeBytes(contexts[0].readBytes().also { it[it.size / 2]++ })
        draw(bundle, npu(keep = true), steps = 2)
        assertEquals(listOf("transformer"), told.filterIsInstance<NpuEvent.Compiling>().map { it.graph })
        assertEquals(emptyList<String>(), File(folder, "compiled").list()!!.filter { it.endsWith(".tmp") })
        Bundle.open(folder) // what is kept does not change the bundle
    }

    @Test
    fun `without the library the CPU draws`() = assertCpuDraws(Bundle.open(source), npu(folder), Regex("Qualcomm's library .* is missing"))

    @Test
    fun `with a library that is no provider of this onnxruntime the CPU draws`() {
        File(library, "libQnnHtp.so").also { Files.createSymbolicLink(File(folder, it.name).toPath(), it.toPath()) }
        val provider = File(folder, "libonnxruntime_providers_qnn.so")
        File(library, "libQnnSystem.so").copyTo(provider)
        assertCpuDraws(Bundle.open(source), npu(folder), Regex("onnxruntime cannot load .*libonnxruntime_providers_qnn.so"))
        provider.writeText("no library")
        assertCpuDraws(Bundle.open(source), npu(folder), Regex("onnxruntime cannot load .*libonnxruntime_providers_qnn.so"))
    }

    @Test
    fun `without the back end, or with one that is damaged, the CPU draws`() {
        File(library, "libonnxruntime_providers_qnn.so").also { Files.createSymbolicLink(File(folder, it.name).toPath(), it.toPath()) }
        assertCpuDraws(Bundle.open(source), npu(folder), Regex("Qualcomm's library .*libQnnHtp.so is missing"))
        File(folder, "libQnnHtp.so").writeText("no library")
        assertCpuDraws(Bundle.open(source), npu(folder), Regex("the NPU's library cannot open .*onnx: "))
    }

    @Test
    fun `a truncated context is refused and the CPU draws`() {
        val bundle = copy { it.copyOf(it.size / 2) }
        assertCpuDraws(bundle, npu(chip = CHIP), Regex("the NPU's library cannot open .*$CHIP/.*onnx: "))
    }

    @Test
    fun `a context of a newer library is refused and the CPU draws`() {
        // The model names the versions of what compiled it, and the binary begins with the second: "...:5.51.0:...".
        val words = String(File(source, "$CHIP/transformer.onnx").readBytes(), Charsets.ISO_8859_1)
        val (major, minor) = Regex("v2:\\d+:[\\d.]+:(\\d+)\\.(\\d+)\\.").find(words)!!.destructured
        val version = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(major.toInt()).putInt(minor.toInt()).array()
        val bundle = copy { bytes ->
            val at = (0 until 1000).first { bytes.copyOfRange(it, it + 8).contentEquals(version) }
            bytes.also { it[at + 4] = 99 }
        }
        assertCpuDraws(bundle, npu(chip = CHIP), Regex("the NPU's library cannot open .*$CHIP/.*onnx: "))
    }
}
