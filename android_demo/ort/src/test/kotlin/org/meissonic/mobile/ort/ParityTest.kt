package org.meissonic.mobile.ort

import java.io.File
import java.security.MessageDigest
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
import org.meissonic.mobile.engine.Cancelled
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.EngineError
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.engine.Graph
import org.meissonic.mobile.engine.GraphOpener
import org.meissonic.mobile.engine.ImageToImage
import org.meissonic.mobile.engine.Inpaint
import org.meissonic.mobile.engine.Ints
import org.meissonic.mobile.engine.Margins
import org.meissonic.mobile.engine.Outpaint
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Progress
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.StageBegan
import org.meissonic.mobile.engine.Stage
import org.meissonic.mobile.engine.Stepped
import org.meissonic.mobile.engine.Stop
import org.meissonic.mobile.engine.Task
import org.meissonic.mobile.engine.TextToImage
import org.meissonic.mobile.engine.hexadecimal

/** The real bundle on the real onnxruntime, beside what Python recorded. */
class ParityTest {
    @Serializable
    class Run(
        val mode: String,
        val prompt: String,
        val seed: String,
        val steps: Int,
        val guidance: Double,
        @SerialName("low_memory") val lowMemory: Boolean,
        val tokens: List<List<Int>>,
        @SerialName("image_sha256") val imageSha256: String,
        val image: IntArray? = null,
        @SerialName("image_size") val imageSize: Size? = null,
        val mask: IntArray? = null,
        val strength: Double? = null,
        val margins: List<Int>? = null,
    ) {
        fun task(size: Size): Task {
            val request = Request(prompt, seed = seed.toULong(), steps = steps, guidance = guidance)
            val picture = image?.let { Picture(imageSize!!, it) }
            return when (mode) {
                "text" -> TextToImage(request)
                "image" -> ImageToImage(request, picture!!, strength)
                "inpaint" -> Inpaint(request, picture!!, Picture(size, mask!!), strength!!)
                "outpaint" -> Outpaint(request, picture!!, margins!!.let { Margins(it[0], it[1], it[2], it[3]) })
                else -> error("mode $mode")
            }
        }
    }

    @TempDir
    lateinit var folder: File

    private val bundle = Bundle.open(File(System.getProperty("bundle")))

    private fun draw(task: Task, opener: OrtOpener = OrtOpener()): Pair<Drawing, List<IntArray>> {
        val after = mutableListOf<IntArray>()
        val drawing = Generator(bundle, opener).use { generator ->
            generator.drawNow(task) { if (it is Stepped) after += it.tokens }
        }
        return drawing to after
    }

    private fun sha256(drawing: Drawing) = hexadecimal(MessageDigest.getInstance("SHA-256").digest(drawing.rgb))

    @Test
    fun `the golden trace is drawn token for token and byte for byte`() {
        val golden = bundle.golden()!!
        val request = Request(golden.prompt, golden.negative, golden.seed, golden.steps, golden.guidance, golden.size)
        val (drawing, after) = draw(TextToImage(request))
        assertEquals(golden.tokens, after.map { it.toList() })
        assertEquals(golden.finalTokens, drawing.tokens.toList())
        assertEquals(golden.imageSha256, sha256(drawing))
    }

    @Test
    fun `every mode is drawn as Python draws it, weights copied or mapped`() {
        val runs = Json.decodeFromString<List<Run>>(File(System.getProperty("vectors"), "runs.json").readText())
        assertEquals(setOf("text", "image", "inpaint", "outpaint"), runs.map { it.mode }.toSet())
        for (run in runs) {
            val (drawing, after) = draw(run.task(bundle.manifest.defaults.size), OrtOpener(lowMemory = run.lowMemory))
            assertEquals(run.tokens, after.map { it.toList() }, run.mode)
            assertEquals(run.imageSha256, sha256(drawing), run.mode)
        }
    }

    @Test
    fun `a run is terminated in every stage and the next drawing is whole`() {
        Generator(bundle, OrtOpener()).use { generator ->
            for (stage in Stage.entries.drop(1)) {
                val stop = Stop()
                val tell = { progress: Progress -> if (progress == StageBegan(stage)) stop.stop() }
                assertFailsWith<Cancelled> { generator.drawNow(TextToImage(Request("a red cat")), stop = stop, tell = tell) }
                assertEquals(emptySet(), generator.loaded)
            }
            assertTrue(generator.drawNow(TextToImage(Request("a red cat"))).rgb.isNotEmpty())
        }
    }

    @Test
    fun `terminating while a graph runs ends it`() {
        val graph = OrtOpener().open(bundle, "text_encoder")
        val ids = Ints(IntArray(2 * bundle.manifest.model.textLength), 2, bundle.manifest.model.textLength)
        val stop = Stop()
        val stopper = Thread {
            Thread.sleep(50)
            stop.stop()
        }
        stopper.start()
        assertFailsWith<Cancelled> { while (true) graph.run(mapOf("input_ids" to ids), stop) }
        graph.run(mapOf("input_ids" to ids), Stop())
        graph.close()
        graph.close()
        val error = assertFailsWith<EngineError> { graph.run(mapOf("input_ids" to ids), Stop()) }
        assertEquals("graph text_encoder is closed: open it again", error.message)
    }

    @Test
    fun `closing waits for the run in progress`() {
        val graph = OrtOpener().open(bundle, "text_encoder")
        val ids = Ints(IntArray(2 * bundle.manifest.model.textLength), 2, bundle.manifest.model.textLength)
        val running = FutureTask { assertFailsWith<EngineError> { while (true) graph.run(mapOf("input_ids" to ids), Stop()) } }
        thread(block = running::run)
        Thread.sleep(50)
        graph.close() // under a run it would end the process
        assertEquals("graph text_encoder is closed: open it again", running.get().message)
    }

    @Test
    fun `previews load the decoder alone and change nothing`() {
        val task = TextToImage(Request("a red cat", seed = 3u, steps = 6))
        val plain = Generator(bundle, OrtOpener(lowMemory = true)).use { it.drawNow(task) }
        var (open, most) = 0 to 0
        val counting = GraphOpener { bundle, name ->
            most = maxOf(most, ++open)
            val graph = OrtOpener(lowMemory = true).open(bundle, name)
            object : Graph by graph {
                override fun close() {
                    graph.close()
                    open--
                }
            }
        }
        val previews = mutableListOf<Picture>()
        val drawing = Generator(bundle, counting).use { generator ->
            generator.drawNow(task, previewEvery = 2) { told -> (told as? Stepped)?.preview?.let(previews::add) }
        }
        assertEquals(1, most)
        assertEquals(2, previews.size)
        assertEquals(sha256(plain), sha256(drawing))
    }

    @Test
    fun `a file that is no graph is named`() {
        bundle.folder.copyRecursively(folder)
        val copy = Bundle.open(folder)
        File(folder, "image_decoder.onnx").writeText("no graph")
        val error = assertFailsWith<EngineError> { OrtOpener().open(copy, "image_decoder") }
        assertContains(error.message.orEmpty(), Regex("onnxruntime .* cannot open .*image_decoder.onnx"))
    }

    @Test
    fun `a graph unlike its manifest is named`() {
        bundle.folder.copyRecursively(folder)
        val copy = Bundle.open(folder)
        for (end in listOf("", ".data")) {
            File(folder, "conditioner.onnx$end").copyTo(File(folder, "text_encoder.onnx$end"), overwrite = true)
        }
        val error = assertFailsWith<BundleError> { OrtOpener().open(copy, "text_encoder") }
        assertContains(error.message.orEmpty(), "text_encoder.onnx has inputs")
    }
}
