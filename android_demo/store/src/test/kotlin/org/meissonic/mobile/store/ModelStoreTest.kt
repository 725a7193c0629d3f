package org.meissonic.mobile.store

import java.io.File
import java.nio.file.Files
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.junit.jupiter.api.io.TempDir
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.BundleError

private const val LARGE = "transformer.onnx.data"

class ModelStoreTest {
    @TempDir
    lateinit var root: File

    private val bundle = File(System.getProperty("bundle")).also {
        check(File(it, "manifest.json").isFile) { "$it holds no bundle: make android-vectors" }
    }
    private val server = Server(bundle)
    private val total = Bundle.readManifest(bundle).files.values.sumOf { it.size }
    private val half = File(bundle, LARGE).length().toInt() / 2

    @AfterTest
    fun stop() = server.close()

    private fun store() = ModelStore(root)

    private fun install(store: ModelStore = store()) = runBlocking {
        store.install(HttpSource(server.address)).toList()
    }

    private fun error(problem: Problem, store: ModelStore = store()): StoreError {
        val error = assertFailsWith<StoreError> { install(store) }
        assertEquals(problem, error.problem)
        assertEquals(1, error.message!!.lines().size)
        return error
    }

    private fun failure(problem: Problem, file: String? = LARGE): String {
        val error = error(problem)
        assertEquals(file, error.file)
        return error.message!!
    }

    private fun assertWhole() {
        val state = assertIs<Whole>(store().state())
        assertEquals(total, state.bytes)
        Bundle.open(state.folder)
        assertEquals(setOf("model"), root.list()!!.toSet())
        assertTrue(state.folder.walk().none { it.name.endsWith(".part") })
    }

    @Test
    fun `a bundle arrives whole and reports its progress`() {
        assertEquals(Absent, store().state())
        val told = install()
        assertWhole()
        val bytes = told.filterIsInstance<Transferring>().map { it.bytes }
        assertEquals(bytes.sorted(), bytes)
        assertEquals(total, bytes.last())
        assertEquals(Installed(File(root, "model")), told.last())
    }

    @Test
    fun `a dropped connection keeps the part that arrived, and the download resumes`() {
        server.dropsAfter = LARGE to half
        assertTrue("was lost in $LARGE" in failure(Problem.CONNECTION))
        val kept = assertIs<Partly>(store().state())
        assertTrue(kept.bytes >= half && kept.total == total, "$kept")

        server.dropsAfter = null
        server.asked.clear()
        install()
        assertWhole()
        assertTrue(LARGE to half.toLong() in server.asked, "${server.asked}")
        assertFalse(server.asked.any { it.first == "tokenizer/vocab.json" }, "a finished file was sent again")
    }

    @Test
    fun `a server that ignores Range is read from the start`() {
        server.dropsAfter = LARGE to half
        failure(Problem.CONNECTION)
        server.dropsAfter = null
        server.ignoresRange = true
        val bytes = install().filterIsInstance<Transferring>()
        assertWhole()
        assertTrue(bytes.all { it.bytes <= total }, "what is thrown away must not be counted twice")
    }

    @Test
    fun `another file of the same size is refused and not kept`() {
        val other = File(bundle, LARGE).readBytes().also { it[half] = (it[half] + 1).toByte() }
        server.sendsInstead = mapOf(LARGE to other)
        assertTrue(LARGE in failure(Problem.ANOTHER_FILE))
        assertFalse(File(root, "model.partial/$LARGE").exists() || File(root, "model.partial/$LARGE.part").exists())
        server.sendsInstead = emptyMap()
        install()
        assertWhole()
    }

    @Test
    fun `a longer or shorter file is refused`() {
        server.sendsInstead = mapOf(LARGE to File(bundle, LARGE).readBytes() + 1)
        failure(Problem.ANOTHER_FILE)
        server.sendsInstead = mapOf(LARGE to File(bundle, LARGE).readBytes().copyOf(half))
        failure(Problem.CONNECTION) // looks like a lost connection; the next request finds that the server has no more
        failure(Problem.ANOTHER_FILE)
    }

    @Test
    fun `a page that is not a manifest is refused`() {
        server.sendsInstead = mapOf("manifest.json" to "<html>sign in</html>".toByteArray())
        assertFailsWith<BundleError> { install() }
        assertEquals(Absent, store().state())
    }

    @Test
    fun `a file that the server lacks is named`() {
        val part = File(root, "part").also { bundle.copyRecursively(it) }
        File(part, LARGE).delete()
        Server(part).use { other ->
            val error = assertFailsWith<StoreError> {
                runBlocking { store().install(HttpSource(other.address)).toList() }
            }
            assertEquals(Problem.NOT_FOUND, error.problem)
            assertTrue(LARGE in error.message!!)
        }
    }

