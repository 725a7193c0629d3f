package org.meissonic.mobile.engine

import java.io.File
import java.io.RandomAccessFile
import java.nio.file.Files
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import org.junit.jupiter.api.io.TempDir

class BundleTest {
    @TempDir
    lateinit var folder: File

    private val weights get() = File(folder, "transformer.onnx.data")
    private val manifest get() = File(folder, "manifest.json")

    private var fault: Fault? = null // of the last error

    private fun damaged(damage: () -> Unit): String {
        copyOf(folder)
        damage()
        val error = assertFailsWith<BundleError> { Bundle.open(folder) }
        fault = error.fault
        return error.message.orEmpty()
    }

    private fun edited(from: String, to: String) = damaged {
        val text = manifest.readText()
        check(from in text) { "the manifest has no $from" }
        manifest.writeText(text.replaceFirst(from, to))
    }

    @Test
    fun `a whole bundle opens and names each file`() {
        val told = mutableListOf<String>()
        val bundle = Bundle.open(bundleFolder, told::add)
        assertEquals(bundle.manifest.files.keys.toList(), told)
        assertEquals("stickers-64", bundle.manifest.model.name)
    }

    @Test
    fun `a changed byte is found`() {
        val message = damaged {
            RandomAccessFile(weights, "rw").use {
                it.seek(1000)
                val byte = it.read()
                it.seek(1000)
                it.write(byte xor 1)
            }
        }
        assertContains(message, "transformer.onnx.data is changed: its SHA-256 is not the manifest's")
        assertEquals(ChangedFile(weights.name), fault)
    }

    @Test
    fun `a truncated file is named with both sizes`() {
        val message = damaged { RandomAccessFile(weights, "rw").use { it.setLength(17) } }
        assertContains(message, Regex("transformer.onnx.data is truncated: 17 bytes instead of \\d+: copy the bundle again"))
        assertEquals(TruncatedFile(weights.name, 17, File(bundleFolder, weights.name).length()), fault)
    }

    @Test
    fun `a missing file is named`() {
        assertContains(damaged { weights.delete() }, "transformer.onnx.data is missing")
        assertEquals(MissingFile(weights.name), fault)
    }

    @Test
    fun `a path outside the folder is refused`() {
        for (path in listOf("../merges.txt", "/etc/passwd", "a/../../b", "c:/x", "./x", "a//b", "a\\\\b")) {
            val message = edited("\"tokenizer/merges.txt\"", "\"$path\"")
            assertContains(message, "is outside the bundle or not in plain form", message = path)
        }
    }

    @Test
    fun `a link out of the folder is refused`() {
        val message = damaged {
            weights.delete()
            Files.createSymbolicLink(weights.toPath(), File(bundleFolder, weights.name).absoluteFile.toPath())
        }
        assertContains(message, "leads outside the bundle")
    }

    private fun message(number: Int, content: ByteArray) =
        byteArrayOf((number shl 3 or 2).toByte(), content.size.toByte()) + content

    /** ModelProto.graph.initializer.external_data: a weight whose bytes are in [location]. */
    private fun weight(location: String): ByteArray {
        val entry = message(1, "location".toByteArray()) + message(2, location.toByteArray())
        return message(7, message(5, message(13, entry)))
    }

    /** ModelProto.graph.node.attribute: a compiled context whose binary is [location]. */
    private fun context(location: String): ByteArray {
        val attribute = message(1, "ep_cache_context".toByteArray()) + message(4, location.toByteArray())
        return message(7, message(1, message(5, attribute)))
    }

    /** Adds [content] to the step's graph, and makes the manifest fit. */
    private fun adding(content: ByteArray) = damaged {
        val file = File(folder, "transformer.onnx")
        val before = FileFacts(file.length(), sha256(file))
        file.appendBytes(content)
        val text = manifest.readText()
        check(before.sha256 in text) { "the manifest has no ${before.sha256}" }
        val sized = text.replace(Regex("\"size\": ${before.size}(?=,\\s*\"sha256\": \"${before.sha256})"), "\"size\": ${file.length()}")
        manifest.writeText(sized.replace(before.sha256, sha256(file)))
        File(folder, "evil.data").writeText("weights without a hash")
    }

    @Test
    fun `weights and contexts in a file without a hash are refused`() {
        for (location in listOf("evil.data", "./evil.data", "tokenizer/../evil.data", "/etc/passwd", "../evil.data")) {
            for (content in listOf(weight(location), context(location))) {
                val message = adding(content)
                assertContains(message, "transformer.onnx reads '$location', which the manifest does not list")
            }
        }
    }

    @Test
    fun `weights from files of the manifest are found`() {
        assertEquals(setOf(weights.name), externalFiles(File(bundleFolder, "transformer.onnx")))
    }

    @Test
    fun `a vocabulary and merges that contradict each other are refused`() {
        fun message(name: String, change: (String) -> String): String {
            copyOf(folder)
            val bundle = Bundle.open(folder)
            val file = bundle.file(name)
            file.writeText(change(file.readText()))
            return assertFailsWith<BundleError> { Tokenizer.of(bundle) }.message.orEmpty()
        }
        val facts = Bundle.readManifest(bundleFolder).tokenizer
        for (text in listOf("[]", "{\"a\": \"1\"}", "{\"a\": -1}", "{\"a\": 2147483648}", "{", "[".repeat(5000))) {
            assertContains(message(facts.vocab) { text }, facts.vocab)
        }
        assertContains(message(facts.merges) { "$it\nqq qq\n" }, "'qq' and 'qq' make a word that has no id")
    }

    @Test
    fun `a newer version says to update`() {
        assertContains(edited("\"version\": 1", "\"version\": 2"), "has version 2, newer than 1: update the app")
        assertEquals(NewerBundle(2), fault)
    }

    @Test
    fun `a bundle for iPhone is refused`() {
        val function = "\"functions\": [{\"name\": \"main\", \"dimensions\": {}}]"
        assertContains(edited("\"functions\": []", function), "holds Core ML packages")
        assertEquals(CoreMlBundle, fault)
    }

    @Test
    fun `hashing ends when its thread is interrupted`() {
        Thread.currentThread().interrupt()
        assertFailsWith<InterruptedException> { Bundle.open(bundleFolder) }
    }

    @Test
    fun `an unknown key is refused and named`() =
        assertContains(edited("\"version\": 1", "\"version\": 1, \"colour\": 3"), "colour")

    @Test
    fun `a chain with a hole is refused`() {
        val message = edited("\"context\"", "\"contents\"")
        assertContains(message, "conditioner' does not give context")
    }

    @Test
    fun `no manifest, no JSON and another format are told apart`() {
        assertContains(damaged { manifest.delete() }, "is not a bundle: it has no manifest.json")
        assertContains(damaged { manifest.writeText("{") }, "is not valid JSON")
        assertContains(edited("meissonic-mobile", "other"), "is not a meissonic-mobile manifest")
        assertEquals(NoBundle, fault)
    }

    @Test
    fun `memory that is too small is refused before anything is loaded`() {
        val facts = Bundle.readManifest(bundleFolder)
        val size = facts.defaults.size
        val needed = memoryNeeded(facts, size)
        checkMemory(facts, size, needed)
        val error = assertFailsWith<RequestError> { checkMemory(facts, size, needed - 1) }
        assertEquals(TooLittleMemory(needed, needed - 1), error.fault)
        assertContains(error.message.orEmpty(), Regex("drawing 64x64 needs about \\d+ MB of memory and \\d+ MB are free"))
    }
}
