package org.meissonic.mobile.app

import android.content.pm.ProviderInfo
import android.database.MatrixCursor
import android.net.Uri
import android.os.CancellationSignal
import android.os.ParcelFileDescriptor
import android.provider.DocumentsContract
import android.provider.DocumentsContract.Document
import android.provider.DocumentsProvider
import android.view.View
import android.widget.Button
import android.widget.EditText
import java.io.File
import java.nio.file.Files
import kotlin.test.assertContains
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertTrue
import org.junit.After
import org.junit.Test
import org.meissonic.mobile.app.model.Arriving
import org.meissonic.mobile.app.model.NoModel
import org.meissonic.mobile.app.model.Ready
import org.meissonic.mobile.app.model.Trouble
import org.meissonic.mobile.app.model.Unfinished
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.store.FolderSource
import org.meissonic.mobile.store.Hanging
import org.meissonic.mobile.store.Server
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.shadows.ShadowAlertDialog

private const val LARGE = "transformer.onnx.data"

/** The device's storage: documents are the files of a folder, their identifiers paths in it. */
class Storage : DocumentsProvider() {
    override fun onCreate() = true

    override fun queryRoots(columns: Array<String>?) = MatrixCursor(columns ?: emptyArray())

    override fun isChildDocument(parent: String, id: String) = id == parent || id.startsWith("$parent/")

    override fun queryDocument(id: String, columns: Array<String>?) = cursor(listOf(id), columns)

    override fun queryChildDocuments(parent: String, columns: Array<String>?, order: String?): MatrixCursor {
        if (forbidden) throw SecurityException("the right to read it was taken back")
        return cursor(File(root, parent).list().orEmpty().map { "$parent/$it" }, columns)
    }

    override fun openDocument(id: String, mode: String, signal: CancellationSignal?): ParcelFileDescriptor =
        ParcelFileDescriptor.open(File(root, id), ParcelFileDescriptor.MODE_READ_ONLY)

    private fun cursor(ids: List<String>, columns: Array<String>?): MatrixCursor {
        val names = columns ?: arrayOf(Document.COLUMN_DOCUMENT_ID, Document.COLUMN_DISPLAY_NAME, Document.COLUMN_MIME_TYPE)
        val cursor = MatrixCursor(names)
        for (id in ids) {
            cursor.addRow(
                names.map {
                    when (it) {
                        Document.COLUMN_DOCUMENT_ID -> id
                        Document.COLUMN_DISPLAY_NAME -> File(id).name
                        Document.COLUMN_MIME_TYPE -> if (File(root, id).isDirectory) Document.MIME_TYPE_DIR else "application/octet-stream"
                        else -> null
                    }
                },
            )
        }
        return cursor
    }

    companion object {
        const val AUTHORITY = "storage"
        lateinit var root: File
        var forbidden = false

        fun tree(id: String): Uri = DocumentsContract.buildTreeDocumentUri(AUTHORITY, id)
    }
}

/** Downloading, importing, refusing and deleting a model, as its screen shows it. */
class ModelScreenTest : OnAndroid() {
    private val server = Server(bundle)
    private val half = File(bundle, LARGE).length().toInt() / 2
    private val models get() = File(app.filesDir, "models")

    @After
    fun stop() = server.close()

    private fun storage() {
        Storage.root = bundle.parentFile
        Storage.forbidden = false
        val info = ProviderInfo().apply {
            authority = Storage.AUTHORITY
            exported = true
            grantUriPermissions = true
            readPermission = android.Manifest.permission.MANAGE_DOCUMENTS
            writePermission = android.Manifest.permission.MANAGE_DOCUMENTS
        }
        Robolectric.buildContentProvider(Storage::class.java).create(info)
    }

    private fun import(screen: ModelActivity, id: String) {
        screen.find<Button>(R.id.import_folder).performClick()
        answer(screen, Storage.tree(id))
        until { app.shelf.state.value !is Arriving }
    }

    private fun download(screen: ModelActivity, address: String = server.address) {
        screen.find<EditText>(R.id.address).setText(address)
        screen.find<Button>(R.id.download).performClick()
        until { app.shelf.state.value !is Arriving }
    }

    /** Asserts that the screen reports a failure and offers to try again. */
    private fun assertSaid(screen: ModelActivity, words: String) {
        assertIs<Trouble>(app.shelf.state.value)
        assertContains(text(screen, R.id.state), words)
        assertEquals(View.VISIBLE, screen.find<View>(R.id.sources).visibility)
        assertEquals(View.GONE, screen.find<View>(R.id.stop).visibility)
        assertEquals(View.GONE, screen.find<View>(R.id.progress).visibility)
    }

    private fun assertWhole() = Bundle.open(assertIs<Ready>(app.shelf.state.value).whole.folder)

    @Test
    fun `a folder of the device becomes the model`() = screen<ModelActivity> { screen ->
        storage()
        import(screen, bundle.name)
        assertWhole()
        assertContentEquals(File(bundle, LARGE).readBytes(), File(models, "model/$LARGE").readBytes())
        assertContains(text(screen, R.id.state), "stickers-64 is ready")
        assertContains(text(screen, R.id.memory), "Drawing needs about")
        render(screen, "model")
    }

    @Test
    fun `a stopped import resumes`() = screen<ModelActivity> { screen ->
        storage()
        app.shelf.install(Hanging(FolderSource(bundle), LARGE, half))
        until { File(models, "model.partial/$LARGE.part").length() >= half }
        screen.find<Button>(R.id.stop).performClick()
        until { app.shelf.state.value is Unfinished }
        import(screen, bundle.name)
        assertWhole()
    }

