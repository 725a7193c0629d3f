package org.meissonic.mobile.app

import android.content.Intent
import android.content.res.Configuration
import android.view.View
import android.widget.Button
import android.widget.CompoundButton
import android.widget.EditText
import android.widget.ImageView
import java.io.File
import kotlin.test.assertContains
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import org.junit.Test
import org.meissonic.mobile.app.model.Arriving
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.Failed
import org.meissonic.mobile.app.model.Mode
import org.meissonic.mobile.app.model.NoModel
import org.meissonic.mobile.app.model.Ready
import org.meissonic.mobile.app.model.Stopped
import org.meissonic.mobile.app.model.Working
import org.meissonic.mobile.engine.Stage
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

private const val LARGE = "transformer.onnx.data"

private val STAGES = mapOf(
    Stage.IMAGE_ENCODER to "image_encoder",
    Stage.TEXT_ENCODER to "text_encoder",
    Stage.CONDITIONER to "conditioner",
    Stage.STEPS to "transformer",
    Stage.IMAGE_DECODER to "image_decoder",
)

/** Drawing from an empty app to the history, with what a person and a phone do meanwhile. */
class ScreensTest : OnAndroid() {
    private fun MainActivity.type(prompt: String, steps: String = "") {
        find<EditText>(R.id.prompt).setText(prompt)
        find<EditText>(R.id.steps).setText(steps)
    }

    private fun MainActivity.press() = find<Button>(R.id.draw).performClick()

    @Test
    fun `without a model the screen shows how to get one`() {
        app.bundledIn = "none"
        screen<MainActivity> { main ->
            assertEquals(NoModel, app.shelf.state.value)
            assertEquals("Get a model", text(main, R.id.begin))
            assertEquals(View.GONE, main.find<View>(R.id.get_model).visibility)
            assertEquals(View.GONE, main.find<View>(R.id.form).visibility)
            render(main, "no-model")
            main.find<Button>(R.id.begin).performClick()
            assertEquals(ModelActivity::class.java.name, shadowOf(main).nextStartedActivity.component!!.className)
        }
    }

    @Test
    fun `two taps install the model that comes with the app, and draw with it`() = screen<MainActivity> { main ->
        render(main, "first-run")
        main.find<Button>(R.id.begin).performClick()
        until { app.shelf.state.value !is Arriving }
        assertIs<Ready>(app.shelf.state.value, text(main, R.id.model_state))
        assertEquals(View.VISIBLE, main.find<View>(R.id.form).visibility)
        main.press()
        until { app.studio.state.value is Done }
        assertEquals("Picture: a purple cat wearing a hat", main.find<View>(R.id.result).contentDescription)
        assertContentEquals(File(bundle, LARGE).readBytes(), File(app.filesDir, "models/model/$LARGE").readBytes())
    }

    @Test
    fun `a stopped installation from the app goes on where it was`() {
        val whole = File(bundle, LARGE).readBytes()
        app.bundled.open(LARGE, from = 1000).use { opened ->
            assertEquals(1000, opened.from)
            assertContentEquals(whole.copyOfRange(1000, whole.size), opened.stream.readBytes())
        }
        val partial = File(app.filesDir, "models/model.partial").apply { mkdirs() }
        for (name in listOf("manifest.json", LARGE)) File(bundle, name).copyTo(File(partial, name))
        val again = again()
        screen<MainActivity>(of = again) { main ->
            assertContains(text(main, R.id.model_state), "have arrived")
            main.find<Button>(R.id.begin).performClick()
            until { again.shelf.state.value !is Arriving }
            assertIs<Ready>(again.shelf.state.value)
        }
    }

    @Test
    fun `a prompt becomes a picture that is kept in the history`() {
        install()
        screen<MainActivity> { main ->
            main.type("a red cat on a blue background")
            main.find<EditText>(R.id.seed).setText("7")
            main.press()
            assertIs<Working>(app.studio.state.value)
            assertEquals("Stop", text(main, R.id.draw))
            until { app.studio.state.value is Done }
            assertEquals(View.VISIBLE, main.find<View>(R.id.result).visibility)
            assertEquals("Picture: a red cat on a blue background", main.find<View>(R.id.result).contentDescription)
            render(main, "drawn")
        }
        screen<HistoryActivity> { render(it, "history") }
        val drawn = app.gallery.entries.value.single()
        val intent = Intent(app, PictureActivity::class.java).putExtra(PictureActivity.ID, drawn.id)
        screen<PictureActivity>(intent) { picture ->
            render(picture, "picture")
            picture.find<Button>(R.id.use).performClick()
        }
        assertEquals("a red cat on a blue background" to "7", app.draftFile.load().run { prompt to seed })
    }

