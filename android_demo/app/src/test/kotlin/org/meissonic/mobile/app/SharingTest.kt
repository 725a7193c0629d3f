package org.meissonic.mobile.app

import android.app.Activity
import android.app.Application
import android.content.ContentProvider
import android.content.ContentValues
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.os.ParcelFileDescriptor
import android.provider.MediaStore
import android.provider.OpenableColumns
import android.view.View
import android.widget.Button
import android.widget.EditText
import java.io.File
import java.io.FileNotFoundException
import kotlin.test.assertContains
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import org.junit.After
import org.junit.Before
import org.junit.Test
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.Drawn
import org.meissonic.mobile.app.model.Mode
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Settings
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.Stage
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowToast
import org.robolectric.util.ReflectionHelpers

/** The device's pictures as MediaStore keeps them: a pending row, then the bytes, then the row as final. */
class Media : ContentProvider() {
    override fun onCreate() = true

    override fun getType(uri: Uri) = null

    override fun insert(uri: Uri, values: ContentValues?): Uri? {
        fail?.let { throw it }
        row = values
        file = File.createTempFile("media", ".png").also(File::deleteOnExit)
        return Uri.parse("content://media/external/images/media/1")
    }

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (full) throw FileNotFoundException("No space left on device")
        return ParcelFileDescriptor.open(file, ParcelFileDescriptor.parseMode(mode))
    }

    override fun update(uri: Uri, values: ContentValues?, where: String?, with: Array<String>?): Int {
        row!!.putAll(values)
        return 1
    }

    override fun delete(uri: Uri, where: String?, with: Array<String>?): Int {
        row = null
        return 1
    }

    override fun query(uri: Uri, columns: Array<String>?, where: String?, with: Array<String>?, order: String?) = null

    companion object {
        var fail: RuntimeException? = null
        var full = false
        var row: ContentValues? = null
        var file: File? = null
    }
}

/** Saving and sharing pictures. */
class SharingTest : OnAndroid() {
    private lateinit var drawn: Drawn
    private val kept get() = app.gallery.file(drawn)

    @Before
    fun aPicture() {
        Robolectric.setupContentProvider(Media::class.java, "media")
        Media.fail = null
        Media.full = false
        Media.row = null
        val picture = Picture(Size(2, 2), intArrayOf(-1, -2, -3, -4))
        val settings = Settings("a cat", "", 7u, 4, 2.5, Size(2, 2))
        drawn = app.gallery.add(Drawing(picture, ByteArray(12), IntArray(1), settings, emptyMap(), mapOf(Stage.STEPS to 1.5)), "m")
    }

    @After
    fun thisAndroid() = android(35)

    private fun android(version: Int) = ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", version)

    private fun intent() = Intent(app, PictureActivity::class.java).putExtra(PictureActivity.ID, drawn.id)

    private fun save() = screen<PictureActivity>(intent()) { it.find<Button>(R.id.save).performClick() }

    @Test
    fun `a picture is saved to the device's pictures`() {
        save()
        assertContentEquals(kept.readBytes(), Media.file!!.readBytes())
        val row = Media.row!!
        assertEquals("meissonic-${drawn.id}.png", row.getAsString(MediaStore.MediaColumns.DISPLAY_NAME))
        assertEquals("Pictures/Meissonic", row.getAsString(MediaStore.MediaColumns.RELATIVE_PATH))
        assertEquals("image/png", row.getAsString(MediaStore.MediaColumns.MIME_TYPE))
        assertEquals(0, row.getAsInteger(MediaStore.MediaColumns.IS_PENDING))
        assertEquals("Saved to your pictures", ShadowToast.getTextOfLatestToast())
    }

    @Test
    fun `a full or refusing device is reported and keeps nothing half-written`() {
        Media.full = true
        save()
        assertEquals("It could not be saved: No space left on device", ShadowToast.getTextOfLatestToast())
        assertNull(Media.row)
        Media.fail = IllegalStateException("Volume external_primary not found")
        save()
        assertEquals("It could not be saved: Volume external_primary not found", ShadowToast.getTextOfLatestToast())
    }

    @Test
    @Suppress("DEPRECATION") // of Robolectric, whose other way knows only screens that asked themselves
    fun `Android 9 asks for a place, also if the screen is recreated meanwhile`() {
        android(Build.VERSION_CODES.P)
        val place = File.createTempFile("place", ".png").also(File::deleteOnExit)
        shadowOf(app.contentResolver).registerOutputStream(Uri.parse("content://place/1"), place.outputStream())
        Robolectric.buildActivity(PictureActivity::class.java, intent()).use { controller ->
            controller.setup().get().find<Button>(R.id.save).performClick()
            val asked = shadowOf(controller.get()).nextStartedActivityForResult
            assertEquals(Intent.ACTION_CREATE_DOCUMENT, asked.intent.action)
            assertEquals("meissonic-${drawn.id}.png", asked.intent.getStringExtra(Intent.EXTRA_TITLE))
            controller.recreate()
            shadowOf(controller.get()).callOnActivityResult(asked.requestCode, Activity.RESULT_OK, Intent().setData(Uri.parse("content://place/1")))
        }
        assertContentEquals(kept.readBytes(), place.readBytes())
        assertEquals("Saved to your pictures", ShadowToast.getTextOfLatestToast())
    }

