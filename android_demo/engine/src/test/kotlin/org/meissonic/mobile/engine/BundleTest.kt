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

    private fun damaged(damage: () -> Unit): String {
        copyOf(folder)
        damage()
        return assertFailsWith<BundleError> { Bundle.open(folder) }.message.orEmpty()
    }

    private fun edited(from: String, to: String) = damaged {
        val text = manifest.readText()
        check(from in text) { "the manifest has no $from" }
        manifest.writeText(text.replaceFirst(from, to))
    }

    @Test
    fun `a whole bundle opens and tells of each file`() {
        val told = mutableListOf<String>()
        val bundle = Bundle.open(bundleFolder, told::add)
        assertEquals(bundle.manifest.files.keys.toList(), told)
        assertEquals("stickers", bundle.manifest.model.name)
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
    }

    @Test
    fun `a truncated file is named with both sizes`() {
        val message = damaged { RandomAccessFile(weights, "rw").use { it.setLength(17) } }
        assertContains(message, Regex("transformer.onnx.data is truncated: 17 bytes instead of \\d+: copy the bundle again"))
    }

    @Test
    fun `a missing file is named`() = assertContains(damaged { weights.delete() }, "transformer.onnx.data is missing")

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

    @Test
    fun `a newer version says to update`() =
        assertContains(edited("\"version\": 1", "\"version\": 2"), "has version 2, newer than 1: update the app")

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
    }

    @Test
    fun `memory that is too small is refused before anything is loaded`() {
        val facts = Bundle.readManifest(bundleFolder)
        val size = facts.defaults.size
        checkMemory(facts, size, memoryNeeded(facts, size))
        val error = assertFailsWith<RequestError> { checkMemory(facts, size, memoryNeeded(facts, size) - 1) }
        assertContains(error.message.orEmpty(), Regex("drawing 64x64 needs about \\d+ MB of memory and \\d+ MB are free"))
    }
}
