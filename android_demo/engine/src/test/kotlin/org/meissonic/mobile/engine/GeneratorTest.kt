package org.meissonic.mobile.engine

import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** Gives zeros of the manifest's shapes; `held` is a graph whose run goes on until it is stopped. */
private open class Zeros(override val bundle: Bundle, private val held: String? = null) : Engine {
    val running = CountDownLatch(1)
    val opened = mutableListOf<String>()
    val ran = mutableListOf<String>()
    var most = 0 // graphs in memory at once
    final override val loaded = mutableSetOf<String>()

    override fun open(name: String) {
        if (!loaded.add(name)) return
        opened += name
        most = maxOf(most, loaded.size)
    }

    override fun close(name: String) {
        loaded -= name
    }

    override fun close() = loaded.clear()

    override fun run(name: String, tensors: Map<String, Tensor>, stop: Stop): Map<String, Tensor> {
        stop.check()
        open(name)
        ran += name
        if (name == held) {
            val ended = CountDownLatch(1)
            stop.during(ended::countDown) {
                running.countDown()
                ended.await()
            }
            stop.check()
        }
        val facts = bundle.manifest.graphs.getValue(name)
        val named = facts.inputs.flatMap { it.shape.zip(tensors.getValue(it.name).shape) }
            .filter { it.first.name != null }.associate { it.first.name to it.second }
        return facts.outputs.associate { output ->
            val shape = output.shape.map { it.fixed ?: named.getValue(it.name) }.toIntArray()
            val count = shape.fold(1, Int::times)
            output.name to when (output.dtype) {
                DType.INT32 -> Ints(IntArray(count), *shape)
                DType.FLOAT32 -> Floats(FloatArray(count), *shape)
                DType.UINT8 -> Bytes(ByteArray(count), *shape)
            }
        }
    }
}

class GeneratorTest {
    private val bundle = Bundle.open(bundleFolder)
    private val size = bundle.manifest.defaults.size
    private val picture = Picture(size, IntArray(size.width * size.height) { -1 })
    private val request = Request("a red cat", steps = 4)
    private val redraw = request.copy(edit = Edit.ImageToImage(picture))

    private fun message(request: Request) =
        assertFailsWith<RequestError> { Generator(Zeros(bundle)).draw(request) }.message.orEmpty()

    private fun message(edit: Edit) = message(request.copy(edit = edit))

    @Test
    fun `events name every stage and step and end with the drawing`() = runBlocking {
        val half = request.copy(edit = Edit.ImageToImage(picture, 0.5))
        val events = Generator(Zeros(bundle)).events(half, previewEvery = 1).toList()
        assertEquals(Stage.entries.toList(), events.filterIsInstance<DrawingEvent.Began>().map { it.stage })
        assertEquals(listOf(2, 3), events.filterIsInstance<DrawingEvent.Step>().map { it.progress.step })
        assertEquals(listOf(2), events.filterIsInstance<DrawingEvent.Preview>().map { it.step })
        assertIs<DrawingEvent.Finished>(events.last())
        Unit
    }

    @Test
    fun `one graph is in memory at a time, also for previews`() {
        val engine = Zeros(bundle)
        val generator = Generator(engine)
        generator.draw(redraw, previewEvery = 1)
        assertEquals(emptySet(), generator.loaded)
        assertEquals(1, engine.most)
        val previews = List(3) { listOf("transformer", "image_decoder") }.flatten()
        assertEquals(listOf("image_encoder", "text_encoder", "conditioner") + previews.take(4), engine.opened.take(7))
    }

    @Test
    fun `graphs that were loaded before are unloaded first`() {
        val engine = Zeros(bundle)
        engine.open("image_decoder")
        Generator(engine).draw(request)
        assertEquals(1, engine.most)
    }

    @Test
    fun `with keep each graph is loaded once`() {
        val engine = Zeros(bundle)
        Generator(engine, keep = true).use { generator ->
            repeat(2) { generator.draw(redraw, previewEvery = 1) }
            assertEquals(bundle.manifest.graphs.keys, generator.loaded)
        }
        assertEquals(bundle.manifest.graphs.size, engine.opened.size)
        assertEquals(emptySet(), engine.loaded)
    }

    @Test
    fun `stopping after a preview leaves nothing loaded`() {
        val engine = Zeros(bundle)
        val stop = Stop()
        assertFailsWith<Cancelled> {
            Generator(engine).draw(request, 1, stop) { event -> if (event is DrawingEvent.Preview) stop.stop() }
        }
        assertEquals(emptySet(), engine.loaded)
    }

    @Test
    fun `cancelling the collector ends the run in every stage and leaves nothing loaded`() {
        for (name in listOf("image_encoder", "text_encoder", "conditioner", "transformer", "image_decoder")) {
            val engine = Zeros(bundle, held = name)
            runBlocking {
                val collector = launch(Dispatchers.Default) { Generator(engine).events(redraw).collect() }
                engine.running.await()
                collector.cancelAndJoin()
            }
            assertEquals(emptySet(), engine.loaded, name)
        }
    }

    @Test
    fun `a stopped drawing in the caller's thread throws Cancelled, and the next one draws`() {
        val engine = Zeros(bundle, held = "conditioner")
        val stop = Stop()
        thread {
            engine.running.await()
            stop.stop()
        }
        assertFailsWith<Cancelled> { Generator(engine).draw(request, stop = stop) }
        assertEquals(4, Generator(Zeros(bundle)).draw(request).settings.steps)
    }