    /** What another app sends that shares a picture to this one. */
    private fun sent(name: String): Intent {
        Robolectric.setupContentProvider(Photos::class.java, "photos")
        return Intent(app, MainActivity::class.java).setAction(Intent.ACTION_SEND).setType("image/png")
            .putExtra(Intent.EXTRA_STREAM, Uri.parse("content://photos/$name"))
    }

    @Test
    fun `a picture that another app shares is what the next drawing starts from`() {
        install()
        app.draftFile.save(Draft(prompt = "a red cat"))
        screen<MainActivity>(sent("samples")) { main ->
            until { app.picked.state.value.bitmap != null }
            assertEquals("a red cat" to Mode.REDRAW.ordinal, text(main, R.id.prompt) to main.find<Flow>(R.id.mode).chosen)
            assertTrue(main.find<Sheet>(R.id.form).open)
            assertEquals(View.GONE, main.find<View>(R.id.made_row).visibility)
        }
        screen<MainActivity>(sent("nothing")) { main ->
            until { main.find<View>(R.id.unreadable).visibility == View.VISIBLE }
        }
    }

    @Test
    fun `a shared picture that was drawn here offers its settings, which draw it again`() {
        install()
        fun MainActivity.drawn(): IntArray {
            find<Button>(R.id.draw).performClick()
            until { app.studio.state.value is Done }
            return pixels(app.gallery.file(app.gallery.entries.value.first()))
        }
        var first = IntArray(0)
        screen<MainActivity> { main ->
            main.find<EditText>(R.id.prompt).setText("a red cat")
            main.find<EditText>(R.id.steps).setText("3")
            app.draftFile.save(app.draftFile.load().copy(guidanceFrom = 0.25))
            first = main.drawn()
        }
        Photos.drawn = app.gallery.file(app.gallery.entries.value.first())
        app.draftFile.save(Draft(prompt = "a fish"))
        screen<MainActivity>(sent("drawn")) { main ->
            until { main.find<View>(R.id.made_row).visibility == View.VISIBLE }
            assertContains(text(main, R.id.made), "“a red cat”")
            render(main, "shared")
            assertNotNull(again().picked.state.value.made) // the copy holds them too
            main.find<Button>(R.id.use_made).performClick()
            assertEquals("a red cat" to "3", text(main, R.id.prompt) to text(main, R.id.steps))
            assertEquals("Guided from 25 % to 100 % of the steps", text(main, R.id.interval))
            assertContentEquals(first, main.drawn())
            main.find<Button>(R.id.guide_every_step).performClick()
            assertEquals(View.GONE, main.find<View>(R.id.interval_row).visibility)
            assertFalse(first.contentEquals(main.drawn()))
        }
        assertEquals(4, app.gallery.entries.value.size)
    }

    @Test
    fun `an app that receives a picture can read that picture only`() {
        screen<PictureActivity>(intent()) { it.find<Button>(R.id.share).performClick() }
        val chooser = shadowOf(app as Application).nextStartedActivity
        assertEquals(Intent.ACTION_CHOOSER, chooser.action)
        val sent = chooser.getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        assertEquals("image/png", sent.type)
        assertEquals(Intent.FLAG_GRANT_READ_URI_PERMISSION, sent.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION)
        val uri = sent.getParcelableExtra(Intent.EXTRA_STREAM, Uri::class.java)!!
        assertEquals(uri, sent.clipData!!.getItemAt(0).uri)

        val resolver = app.contentResolver
        assertEquals("image/png", resolver.getType(uri))
        val bytes = resolver.openFileDescriptor(uri, "r")!!.use { ParcelFileDescriptor.AutoCloseInputStream(it).readBytes() }
        assertContentEquals(kept.readBytes(), bytes)
        resolver.query(uri, null, null, null, null)!!.use { cursor ->
            cursor.moveToFirst()
            assertEquals(kept.name, cursor.getString(cursor.getColumnIndexOrThrow(OpenableColumns.DISPLAY_NAME)))
            assertEquals(kept.length(), cursor.getLong(cursor.getColumnIndexOrThrow(OpenableColumns.SIZE)))
        }
        assertFailsWith<FileNotFoundException> { resolver.openFileDescriptor(uri, "rw") }
        for (path in listOf("other.png", "../draft.json", "%2E%2E%2Fdraft.json")) {
            val error = assertFailsWith<FileNotFoundException> {
                resolver.openFileDescriptor(Uri.parse("content://${uri.authority}/$path"), "r")
            }
            assertContains(error.message.orEmpty(), "is not in the gallery")
        }
    }
}
