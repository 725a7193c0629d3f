package org.meissonic.mobile.app

import java.io.IOException
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import org.junit.Test
import org.meissonic.mobile.engine.BundleError
import org.meissonic.mobile.engine.ChangedFile
import org.meissonic.mobile.engine.CoreMlBundle
import org.meissonic.mobile.engine.EmptyMask
import org.meissonic.mobile.engine.EngineError
import org.meissonic.mobile.engine.Fault
import org.meissonic.mobile.engine.MissingFile
import org.meissonic.mobile.engine.NewerBundle
import org.meissonic.mobile.engine.NoBundle
import org.meissonic.mobile.engine.RequestError
import org.meissonic.mobile.engine.TextOnly
import org.meissonic.mobile.engine.TooLittleMemory
import org.meissonic.mobile.engine.TruncatedFile
import org.meissonic.mobile.engine.UnreadableFile
import org.meissonic.mobile.store.Problem
import org.meissonic.mobile.store.StoreError
import org.robolectric.RuntimeEnvironment

private const val ENGLISH = "the message of the engine"

/** Errors in a person's language, with their values. */
class FaultsTest : OnAndroid() {
    private fun german(error: Exception): String {
        RuntimeEnvironment.setQualifiers("+de")
        return app.words(error)
    }

    @Test
    fun `errors with kind and values are entirely in German`() {
        val said: Map<Fault, List<String>> = mapOf(
            NoBundle to listOf("nicht als Modell"),
            NewerBundle(7) to listOf("Version 7"),
            CoreMlBundle to listOf("iPhone"),
            MissingFile("a.onnx") to listOf("a.onnx", "fehlt"),
            TruncatedFile("a.onnx", 1_000_000, 2_000_000) to listOf("a.onnx", "abgeschnitten", "1,0 MB von 2,0 MB"),
            ChangedFile("a.onnx") to listOf("a.onnx", "verändert"),
            UnreadableFile("a.onnx", "EIO") to listOf("a.onnx", "nicht lesbar", "Einzelheiten: EIO"),
            TooLittleMemory(900_000_000, 100_000_000) to listOf("etwa 900 MB", "frei sind 100 MB"),
        )
        for ((fault, parts) in said) {
            val words = german(BundleError(ENGLISH, fault = fault))
            for (part in parts) assertContains(words.replace('\u00a0', ' '), part)
            assertFalse(ENGLISH in words, words)
        }
        for (fault in listOf(EmptyMask, TextOnly)) assertFalse(ENGLISH in german(RequestError(ENGLISH, fault)))
    }

    @Test
    fun `details that only the message has follow in English`() {
        for (error in listOf(BundleError(ENGLISH), RequestError(ENGLISH), EngineError(ENGLISH))) {
            val (first, second) = german(error).lines()
            assertFalse(ENGLISH in first)
            assertEquals("Einzelheiten: $ENGLISH", second)
        }
        assertContains(german(IOException("ENOSPC")), "schaffen Sie Speicherplatz")
    }

    @Test
    fun `each problem of a transfer names its file`() {
        for (problem in Problem.entries) {
            val words = german(StoreError(problem, ENGLISH, IOException("EPIPE"), "a.onnx", 3_000_000))
            assertFalse(ENGLISH in words, words)
            val part = when (problem) {
                Problem.NO_SPACE -> "3,0 MB fehlen"
                Problem.STORAGE -> "Einzelheiten: EPIPE"
                else -> "a.onnx"
            }
            assertContains(words.replace('\u00a0', ' '), part)
        }
    }
}
