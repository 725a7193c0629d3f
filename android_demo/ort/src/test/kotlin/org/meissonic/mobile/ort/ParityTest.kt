package org.meissonic.mobile.ort

import java.io.File
import java.security.MessageDigest
import java.util.concurrent.CountDownLatch
import java.util.concurrent.FutureTask
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.junit.jupiter.api.io.TempDir
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.BundleError
import org.meissonic.mobile.engine.Bytes
import org.meissonic.mobile.engine.Cancelled
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.DrawingEvent
import org.meissonic.mobile.engine.Edit
import org.meissonic.mobile.engine.Engine
import org.meissonic.mobile.engine.EngineError
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.engine.Ints
import org.meissonic.mobile.engine.Margins
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.Stage
import org.meissonic.mobile.engine.Stop
import org.meissonic.mobile.engine.Tensor
import org.meissonic.mobile.engine.hexadecimal

/** The real bundle on the real onnxruntime, compared with Python's recordings. */
class ParityTest {
    @Serializable
    class Run(
        val mode: String,
        val prompt: String,
        val seed: String,
        val steps: Int,
        val guidance: Double,
        @SerialName("guidance_from") val guidanceFrom: Double,
        @SerialName("guidance_until") val guidanceUntil: Double,
        @SerialName("low_memory") val lowMemory: Boolean,
        val tokens: List<List<Int>>,
        @SerialName("image_sha256") val imageSha256: String,
        val image: IntArray? = null,
        @SerialName("image_size") val imageSize: Size? = null,
        val mask: IntArray? = null,
        val strength: Double? = null,
        val margins: List<Int>? = null,
    ) {
        fun request(size: Size): Request {
            val picture = image?.let { Picture(imageSize!!, it) }
            val edit = when (mode) {
                "text" -> null
                "image" -> Edit.ImageToImage(picture!!, strength)
                "inpaint" -> Edit.Inpaint(picture!!, Picture(size, mask!!), strength!!)
                "outpaint" -> Edit.Outpaint(picture!!, margins!!.let { Margins(it[0], it[1], it[2], it[3]) })
                else -> error("mode $mode")
            }
            return Request(
                prompt,
                seed = seed.toULong(),
                steps = steps,
                guidance = guidance,
                edit = edit,
                guidanceFrom = guidanceFrom,
                guidanceUntil = guidanceUntil,
            )
        }
    }

    @TempDir
    lateinit var folder: File

    private val bundle = Bundle.open(File(System.getProperty("bundle")))

    private fun draw(
        request: Request,
        lowMemory: Boolean = false,
        bundle: Bundle = this.bundle,
    ): Pair<Drawing, List<IntArray>> {
        val after = mutableListOf<IntArray>()
        val drawing = Generator(OrtEngine(bundle, lowMemory = lowMemory)).use { generator ->
            generator.draw(request) { if (it is DrawingEvent.Step) after += it.progress.tokens }
        }
        return drawing to after
    }

    private fun sha256(drawing: Drawing) = hexadecimal(MessageDigest.getInstance("SHA-256").digest(drawing.rgb))

    @Test
    fun `the golden trace is drawn token for token and byte for byte`() = assertGolden(bundle)

    @Test
    fun `weights of four bits draw their golden trace`() {
        val int4 = Bundle.open(File(System.getProperty("vectors")).resolveSibling("int4"))
        assertEquals("int4", int4.manifest.graphs.getValue("transformer").precision)
        assertGolden(int4)
    }

    private fun assertGolden(bundle: Bundle) {
        val golden = bundle.golden()!!
        val request = Request(golden.prompt, golden.negative, golden.seed, golden.steps, golden.guidance, golden.size)
        val (drawing, after) = draw(request, bundle = bundle)
        assertEquals(golden.tokens, after.map { it.toList() })
        assertEquals(golden.finalTokens, drawing.tokens.toList())
        assertEquals(golden.imageSha256, sha256(drawing))
    }

    @Test
    fun `every mode is drawn as Python draws it, weights copied or mapped`() {
        val runs = Json.decodeFromString<List<Run>>(File(System.getProperty("vectors"), "runs.json").readText())
        assertEquals(setOf("text", "image", "inpaint", "outpaint"), runs.map { it.mode }.toSet())
        for (run in runs) {
            val (drawing, after) = draw(run.request(bundle.manifest.defaults.size), run.lowMemory)
            assertEquals(run.tokens, after.map { it.toList() }, run.mode)
            assertEquals(run.imageSha256, sha256(drawing), run.mode)
        }
    }

    @Serializable
    class SizeRun(
        val prompt: String,
        val seed: String,
        val size: Size,
        val tokens: List<List<Int>>,
        @SerialName("image_sha256") val imageSha256: String,
        val encoded: List<Int>,
    )

    @Test
    fun `one engine draws every size of a bundle as Python draws it`() {
        val vectors = File(System.getProperty("vectors"))
        val runs = Json.decodeFromString<List<SizeRun>>(File(vectors, "sizes.json").readText())
        val sizes = Bundle.open(File(vectors.parentFile, "sizes"))
        assertEquals(sizes.manifest.sizes.toSet(), runs.map { it.size }.toSet())
        val engine = OrtEngine(sizes)
        Generator(engine, keep = true).use { generator ->
            for (run in runs) {
                val after = mutableListOf<List<Int>>()
                val request = Request(run.prompt, seed = run.seed.toULong(), size = run.size)
                val drawing = generator.draw(request) { if (it is DrawingEvent.Step) after += it.progress.tokens.toList() }
                assertEquals(run.tokens, after, "${run.size}")
                assertEquals(run.imageSha256, sha256(drawing), "${run.size}")
                val image = Bytes(drawing.rgb, run.size.height, run.size.width, 3)
                val encoded = engine.run("image_encoder", mapOf("image" to image), Stop()).getValue("tokens") as Ints
                assertEquals(run.encoded, encoded.values.toList(), "${run.size}")
            }
            val error = assertFailsWith<BundleError> {
                engine.run("image_decoder", mapOf("tokens" to Ints(IntArray(9), 3, 3)), Stop())
            }
            assertEquals(
                "graph image_decoder has no function for height 3, width 3: export the bundle for this size",
                error.message,
            )
        }
    }