    @Test
    fun `another folder and one without permission are reported`() = screen<ModelActivity> { screen ->
        storage()
        import(screen, "vectors")
        assertSaid(screen, "manifest.json is not there")
        Storage.forbidden = true
        import(screen, bundle.name)
        assertSaid(screen, "The connection was lost or could not be made (manifest.json)")
        assertContains(text(screen, R.id.state), "the right to read it was taken back")
    }

    @Test
    fun `a model is downloaded, and deleted`() = screen<ModelActivity> { screen ->
        download(screen, " ${server.address}/ ")
        assertWhole()
        screen.find<Button>(R.id.delete).performClick()
        ShadowAlertDialog.getLatestDialog().let { it as android.app.AlertDialog }.getButton(android.app.AlertDialog.BUTTON_POSITIVE).performClick()
        until { app.shelf.state.value == NoModel }
        assertTrue(models.list()!!.isEmpty())
        assertEquals(View.GONE, screen.find<View>(R.id.delete).visibility)
    }

    @Test
    fun `a lost connection is reported, and the download resumes`() = screen<ModelActivity> { screen ->
        server.dropsAfter = LARGE to half
        download(screen)
        assertSaid(screen, "The connection was lost or could not be made ($LARGE)")
        assertContains(text(screen, R.id.state), Regex("MB of .* MB have arrived"))
        assertEquals("Resume the download", text(screen, R.id.download))
        render(screen, "model-connection-lost")
        server.dropsAfter = null
        server.asked.clear()
        download(screen)
        assertWhole()
        assertTrue(LARGE to half.toLong() in server.asked, "${server.asked}")
    }

    @Test
    fun `a download that Android ended resumes`() {
        val partial = File(models, "model.partial").also(File::mkdirs)
        for (name in listOf("manifest.json", LARGE)) File(bundle, name).copyTo(File(partial, name))
        val again = again()
        screen<ModelActivity>(of = again) { screen ->
            assertContains(text(screen, R.id.state), "have arrived. The download resumes from there.")
            screen.find<EditText>(R.id.address).setText(server.address)
            screen.find<Button>(R.id.download).performClick()
            until { again.shelf.state.value is Ready }
            assertTrue(server.asked.isNotEmpty() && server.asked.none { it.first == LARGE }, "${server.asked}")
        }
    }

    @Test
    fun `other failures are reported`() = screen<ModelActivity> { screen ->
        download(screen, server.address + "/nowhere")
        assertSaid(screen, "manifest.json is not there")

        val other = File(bundle, LARGE).readBytes().also { it[half]++ }
        server.sendsInstead = mapOf(LARGE to other)
        download(screen)
        assertSaid(screen, "$LARGE is not the file that the model lists")

        server.sendsInstead = mapOf("manifest.json" to "<html>sign in</html>".toByteArray())
        download(screen)
        assertSaid(screen, "The app cannot use this as a model")

        val manifest = File(bundle, "manifest.json").readText()
        server.sendsInstead = mapOf("manifest.json" to manifest.replace("\"version\": 1", "\"version\": 2").toByteArray())
        download(screen)
        assertSaid(screen, "The model is of version 2, newer than this app")

        server.sendsInstead = mapOf("manifest.json" to manifest.replace("\"tokenizer/merges.txt\"", "\"../merges.txt\"").toByteArray())
        download(screen)
        assertSaid(screen, "The model contradicts itself")
        assertContains(text(screen, R.id.state), "path '../merges.txt' is outside the bundle")

        server.close()
        download(screen)
        assertSaid(screen, "The connection was lost or could not be made (manifest.json)")
    }

    @Test
    fun `full or unwritable storage is reported`() {
        val partial = File(models, "model.partial").also(File::mkdirs)
        File(bundle, "manifest.json").copyTo(File(partial, "manifest.json"))
        Files.createSymbolicLink(File(partial, "$LARGE.part").toPath(), File("/dev/full").toPath()) // the system's own
        screen<ModelActivity> { screen ->
            download(screen)
            assertSaid(screen, "The storage is full")
            models.deleteRecursively()
            models.writeText("no folder")
            download(screen)
            assertSaid(screen, "The model cannot be written to the storage")
        }
    }

    @Test
    fun `an invalid address is reported at its field`() = screen<ModelActivity> { screen ->
        download(screen, "my model")
        assertEquals("An address that begins with https://", screen.find<EditText>(R.id.address).error)
        assertEquals(NoModel, app.shelf.state.value)
    }

    @Test
    fun `failures are reported in German`() {
        RuntimeEnvironment.setQualifiers("+de")
        screen<ModelActivity> { screen ->
            server.dropsAfter = LARGE to half
            download(screen)
            assertSaid(screen, "Die Verbindung ging verloren oder kam nicht zustande ($LARGE).")
            download(screen, "mein Modell")
            assertEquals("Eine Adresse, die mit https:// beginnt", screen.find<EditText>(R.id.address).error)
        }
    }

    @Test
    fun `a stopped installation keeps the part that arrived`() = screen<ModelActivity> { screen ->
        app.shelf.install(Hanging(FolderSource(bundle), LARGE, half))
        until { (app.shelf.state.value as Arriving).bytes > half }
        render(screen, "model-arriving")
        assertEquals(View.VISIBLE, screen.find<View>(R.id.progress).visibility)
        screen.find<Button>(R.id.stop).performClick()
        until { app.shelf.state.value is Unfinished }
        assertTrue((app.shelf.state.value as Unfinished).bytes >= half)
    }
}