    @Test
    fun `a second request meanwhile is refused and the first goes on`() {
        val engine = Zeros(bundle, held = "text_encoder")
        val generator = Generator(engine)
        val stop = Stop()
        val first = thread { runCatching { generator.draw(request, stop = stop) } }
        engine.running.await()
        val error = assertFailsWith<RequestError> { generator.draw(request) }
        assertEquals("a drawing is being made: wait for it or stop it", error.message)
        assertEquals(setOf("text_encoder"), engine.loaded)
        stop.stop()
        first.join()
    }

    @Test
    fun `closing twice is harmless and drawing afterwards is refused`() {
        val generator = Generator(Zeros(bundle), keep = true)
        generator.draw(request)
        generator.close()
        generator.close()
        assertEquals(emptySet(), generator.loaded)
        val error = assertFailsWith<RequestError> { generator.draw(request) }
        assertContains(error.message.orEmpty(), "closed")
    }

    @Test
    fun `values out of range are named with the range`() {
        assertEquals("the prompt is empty: say what to draw", message(Request("  ")))
        assertContains(message(request.copy(steps = 0)), "steps 0 is out of range: give 1 to 1000")
        assertContains(message(request.copy(guidance = Double.NaN)), "guidance NaN is out of range")
        assertContains(message(request.copy(guidanceFrom = -0.5)), "guidance from -0.5 is out of range: give 0 to 1")
        assertContains(message(request.copy(guidanceUntil = Double.NaN)), "guidance until NaN is out of range")
        assertContains(message(request.copy(guidanceFrom = 0.5, guidanceUntil = 0.5)), "until 0.5 guides no step")
        assertContains(message(request.copy(size = Size(1, 1))), "size 1x1 is not in this bundle, which draws 64x64")
        assertContains(message(Edit.ImageToImage(picture, 0.0)), "strength 0.0 is out of range")
        assertContains(message(Edit.Outpaint(picture, Margins(3, 0, 0, 0))), "margins 3 0 0 0 are no frame")
        val huge = Int.MAX_VALUE / 4 * 4
        assertContains(message(Edit.Outpaint(picture, Margins(huge, 0, huge, 0))), "are no frame")
        val room = "margins 32 0 32 0 leave no room for the picture in 64x64 pixels"
        assertContains(message(Edit.Outpaint(picture, Margins(32, 0, 32, 0))), room)
    }

    @Test
    fun `with keepText the same text is encoded once`() {
        val engine = Zeros(bundle)
        fun ran(name: String) = engine.ran.count { it == name }
        Generator(engine, keepText = true).use { generator ->
            for (seed in 0uL..2uL) generator.draw(request.copy(seed = seed))
            assertEquals(listOf(1, 1, 3), listOf("text_encoder", "conditioner", "image_decoder").map(::ran))
            generator.draw(request.copy(prompt = "a dog"))
            generator.draw(request.copy(prompt = "a dog", steps = 5))
            assertEquals(3, ran("text_encoder"))
        }
        Generator(engine).use { generator -> repeat(2) { generator.draw(request) } }
        assertEquals(5, ran("text_encoder"))
    }

    @Test
    fun `a picture and a mask of any size are drawn on, and what the mask keeps is the picture's`() {
        val photo = Picture(Size(50, 21), IntArray(50 * 21) { 0xFFC8C8C8.toInt() })
        val mask = Picture(Size(10, 4), IntArray(40) { if (it % 10 < 5) -1 else 0xFF000000.toInt() })
        val edit = Edit.Inpaint(photo, mask)
        fun right(compose: Boolean): Set<Int> {
            val drawing = Generator(Zeros(bundle)).draw(request.copy(edit = edit, fit = Fit.STRETCH, compose = compose))
            return drawing.picture.argb.filterIndexed { at, _ -> at % 64 >= 32 }.toSet()
        }
        assertEquals(setOf(0xFFC8C8C8.toInt()), right(compose = true))
        assertEquals(setOf(0xFF000000.toInt()), right(compose = false))
    }

    @Test
    fun `a step outside the interval of guidance runs the prompt's row alone`() {
        val rows = mutableListOf<Int>()
        val engine = object : Zeros(bundle) {
            override fun run(name: String, tensors: Map<String, Tensor>, stop: Stop): Map<String, Tensor> {
                if (name == "transformer") rows += tensors.getValue("context").shape[0]
                return super.run(name, tensors, stop)
            }
        }
        Generator(engine).draw(request.copy(guidance = 3.0, guidanceFrom = 0.25, guidanceUntil = 0.75))
        assertEquals(listOf(1, 2, 2, 1), rows)
    }

    @Test
    fun `a log probability that is not a number is refused`() {
        val engine = object : Zeros(bundle) {
            override fun run(name: String, tensors: Map<String, Tensor>, stop: Stop) =
                super.run(name, tensors, stop).mapValues { (key, value) ->
                    if (key == "log_prob") Floats(FloatArray(256) { Float.NaN }, 256) else value
                }
        }
        val error = assertFailsWith<EngineError> { Generator(engine).draw(request) }
        assertContains(error.message.orEmpty(), "step 0 gave a probability that is not a number")
    }
}
