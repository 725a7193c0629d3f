package org.meissonic.mobile.app

import android.app.Activity
import android.app.Application
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.os.Looper
import android.view.View
import android.widget.Button
import android.widget.EditText
import android.widget.ImageView
import android.widget.Spinner
import android.widget.TextView
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.Mode
import org.meissonic.mobile.app.model.NoModel
import org.meissonic.mobile.app.model.Ready
import org.meissonic.mobile.app.model.Stroke
import org.meissonic.mobile.app.model.Working
import org.meissonic.mobile.store.FolderSource
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

private val bundle = File(System.getProperty("bundle"))
private val screens = File(System.getProperty("screens")).also(File::mkdirs)

/** The screens on Android's own code, drawing with the real bundle on the real onnxruntime. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "w411dp-h891dp-420dpi")
class ScreensTest {
    private val app: Meissonic get() = RuntimeEnvironment.getApplication() as Meissonic

    @Before
    fun enoughMemory() {
        val info = android.app.ActivityManager.MemoryInfo()
        info.availMem = 4L shl 30
        shadowOf(app.service<android.app.ActivityManager>()).setMemoryInfo(info)
    }

    private fun install() {
        app.shelf.install(FolderSource(bundle))
        until { app.shelf.state.value is Ready }
    }

    /** Lets the screen's thread work until something is so. */
    private fun until(so: () -> Boolean) {
        val end = System.nanoTime() + 60_000_000_000
        while (!so()) {
            check(System.nanoTime() < end) { "${app.studio.state.value} ${app.shelf.state.value}" }
            shadowOf(Looper.getMainLooper()).idle()
            Thread.sleep(5)
        }
        shadowOf(Looper.getMainLooper()).idle()
    }

    /** The screen as a picture, for a person to look at. */
    private fun picture(activity: Activity, name: String) {
        val view = activity.window.decorView
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        File(screens, "$name.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        val colours = (0 until view.width step 7).flatMap { x -> (0 until view.height step 7).map { bitmap.getPixel(x, it) } }
        assertTrue(colours.toSet().size > 4, "$name is empty")
    }

    private inline fun <reified T : Activity> screen(intent: Intent? = null, use: (T) -> Unit) =
        Robolectric.buildActivity(T::class.java, intent).use { use(it.setup().get()) }

    private fun text(activity: Activity, id: Int) = activity.find<TextView>(id).text.toString()

    @Test
    fun `without a model the way to one is shown`() = screen<MainActivity> { main ->
        assertEquals(NoModel, app.shelf.state.value)
        assertEquals(View.VISIBLE, main.find<View>(R.id.get_model).visibility)
        assertEquals(View.GONE, main.find<View>(R.id.form).visibility)
        picture(main, "no-model")
    }

    @Test
    fun `a prompt becomes a picture that is kept in the history`() {
        install()
        screen<MainActivity> { main ->
            main.find<EditText>(R.id.prompt).setText("a red cat on a blue background")
            main.find<EditText>(R.id.seed).setText("7")
            main.find<Button>(R.id.draw).performClick()
            assertIs<Working>(app.studio.state.value)
            assertEquals(main.getString(R.string.stop), text(main, R.id.draw))
            until { app.studio.state.value is Done }
            assertEquals(View.VISIBLE, main.find<View>(R.id.result).visibility)
            assertEquals("Picture: a red cat on a blue background", main.find<View>(R.id.result).contentDescription)
            picture(main, "drawn")
        }
        screen<HistoryActivity> { picture(it, "history") }
        val drawn = app.gallery.entries.value.single()
        val intent = Intent(app, PictureActivity::class.java).putExtra(PictureActivity.ID, drawn.id)
        screen<PictureActivity>(intent) { picture(it, "picture") }
        val sent = share(app, drawn).getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)
        assertEquals("image/png", sent!!.type)
    }

    @Test
    fun `turning the phone loses neither what was typed nor the drawing`() {
        install()
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            val main = controller.setup().get()
            main.find<EditText>(R.id.prompt).setText("a green fish")
            main.find<Button>(R.id.draw).performClick()
            controller.recreate()
            val turned = controller.get()
            assertEquals("a green fish", text(turned, R.id.prompt))
            until { app.studio.state.value is Done }
            assertNotNull(turned.find<ImageView>(R.id.result).drawable)
        }
    }

    @Test
    fun `a drawing can be stopped`() {
        install()
        screen<MainActivity> { main ->
            main.find<EditText>(R.id.prompt).setText("a yellow star")
            main.find<EditText>(R.id.steps).setText("1000")
            main.find<Button>(R.id.draw).performClick()
            until { (app.studio.state.value as Working).step > 1 }
            picture(main, "drawing")
            main.find<Button>(R.id.draw).performClick()
            until { app.studio.state.value !is Working }
            assertEquals(main.getString(R.string.stopped), text(main, R.id.status))
            assertTrue(app.gallery.entries.value.isEmpty())
        }
    }

    @Test
    fun `work is kept alive by a foreground service until it is done`() {
        install()
        generateSequence { shadowOf(app as Application).nextStartedService }.count() // those of the installation
        screen<MainActivity> { main ->
            main.find<EditText>(R.id.prompt).setText("a yellow star")
            main.find<Button>(R.id.draw).performClick()
            assertEquals(WorkService::class.java.name, shadowOf(app as Application).nextStartedService.component!!.className)
            val service = Robolectric.buildService(WorkService::class.java).create().startCommand(0, 1)
            assertNotNull(shadowOf(service.get()).lastForegroundNotification)
            until { app.studio.state.value is Done }
            assertTrue(shadowOf(service.get()).isStoppedBySelf)
            service.destroy()
        }
    }

    @Test
    fun `wrong fields are named where they are`() {
        install()
        screen<MainActivity> { main ->
            main.find<Button>(R.id.draw).performClick()
            assertEquals("Say what to draw", main.find<EditText>(R.id.prompt).error)
            main.find<EditText>(R.id.prompt).setText("a cat")
            main.find<EditText>(R.id.steps).setText("0")
            main.find<Button>(R.id.draw).performClick()
            assertEquals("A whole number from 1 to 1000, or nothing", main.find<EditText>(R.id.steps).error)
            main.find<EditText>(R.id.steps).setText("4")
            main.find<Spinner>(R.id.mode).setSelection(Mode.REPAINT.ordinal)
            main.find<Button>(R.id.draw).performClick()
            assertEquals("Choose a picture first", text(main, R.id.status))
        }
    }

    @Test
    fun `too little memory is said before anything is loaded`() {
        install()
        val info = android.app.ActivityManager.MemoryInfo()
        info.availMem = 1L shl 20
        shadowOf(app.service<android.app.ActivityManager>()).setMemoryInfo(info)
        screen<MainActivity> { main ->
            main.find<EditText>(R.id.prompt).setText("a cat")
            main.find<Button>(R.id.draw).performClick()
            until { app.studio.state.value !is Working }
            assertTrue("MB of memory" in text(main, R.id.status), text(main, R.id.status))
        }
    }

    @Test
    @Config(qualifiers = "de-w411dp-h891dp-night-420dpi", fontScale = 1.5f)
    fun `dark, German and in large letters`() {
        install()
        screen<MainActivity> { main ->
            assertEquals("Zeichnen", text(main, R.id.draw))
            picture(main, "german-dark-large")
        }
        screen<ModelActivity> { picture(it, "model-german-dark-large") }
    }

    @Test
    fun `a mask is painted by finger`() {
        install()
        app.picked.take(File(bundle.parentFile.parentFile.parentFile, "docs/samples.png"))
        app.draftFile.save(Draft(mode = Mode.REPAINT, strokes = listOf(Stroke(listOf(0.2f, 0.2f, 0.8f, 0.8f), 0.1f))))
        screen<MaskActivity> { picture(it, "mask") }
        screen<ModelActivity> { picture(it, "model") }
    }
}
