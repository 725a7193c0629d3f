package org.meissonic.mobile.engine

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.io.TempDir

/** The manifests of tests/vectors/manifests.json, which a runtime of every language accepts or refuses. */
class ManifestsTest {
    @Serializable
    class Case(val name: String, val accepted: Boolean, val find: String, val replace: String, val pad: Int)

    @Serializable
    class Cases(val base: String, val cases: List<Case>)

    @TempDir
    lateinit var folder: File

    private fun refusal(manifest: ByteArray): String? {
        File(folder, Bundle.MANIFEST).writeBytes(manifest)
        return try {
            Bundle.readManifest(folder)
            null
        } catch (error: BundleError) {
            error.message
        }
    }

    @Test
    fun `the manifests that Python accepts and refuses are accepted and refused`() {
        val vector = vector<Cases>(File(repository, "tests/vectors/manifests.json"))
        assertTrue(vector.cases.size > 100)
        val different = vector.cases.mapNotNull { case ->
            val text = (if (case.find.isEmpty()) vector.base else vector.base.replaceFirst(case.find, case.replace)).toByteArray()
            val manifest = text + ByteArray(maxOf(0, case.pad - text.size)) { ' '.code.toByte() }
            val refusal = refusal(manifest)
            "${case.name}: $refusal".takeIf { (refusal == null) != case.accepted }
        }
        assertEquals(emptyList(), different)
    }

    @Test
    fun `a refusal is one line that steers no terminal`() {
        val message = refusal("""{"format":"meissonic-mobile","version":1,"\u001b[2J\nx":1}""".toByteArray()).orEmpty()
        assertTrue(message.isNotEmpty() && message.none { it.isISOControl() }, message)
    }

    @Test
    fun `bytes that are not UTF-8 are refused`() {
        val message = refusal("{\"format\":\"meissonic-mobile\u0000\"}".toByteArray().map { if (it == 0.toByte()) -1 else it }.toByteArray())
        assertTrue("is not UTF-8" in message.orEmpty(), message)
    }

    @Test
    fun `a manifest of any size is read up to its largest`() {
        assertFailsWith<BundleError> { Bundle.content(File("/dev/zero"), Bundle.LARGEST_MANIFEST) }
    }
}