    @Test
    fun `turning the phone keeps the form and the drawing`() {
        install()
        val hold = hold("transformer", after = 1)
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            controller.setup().get().run {
                type("a green fish", steps = "4")
                press()
            }
            until { (app.studio.state.value as Working).preview != null }
            RuntimeEnvironment.setQualifiers("w891dp-h411dp-land")
            controller.configurationChange()
            val turned = controller.get()
            assertEquals(Configuration.ORIENTATION_LANDSCAPE, turned.resources.configuration.orientation)
            assertEquals("a green fish", text(turned, R.id.prompt))
            assertEquals("Stop", text(turned, R.id.draw))
            assertNotNull(turned.find<ImageView>(R.id.result).drawable)
            hold.release()
            until { app.studio.state.value is Done }
            assertEquals("Picture: a green fish", turned.find<View>(R.id.result).contentDescription)
        }
    }

    @Test
    fun `a drawing that Android ended is reported, and the form is unchanged`() {
        install()
        hold("transformer", after = 1)
        screen<MainActivity> { main ->
            main.type("a green fish", steps = "1000")
            main.press()
            until { (app.studio.state.value as Working).step == 1 }
        }
        val again = again()
        app.studio.stop()
        until { app.studio.state.value == Stopped }
        screen<MainActivity>(of = again) { main ->
            assertEquals(main.getString(R.string.interrupted), text(main, R.id.status))
            assertEquals("a green fish" to "1000", text(main, R.id.prompt) to text(main, R.id.steps))
            main.type("a green fish", steps = "2")
            main.press()
            until { again.studio.state.value is Done }
            assertEquals(1, again.gallery.entries.value.size)
        }
    }

    @Test
    fun `a drawing can be stopped in every stage, and the next one is whole`() {
        install()
        app.picked.take(File(System.getProperty("repository"), "docs/samples.png"))
        until { app.picked.state.value.bitmap != null }
        screen<MainActivity> { main ->
            main.type("a yellow star", steps = "8")
            main.find<Flow>(R.id.mode).chosen = Mode.REDRAW.ordinal
            main.press()
            assertEquals(Working(), app.studio.state.value) // the files are being checked
            main.press()
            until { app.studio.state.value == Stopped }
            main.find<CompoundButton>(R.id.preview).isChecked = false // the decoder's first run is the last stage's
            for ((stage, graph) in STAGES) {
                val hold = hold(graph)
                main.press()
                until { hold.reached && (app.studio.state.value as Working).stage == stage }
                main.press()
                until { app.studio.state.value == Stopped }
                assertEquals("Stopped", text(main, R.id.status), stage.name)
            }
            hold("transformer", after = 2)
            main.find<CompoundButton>(R.id.preview).isChecked = true
            main.press()
            until { (app.studio.state.value as Working).preview != null }
            assertEquals("The unfinished picture", main.find<View>(R.id.result).contentDescription)
            render(main, "drawing")
            main.press()
            until { app.studio.state.value == Stopped }
            hold(null)
            assertTrue(app.gallery.entries.value.isEmpty())
            main.type("a yellow star", steps = "2")
            main.press()
            until { app.studio.state.value is Done }
        }
    }

    @Test
    fun `wrong values are reported at their fields`() {
        install()
        screen<MainActivity> { main ->
            main.press()
            assertEquals("Say what to draw", main.find<EditText>(R.id.prompt).error)
            main.type("a cat", steps = "0")
            main.press()
            assertEquals("A whole number from 1 to 1000, or nothing", main.find<EditText>(R.id.steps).error)
            assertTrue(main.find<Sheet>(R.id.form).open, "the field is in the sheet")
            main.type("a cat", steps = "4")
            main.find<Flow>(R.id.mode).chosen = Mode.REPAINT.ordinal
            main.press()
            assertEquals("Choose a picture first", text(main, R.id.status))
        }
    }

    @Test
    fun `too little memory is reported before anything is loaded`() {
        install()
        freeMemory(1L shl 20)
        screen<MainActivity> { main ->
            main.type("a cat")
            main.press()
            until { app.studio.state.value is Failed }
            assertContains(text(main, R.id.status), Regex("Drawing needs about .* of memory, and .* are free"))
        }
    }

    @Test
    fun `a damaged file of the model is named, and nothing is lost`() {
        install()
        File(app.filesDir, "models/model/transformer.onnx.data").appendText("x")
        screen<MainActivity> { main ->
            main.type("a cat")
            main.press()
            until { app.studio.state.value is Failed }
            assertContains(text(main, R.id.status), "transformer.onnx.data, a file of the model, has changed")
            assertEquals("a cat", text(main, R.id.prompt))
        }
    }

    @Test
    fun `full storage is reported, and the form is kept`() {
        install()
        File(app.filesDir, "gallery").writeText("no folder: nothing can be written in it")
        File(app.filesDir, "draft.json.tmp").mkdirs()
        screen<MainActivity> { main ->
            main.type("a cat", steps = "2")
            main.press()
            until { app.studio.state.value is Failed }
            assertContains(text(main, R.id.status), "free some storage and draw again")
        }
        screen<MainActivity> { main -> assertEquals("a cat", text(main, R.id.prompt)) }
    }
}