    @Serializable
    private class StudentRun(
        val prompt: String,
        val seed: String,
        val steps: Int,
        val tokens: List<List<Int>>,
        @SerialName("image_sha256") val imageSha256: String,
    )

    @Test
    fun `a student draws in one pass and in several what Python draws`() {
        val vectors = File(System.getProperty("vectors"))
        val runs = Json.decodeFromString<List<StudentRun>>(File(vectors, "students.json").readText())
        Generator(OrtEngine(Bundle.open(File(vectors.parentFile, "student"))), keep = true).use { generator ->
            for (run in runs) {
                val after = mutableListOf<List<Int>>()
                val request = Request(run.prompt, seed = run.seed.toULong(), steps = run.steps)
                val drawing = generator.draw(request) { if (it is DrawingEvent.Step) after += it.progress.tokens.toList() }
                assertEquals(run.tokens, after)
                assertEquals(run.imageSha256, sha256(drawing))
            }
        }
    }

    @Test
    fun `a model unlike the size that the manifest gives it is named`() {
        File(System.getProperty("vectors")).resolveSibling("sizes").copyRecursively(folder)
        val manifest = File(folder, "manifest.json")
        manifest.writeText(manifest.readText().replaceFirst("\"height\": 6", "\"height\": 5"))
        val error = assertFailsWith<BundleError> { OrtEngine(Bundle.open(folder)).open("transformer") }
        assertContains(error.message.orEmpty(), "transformer.onnx: input tokens is INT32 [6, 8], the manifest says INT32 [5, 8]")
    }

    @Test
    fun `a run is terminated in every stage and the next drawing is whole`() {
        Generator(OrtEngine(bundle)).use { generator ->
            for (stage in Stage.entries.drop(1)) {
                val stop = Stop()
                assertFailsWith<Cancelled> {
                    generator.draw(Request("a red cat"), stop = stop) { if (it == DrawingEvent.Began(stage)) stop.stop() }
                }
                assertEquals(emptySet(), generator.loaded)
            }
            assertTrue(generator.draw(Request("a red cat")).rgb.isNotEmpty())
        }
    }

    /** Runs a graph until that throws; `running` opens after the first run. */
    private inner class Repeating(val engine: Engine, val stop: Stop = Stop()) {
        val running = CountDownLatch(1)
        private val length = bundle.manifest.model.textLength
        private val tensors = mapOf("input_ids" to Ints(IntArray(2 * length), 2, length))

        fun once() = engine.run("text_encoder", tensors, stop)

        fun forever(): Nothing {
            while (true) once().also { running.countDown() }
        }
    }

    @Test
    fun `terminating while a graph runs ends it`() {
        val repeating = Repeating(OrtEngine(bundle))
        thread {
            repeating.running.await()
            repeating.stop.stop()
        }
        assertFailsWith<Cancelled> { repeating.forever() }
        assertEquals(setOf("text_hidden", "text_pooled"), Repeating(repeating.engine).once().keys)
        repeating.engine.close()
        assertEquals(emptySet(), repeating.engine.loaded)
    }

    @Test
    fun `closing waits for the run in progress`() {
        val repeating = Repeating(OrtEngine(bundle))
        val ended = FutureTask { assertFailsWith<Cancelled> { repeating.forever() } }
        thread(block = ended::run)
        repeating.running.await()
        repeat(10) { repeating.engine.close() } // closing a session that runs would end the process
        repeating.stop.stop()
        ended.get()
    }

    @Test
    fun `previews load the decoder alone and change nothing`() {
        val request = Request("a red cat", seed = 3u, steps = 6)
        val (plain, _) = draw(request, lowMemory = true)
        val opened = mutableListOf<Set<String>>()
        val engine = OrtEngine(bundle, lowMemory = true)
        val watched = object : Engine by engine {
            override fun run(name: String, tensors: Map<String, Tensor>, stop: Stop) =
                engine.run(name, tensors, stop).also { opened += loaded }
        }
        val previews = mutableListOf<Picture>()
        val drawing = Generator(watched).use { generator ->
            generator.draw(request, previewEvery = 2) { if (it is DrawingEvent.Preview) previews += it.picture }
        }
        assertEquals(listOf(1), opened.map { it.size }.distinct())
        assertEquals(2, previews.size)
        assertEquals(sha256(plain), sha256(drawing))
    }

    @Test
    fun `a file that is not a graph is named`() {
        bundle.folder.copyRecursively(folder)
        val copy = Bundle.open(folder)
        File(folder, "image_decoder.onnx").writeText("no graph")
        val error = assertFailsWith<EngineError> { OrtEngine(copy).open("image_decoder") }
        assertContains(error.message.orEmpty(), Regex("onnxruntime .* cannot open .*image_decoder.onnx"))
    }

    @Test
    fun `a graph unlike its manifest is named`() {
        bundle.folder.copyRecursively(folder)
        val copy = Bundle.open(folder)
        for (end in listOf("", ".data")) {
            File(folder, "conditioner.onnx$end").copyTo(File(folder, "text_encoder.onnx$end"), overwrite = true)
        }
        val error = assertFailsWith<BundleError> { OrtEngine(copy).open("text_encoder") }
        assertContains(error.message.orEmpty(), "text_encoder.onnx has inputs")
    }
}
