package org.meissonic.mobile.engine

import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** Graphs that give zeros of the manifest's shapes; `block` holds the named one until it is stopped. */
private class Zeros(private val bundle: Bundle, private val block: String? = null) : GraphOpener {
    val blocked = CountDownLatch(1)
    val open = mutableListOf<String>()
    val opened = mutableListOf<String>()
    val most = mutableListOf<Int>()

    override fun open(bundle: Bundle, name: String): Graph {
        open += name
        opened += name
        most += open.size
        return ZeroGraph(name)
    }

    inner class ZeroGraph(private val name: String) : Graph {
        private val facts = bundle.manifest.graphs.getValue(name)

        override fun run(inputs: Map<String, Tensor>, stop: Stop): Map<String, Tensor> {
            val ended = CountDownLatch(1)
            if (name == block) {
                stop.during({ ended.countDown() }) {
                    blocked.countDown()
                    check(ended.await(10, TimeUnit.SECONDS)) { "never stopped" }
                }
                stop.check()
            }
            val named = facts.inputs.flatMap { it.shape.zip(inputs.getValue(it.name).shape) }
                .filter { it.first.name != null }.associate { it.first.name to it.second }
            return facts.outputs.associate { facts ->
                val shape = facts.shape.map { it.fixed ?: named.getValue(it.name) }.toIntArray()
                val count = shape.fold(1, Int::times)
                facts.name to when (facts.dtype) {
                    DType.INT32 -> Ints(IntArray(count), *shape)
                    DType.FLOAT32 -> Floats(FloatArray(count), *shape)
                    DType.UINT8 -> Bytes(ByteArray(count), *shape)
                }
            }
        }

        override fun close() {
            open -= name
        }
    }
}

class GeneratorTest {
    private val bundle = Bundle.open(bundleFolder)
    private val size = bundle.manifest.defaults.size
    private val picture = Picture(size, IntArray(size.width * size.height) { -1 })
    private val request = Request("a red cat", steps = 4)
    private val tasks = mapOf("text_encoder" to TextToImage(request), "image_encoder" to ImageToImage(request, picture))

    private fun message(task: Task) =
        assertFailsWith<RequestError> { Generator(bundle, Zeros(bundle)).drawNow(task) }.message.orEmpty()

    @Test
    fun `progress names every stage and step and ends with the drawing`() = runBlocking {
        val told = Generator(bundle, Zeros(bundle)).draw(ImageToImage(request, picture, 0.5), previewEvery = 1).toList()
        val stages = told.filterIsInstance<StageBegan>().map { it.stage }
        assertEquals(Stage.entries.toList(), stages)
        val steps = told.filterIsInstance<Stepped>()
        assertEquals(listOf(3, 4), steps.map { it.step })
        assertEquals(listOf(true, false), steps.map { it.preview != null })
        assertTrue(told.last() is Finished)
    }

    @Test
    fun `one graph is in memory at a time, also for previews`() {
        val opener = Zeros(bundle)
        val generator = Generator(bundle, opener)
        generator.drawNow(ImageToImage(request, picture), previewEvery = 1)
        assertEquals(emptySet(), generator.loaded)
        assertEquals(setOf(1), opener.most.toSet())
        assertTrue(opener.opened.count { it == "image_decoder" } > 1, "${opener.opened}")
    }

    @Test
    fun `with keep each graph is loaded once`() {
        val opener = Zeros(bundle)
        Generator(bundle, opener, keep = true).use { generator ->
            repeat(2) { generator.drawNow(ImageToImage(request, picture), previewEvery = 1) }
            assertEquals(generator.loaded, opener.open.toSet())
        }
        assertEquals(bundle.manifest.graphs.size, opener.opened.size)
        assertEquals(emptyList(), opener.open)
    }

    @Test
    fun `stopping after a preview leaves nothing loaded`() {
        val opener = Zeros(bundle)
        val stop = Stop()
        val tell = { progress: Progress -> if (progress is Stepped && progress.preview != null) stop.stop() }
        assertFailsWith<Cancelled> { Generator(bundle, opener).drawNow(TextToImage(request), 1, stop, tell) }
        assertEquals(emptyList(), opener.open)
    }

