package org.meissonic.mobile.app.model

import java.io.File
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.io.TempDir
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.RequestError
import org.meissonic.mobile.ort.OrtEngine
import org.meissonic.mobile.store.FolderSource
import org.meissonic.mobile.store.Hanging
import org.meissonic.mobile.store.ModelStore

private const val LARGE = "transformer.onnx.data"

/** The state of the process under two requests at once. */
class ProcessTest {
    @TempDir
    lateinit var folder: File

    private val bundle = File(System.getProperty("bundle"))
    private val marker get() = File(folder, "drawing")
    private val generator = Generator(OrtEngine(Bundle.open(bundle)))

    private fun gallery() = Gallery(File(folder, "gallery"), { _, stream -> stream.write(1) })

    private fun request(steps: Int) = Request("a red cat", steps = steps)

    @Test
    fun `a second drawing is refused, and the first goes on`() = runBlocking {
        val gallery = gallery()
        val studio = Studio(this, gallery, marker, { Long.MAX_VALUE }) { generator }
        assertTrue(studio.draw(request(2), 0))
        assertFalse(studio.draw(request(3), 0))
        val drawn = assertIs<Done>(studio.state.first { it !is Working }).drawn
        assertEquals(2, drawn.settings.steps)
        assertEquals(listOf(drawn), gallery.entries.value)
        yield()
        assertFalse(marker.exists())
    }

    @Test
    fun `four pictures have consecutive seeds, and a stop keeps those that are finished`() = runBlocking {
        val gallery = gallery()
        val studio = Studio(this, gallery, marker, { Long.MAX_VALUE }) { generator }
        studio.draw(request(2).copy(seed = ULong.MAX_VALUE - 1u), 0, count = 4)
        studio.state.first { it is Done }
        val seeds = gallery.entries.value.map { it.settings.seed }
        assertEquals(listOf(1uL, 0uL, ULong.MAX_VALUE, ULong.MAX_VALUE - 1u), seeds)
        studio.draw(request(200), 0, count = 4)
        studio.state.first { it is Working && it.number == 2 && it.step > 0 }
        studio.stop()
        studio.state.first { it == Stopped }
        assertEquals(5, gallery.entries.value.size)
    }

    @Test
    fun `forgetting the model stops the drawing and closes the generator`() = runBlocking {
        val studio = Studio(this, gallery(), marker, { Long.MAX_VALUE }) { generator }
        studio.draw(request(1000), 0)
        studio.state.first { it is Working && it.step > 0 }
        studio.forget()
        assertEquals(Stopped, studio.state.value)
        assertEquals(emptySet(), generator.loaded)
        val error = assertFailsWith<RequestError> { generator.draw(request(1)) }
        assertContains(error.message.orEmpty(), "closed")
    }

    @Test
    fun `too little memory fails before anything is loaded`() = runBlocking {
        val studio = Studio(this, gallery(), marker, { 0 }) { generator }
        studio.draw(request(2), 0)
        assertIs<RequestError>(assertIs<Failed>(studio.state.first { it !is Working }).error)
        assertEquals(emptySet(), generator.loaded)
    }

    @Test
    fun `whatever a model breaks is reported, and the app goes on`() = runBlocking {
        val broken = listOf(NoSuchElementException("x"), ArithmeticException("/ by zero"), StackOverflowError(), OutOfMemoryError(), UnsatisfiedLinkError())
        for (error in broken) {
            val studio = Studio(this, gallery(), marker, { Long.MAX_VALUE }) { throw error }
            studio.draw(request(2), 0)
            val failed = assertIs<Failed>(studio.state.first { it !is Working })
            assertContains(failed.error.message.orEmpty(), "this model cannot draw")
            val shelf = Shelf(this, ModelStore(File(folder, "models"))) {}
            shelf.install { _, _ -> throw error }
            assertIs<Trouble>(shelf.state.first { it !is Arriving })
        }
        yield()
        assertFalse(marker.exists())
    }

    @Test
    fun `a second installation is refused, and no file changes before the model is released`() = runBlocking {
        val root = File(folder, "models")
        val released = CompletableDeferred<Unit>()
        val shelf = Shelf(this, ModelStore(root)) { released.await() }
        assertTrue(shelf.install(Hanging(FolderSource(bundle), LARGE, 1000)))
        assertFalse(shelf.install(FolderSource(bundle)))
        yield()
        assertFalse(root.exists())
        released.complete(Unit)
        shelf.state.first { it is Arriving && it.total > 0 }
        shelf.stop()
        assertIs<Unfinished>(shelf.state.first { it !is Arriving })
        assertTrue(shelf.install(FolderSource(bundle)))
        assertIs<Ready>(shelf.state.first { it !is Arriving })
        shelf.delete()
        shelf.state.first { it == NoModel }
        assertEquals(emptyList(), root.list()!!.toList())
    }
}
