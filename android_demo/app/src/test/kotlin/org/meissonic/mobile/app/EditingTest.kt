package org.meissonic.mobile.app

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Color
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.os.SystemClock
import android.view.MotionEvent
import android.view.View
import android.widget.Button
import android.widget.CheckBox
import android.widget.CompoundButton
import android.widget.EditText
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.RandomAccessFile
import java.io.FileNotFoundException
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Test
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.Mode
import org.meissonic.mobile.app.model.Side
import org.meissonic.mobile.app.model.Stroke
import org.meissonic.mobile.app.model.WHITE
import org.meissonic.mobile.app.model.inside
import org.meissonic.mobile.app.model.margins
import org.meissonic.mobile.app.model.paint
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.Edit
import org.meissonic.mobile.engine.Fit
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.settingsOf
import org.meissonic.mobile.ort.OrtEngine
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config

private val samples = File(System.getProperty("repository"), "docs/samples.png")

/** Another app's pictures: one exists, one can be set, the others do not exist. */
class Photos : ContentProvider() {
    override fun onCreate() = true

    override fun getType(uri: Uri) = "image/png"

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor = when (uri.lastPathSegment) {
        "samples" -> ParcelFileDescriptor.open(samples, ParcelFileDescriptor.MODE_READ_ONLY)
        "drawn" -> ParcelFileDescriptor.open(drawn, ParcelFileDescriptor.MODE_READ_ONLY)
        "forbidden" -> throw SecurityException("the right to read it was taken back")
        else -> throw FileNotFoundException("$uri")
    }

    override fun query(uri: Uri, columns: Array<String>?, where: String?, with: Array<String>?, order: String?) = null

    override fun insert(uri: Uri, values: ContentValues?) = null

    override fun update(uri: Uri, values: ContentValues?, where: String?, with: Array<String>?) = 0

    override fun delete(uri: Uri, where: String?, with: Array<String>?) = 0

    companion object {
        var drawn: File? = null
    }
}

/** Choosing, painting and redrawing: the screens draw the same bytes as the engine for the same request. */
class EditingTest : OnAndroid() {
    private val request = Request("a red cat", seed = 7u, steps = 4)
    private val manifest = Bundle.readManifest(bundle)
    private val size = manifest.defaults.size

    private fun start(main: MainActivity, mode: Mode) {
        main.find<EditText>(R.id.prompt).setText(request.prompt)
        main.find<EditText>(R.id.seed).setText(request.seed.toString())
        main.find<EditText>(R.id.steps).setText(request.steps.toString())
        main.find<Flow>(R.id.mode).chosen = mode.ordinal
        until { main.find<View>(R.id.picture_row).visibility == View.VISIBLE }
    }

    private fun choose(main: MainActivity, name: String) {
        Robolectric.setupContentProvider(Photos::class.java, "photos")
        main.find<Button>(R.id.choose).performClick()
        answer(main, Uri.parse("content://photos/$name"))
    }

    private fun choose(main: MainActivity) {
        choose(main, "samples")
        until { app.picked.state.value.bitmap != null }
    }

    private fun drawn(main: MainActivity): IntArray {
        main.find<Button>(R.id.draw).performClick()
        until { app.studio.state.value is Done }
        return pixels(app.gallery.file(app.gallery.entries.value.first()))
    }

    private fun drawn(edit: Edit): IntArray =
        Generator(OrtEngine(Bundle.open(bundle), lowMemory = true)).use { it.draw(request.copy(edit = edit)).picture.argb }

    /** Moves a finger over a view; points are shares of its width and height. */
    private fun drag(view: View, vararg points: Pair<Float, Float>, last: Int = MotionEvent.ACTION_UP) {
        val begun = SystemClock.uptimeMillis()
        fun touch(action: Int, at: Pair<Float, Float>) {
            val event = MotionEvent.obtain(begun, SystemClock.uptimeMillis(), action, at.first * view.width, at.second * view.height, 0)
            view.dispatchTouchEvent(event)
            event.recycle()
        }
        touch(MotionEvent.ACTION_DOWN, points.first())
        points.drop(1).forEach { touch(MotionEvent.ACTION_MOVE, it) }
        touch(last, points.last())
    }

    private fun mask(mask: MaskView) = paint(mask.strokes, size)