    @Test
    fun `cancelling the collector ends the run in every stage and leaves nothing loaded`() {
        for (name in listOf("image_encoder", "text_encoder", "conditioner", "transformer", "image_decoder")) {
            val opener = Zeros(bundle, block = name)
            val generator = Generator(bundle, opener)
            runBlocking {
                val task = tasks["image_encoder"].takeIf { name == "image_encoder" } ?: TextToImage(request)
                val collector = launch(Dispatchers.Default) { generator.draw(task).collect() }
                assertTrue(opener.blocked.await(10, TimeUnit.SECONDS), name)
                collector.cancelAndJoin()
            }
            assertEquals(emptyList(), opener.open, name)
        }
    }

    @Test
    fun `a stopped drawing in the caller's thread throws Cancelled, and the next one draws`() {
        val opener = Zeros(bundle, block = "conditioner")
        val stop = Stop()
        thread {
            opener.blocked.await()
            stop.stop()
        }
        assertFailsWith<Cancelled> { Generator(bundle, opener).drawNow(TextToImage(request), stop = stop) }
        assertEquals(4, Generator(bundle, Zeros(bundle)).drawNow(TextToImage(request)).settings.steps)
    }

    @Test
    fun `a second request meanwhile is refused and the first goes on`() {
        val opener = Zeros(bundle, block = "text_encoder")
        val generator = Generator(bundle, opener)
        val stop = Stop()
        val first = thread { runCatching { generator.drawNow(TextToImage(request), stop = stop) } }
        opener.blocked.await()
        val error = assertFailsWith<RequestError> { generator.drawNow(TextToImage(request)) }
        assertEquals("a drawing is being made: wait for it or stop it", error.message)
        assertEquals(listOf("text_encoder"), opener.open)
        stop.stop()
        first.join()
    }

    @Test
    fun `closing twice is harmless and drawing afterwards is refused`() {
        val generator = Generator(bundle, Zeros(bundle), keep = true)
        generator.drawNow(TextToImage(request))
        generator.close()
        generator.close()
        assertEquals(emptySet(), generator.loaded)
        val error = assertFailsWith<RequestError> { generator.drawNow(TextToImage(request)) }
        assertContains(error.message.orEmpty(), "closed")
    }

    @Test
    fun `values out of range are named with the range`() {
        assertEquals("the prompt is empty: say what to draw", message(TextToImage(Request("  "))))
        assertContains(message(TextToImage(request.copy(steps = 0))), "steps 0 is out of range: give 1 to 1000")
        assertContains(message(TextToImage(request.copy(guidance = Double.NaN))), "guidance NaN is out of range")
        assertContains(message(TextToImage(request.copy(size = Size(1, 1)))), "size 1x1 is not in this bundle, which draws 64x64")
        assertContains(message(ImageToImage(request, picture, 0.0)), "strength 0.0 is out of range")
        assertContains(message(ImageToImage(request, Picture(Size(1, 1), intArrayOf(0)))), "the image is 1x1 pixels, 64x64 is needed")
        assertContains(message(Outpaint(request, picture, Margins(3, 0, 0, 0))), "margins 3 0 0 0 are no frame")
        assertContains(message(Outpaint(request, picture, Margins(4, 0, 0, 0))), "make 68x64, but the bundle draws 64x64")
    }

    @Test
    fun `what a graph gives that is no probability is refused`() {
        val opener = GraphOpener { _, name ->
            val zeros = Zeros(bundle).ZeroGraph(name)
            object : Graph by zeros {
                override fun run(inputs: Map<String, Tensor>, stop: Stop) = zeros.run(inputs, stop).mapValues { (key, value) ->
                    if (key == "log_prob") Floats(FloatArray(256) { Float.NaN }, 256) else value
                }
            }
        }
        val error = assertFailsWith<EngineError> { Generator(bundle, opener).drawNow(TextToImage(request)) }
        assertContains(error.message.orEmpty(), "step 0 gave a probability that is not a number")
    }
}