    @Test
    fun `a missing server and an invalid address are reported`() {
        server.close()
        assertTrue("manifest.json" in failure(Problem.CONNECTION, "manifest.json"))
        assertFailsWith<StoreError> { HttpSource("ftp://somewhere") }
        assertFailsWith<StoreError> { HttpSource("my model") }
    }

    @Test
    fun `too little storage is reported before anything large is sent`() {
        val error = error(Problem.NO_SPACE, ModelStore(root) { 1L shl 20 })
        assertTrue("the storage is full" in error.message!!)
        assertEquals(total - (1L shl 20), error.lacking)
        assertEquals(listOf("manifest.json" to 0L), server.asked)
    }

    @Test
    fun `storage that fills up keeps the part that arrived`() {
        val partial = File(root, "model.partial").also(File::mkdirs)
        File(bundle, "manifest.json").copyTo(File(partial, "manifest.json"))
        // The system's own full disk.
        Files.createSymbolicLink(File(partial, "$LARGE.part").toPath(), File("/dev/full").toPath())
        failure(Problem.NO_SPACE, file = null)
        assertTrue(File(partial, "tokenizer/vocab.json").isFile)
        File(partial, "$LARGE.part").delete()
        install()
        assertWhole()
    }

    @Test
    fun `cancelling ends a hanging transfer at once and keeps the part that arrived`() = runBlocking {
        val job = launch(Dispatchers.Default) { store().install(Hanging(FolderSource(bundle), LARGE, half)).collect {} }
        while (File(root, "model.partial/$LARGE.part").length() < half) yield()
        job.cancelAndJoin()
        assertIs<Partly>(store().state())
        install()
        assertWhole()
    }

    @Test
    fun `an unfinished installation of another bundle is discarded`() {
        val partial = File(root, "model.partial").also(File::mkdirs)
        val manifest = File(bundle, "manifest.json").readText()
        File(partial, "manifest.json").writeText(manifest.replace("\"stickers-64\"", "\"others\""))
        File(partial, LARGE).writeText("of the other")
        install()
        assertWhole()
    }

    @Test
    fun `the old model stays until the new one is whole`() {
        install()
        server.dropsAfter = LARGE to half
        val manifest = File(bundle, "manifest.json").readText()
        server.sendsInstead = mapOf("manifest.json" to manifest.replace("\"stickers-64\"", "\"others\"").toByteArray())
        failure(Problem.CONNECTION)
        assertEquals("stickers-64", Bundle.open(assertIs<Whole>(store().state()).folder).manifest.model.name)
        server.dropsAfter = null
        install()
        assertEquals("others", Bundle.open(assertIs<Whole>(store().state()).folder).manifest.model.name)
    }

    /** A folder of [root] with the bundle, whose manifest names another model if [other]. */
    private fun place(name: String, other: Boolean = false) = File(root, name).also { folder ->
        bundle.copyRecursively(folder)
        val manifest = File(folder, "manifest.json")
        if (other) manifest.writeText(manifest.readText().replace("\"stickers-64\"", "\"others\""))
    }

    private fun name() = Bundle.open(assertIs<Whole>(store().state()).folder).manifest.model.name

    @Test
    fun `a kill between the two renames loses neither model`() {
        place("model.old")
        place("model.partial", other = true)
        assertEquals("others", name())
        assertEquals(setOf("model"), root.list()!!.toSet())
    }

    @Test
    fun `the old model comes back if the new one is not whole`() {
        place("model.old")
        File(place("model.partial", other = true), LARGE).delete()
        assertEquals("stickers-64", name())
        install()
        assertWhole()
    }

    @Test
    fun `the old model comes back if the new one is gone`() {
        place("model.old")
        assertEquals("stickers-64", name())
    }

    @Test
    fun `a kill after the second rename leaves the new model alone`() {
        place("model", other = true)
        place("model.old")
        assertEquals("others", name())
        assertEquals(setOf("model"), root.list()!!.toSet())
    }

    @Test
    fun `a kill while a model is deleted leaves no half of it`() {
        File(place("model.deleted"), LARGE).delete()
        assertEquals(Absent, store().state())
        assertEquals(emptySet(), root.list()!!.toSet())
    }

    @Test
    fun `deleting leaves nothing`() {
        place("model.old")
        place("model.partial", other = true)
        place("model.deleted")
        store().delete()
        assertEquals(emptySet(), root.list()!!.toSet())
        assertEquals(Absent, store().state())
    }

    @Test
    fun `a folder is imported, and a model deleted`() {
        runBlocking { store().install(FolderSource(bundle)).toList() }
        assertWhole()
        assertContentEquals(File(bundle, LARGE).readBytes(), File(root, "model/$LARGE").readBytes())
        store().delete()
        assertEquals(Absent, store().state())
    }

    @Test
    fun `a folder without a manifest is named`() {
        val error = assertFailsWith<StoreError> {
            runBlocking { store().install(FolderSource(File(root, "nothing"))).toList() }
        }
        assertEquals(Problem.NOT_FOUND, error.problem)
    }
}