    @Test
    fun `a picture is redrawn`() {
        install()
        screen<MainActivity> { main ->
            start(main, Mode.REDRAW)
            choose(main)
            val image = app.picked.picture(size)!!
            assertContentEquals(drawn(Edit.ImageToImage(image, 0.6)), drawn(main))
            render(main, "redrawn")
        }
    }

    @Test
    fun `the part that a finger paints is redrawn`() {
        install()
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            val main = controller.setup().get()
            start(main, Mode.REPAINT)
            assertFalse(main.find<View>(R.id.paint).isEnabled)
            choose(main)
            main.find<Button>(R.id.paint).performClick()
            controller.pause().stop()
            screen<MaskActivity> { painting ->
                drag(painting.find(R.id.mask), 0.3f to 0.45f, 0.4f to 0.5f, 0.5f to 0.45f)
                render(painting, "mask")
            }
            controller.restart().start().resume()
            val mask = paint(app.draftFile.load().strokes, size)
            val white = mask.argb.count { it == WHITE }
            assertTrue(white in 1 until mask.argb.size / 2, "$white")
            val image = app.picked.picture(size)!!
            assertContentEquals(drawn(Edit.Inpaint(image, mask)), drawn(main))
        }
    }

    @Test
    fun `a picture is extended to the chosen sides`() {
        install()
        screen<MainActivity> { main ->
            start(main, Mode.EXTEND)
            choose(main)
            main.find<CheckBox>(R.id.left).isChecked = false
            main.find<CheckBox>(R.id.bottom).isChecked = true
            val margins = margins(size, manifest.model.tokenSize, setOf(Side.RIGHT, Side.BOTTOM))
            val image = app.picked.picture(inside(size, margins))!!
            assertContentEquals(drawn(Edit.Outpaint(image, margins)), drawn(main))
        }
    }

    @Test
    fun `a picture is fitted as chosen, and the rest of it is kept only if that is chosen`() {
        install()
        app.draftFile.save(Draft(strokes = listOf(Stroke(listOf(0.5f, 0.5f), 0.2f))))
        screen<MainActivity> { main ->
            start(main, Mode.REPAINT)
            app.picked.take(samples)
            until { app.picked.state.value.bitmap != null }
            main.find<Flow>(R.id.fit).chosen = Fit.STRETCH.ordinal
            main.find<CompoundButton>(R.id.compose).isChecked = false
            val edit = Edit.Inpaint(app.picked.picture(size, Fit.STRETCH)!!, paint(app.draftFile.load().strokes, size))
            val wanted = Generator(OrtEngine(Bundle.open(bundle), lowMemory = true)).use {
                it.draw(request.copy(edit = edit, compose = false)).picture.argb
            }
            assertContentEquals(wanted, drawn(main))
            val made = settingsOf(app.gallery.file(app.gallery.entries.value.first()).readBytes())!!
            assertEquals(Fit.STRETCH to false, made.fit to made.compose)
        }
    }

    @Test
    fun `a picture of the history can be drawn on`() {
        install()
        screen<MainActivity> { main ->
            main.find<EditText>(R.id.prompt).setText("a cat")
            main.find<EditText>(R.id.steps).setText("2")
            drawn(main)
        }
        val drawn = app.gallery.entries.value.single()
        val intent = Intent(app, PictureActivity::class.java).putExtra(PictureActivity.ID, drawn.id)
        screen<PictureActivity>(intent) { it.find<Button>(R.id.draw_on).performClick() }
        until { app.picked.state.value.bitmap != null }
        assertEquals(Mode.REDRAW, app.draftFile.load().mode)
        assertContentEquals(pixels(app.gallery.file(drawn)), app.picked.picture(size)!!.argb)
    }

    @Test
    fun `an unreadable picture is reported, and the one before stays`() {
        install()
        screen<MainActivity> { main ->
            start(main, Mode.REDRAW)
            choose(main)
            val before = app.picked.state.value.bitmap
            for (name in listOf("nothing", "forbidden")) {
                choose(main, "samples")
                until { !app.picked.state.value.unreadable }
                choose(main, name)
                until { main.find<View>(R.id.unreadable).visibility == View.VISIBLE }
                assertEquals(before!!.width, app.picked.state.value.bitmap!!.width)
            }
        }
    }

    @Test
    fun `a file too large for a picture is reported`() {
        val file = File(app.filesDir, "endless.png")
        RandomAccessFile(file, "rw").use { it.setLength(1L shl 32) }
        app.picked.take(file)
        until { app.picked.state.value.unreadable }
        assertEquals(null, app.picked.state.value.bitmap)
    }

    @Test
    fun `a photo taken upright is shown upright`() {
        val lying = Bitmap.createBitmap(40, 20, Bitmap.Config.ARGB_8888).apply { eraseColor(Color.BLUE) }
        for (x in 0 until 20) for (y in 0 until 20) lying.setPixel(x, y, Color.RED)
        val jpeg = ByteArrayOutputStream().also { lying.compress(Bitmap.CompressFormat.JPEG, 100, it) }.toByteArray()
        // An Exif block of one entry: rotate by a quarter turn.
        val entry = "4d4d002a00000008" + "0001" + "0112" + "0003" + "00000001" + "00060000" + "00000000"
        val exif = "Exif\u0000\u0000".toByteArray() + entry.chunked(2).map { it.toInt(16).toByte() }
        val block = byteArrayOf(-1, 0xE1.toByte(), 0, (exif.size + 2).toByte()) + exif
        val photo = File(app.filesDir, "photo.jpg").apply { writeBytes(jpeg.copyOf(2) + block + jpeg.drop(2)) }
        app.picked.take(photo)
        until { app.picked.state.value.bitmap != null }
        val upright = app.picked.state.value.bitmap!!
        assertEquals(20 to 40, upright.width to upright.height)
        assertTrue(Color.red(upright.getPixel(10, 5)) > 200 && Color.blue(upright.getPixel(10, 35)) > 200)
    }

    private fun painting(use: (MaskActivity, MaskView) -> Unit) {
        install()
        app.picked.take(samples)
        until { app.picked.state.value.bitmap != null }
        screen<MaskActivity> { use(it, it.find(R.id.mask)) }
    }

    @Test
    fun `a finger paints only where it touches`() = painting { _, view ->
        drag(view, 0.5f to 0.5f)
        val middle = size.height / 2 * size.width + size.width / 2
        assertEquals(WHITE, mask(view).argb[middle])
        val dot = mask(view).argb.count { it == WHITE }
        val radius = view.radius * size.width
        assertEquals(Math.PI * radius * radius, dot.toDouble(), 0.2 * dot)
        drag(view, 0.5f to 0.5f, 0.9f to 0.5f)
        assertEquals(WHITE, mask(view).argb[middle + size.width / 4])
        assertTrue(mask(view).argb[middle - size.width / 4] != WHITE)
        drag(view, 0.5f to 0.5f, 0.1f to 0.5f, last = MotionEvent.ACTION_CANCEL)
        assertTrue(mask(view).argb[middle - size.width / 4] != WHITE, "a finger that the system took has painted")
    }

    @Test
    fun `erase, undo, clear and paint everything`() = painting { screen, view ->
        fun painted() = mask(view).argb.count { it == WHITE }
        drag(view, 0.3f to 0.5f, 0.7f to 0.5f)
        val line = painted()
        screen.find<CheckBox>(R.id.erase).isChecked = true
        drag(view, 0.5f to 0.5f)
        assertTrue(painted() in 1 until line)
        screen.find<Button>(R.id.undo).performClick()
        assertEquals(line, painted())
        screen.find<Button>(R.id.all).performClick()
        assertEquals(size.width * size.height, painted())
        screen.find<Button>(R.id.clear).performClick()
        assertEquals(0, painted())
    }

    @Test
    @Config(qualifiers = "w891dp-h411dp-land")
    fun `a phone in landscape has room to paint`() = painting { screen, view ->
        val density = screen.resources.displayMetrics.density
        assertTrue(view.width > 250 * density && view.height > 250 * density, "${view.width}x${view.height} at $density")
        drag(view, 0.5f to 0.5f)
        render(screen, "mask-lying")
        assertEquals(1, view.strokes.size)
    }

    @Test
    fun `what was painted outlives the screen`() {
        painting { _, view -> drag(view, 0.5f to 0.5f) }
        val painted = app.draftFile.load().strokes
        assertEquals(1, painted.size)
        RuntimeEnvironment.setQualifiers("+night")
        screen<MaskActivity> { assertEquals(painted, it.find<MaskView>(R.id.mask).strokes) }
    }
}
