package org.meissonic.mobile.engine

import java.io.File
import java.security.MessageDigest
import java.util.Base64
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** What Python and Pillow give: tests/runtime/editing_cases.py. */
class EditingTest {
    @Serializable
    class Source(val size: Size, val rgb: String)

    @Serializable
    class Inscribed(val shape: Size, val frame: Size, val size: Size)

    @Serializable
    class Fitted(val picture: Int, val size: Size, val fit: Fit, @SerialName("rgb_sha256") val sha256: String)

    @Serializable
    class Masked(
        val picture: Int,
        val of: Size,
        val size: Size,
        val fit: Fit,
        @SerialName("levels_sha256") val sha256: String,
    )

    @Serializable
    class Composed(
        @SerialName("token_size") val tokenSize: Int,
        val grid: Size,
        val unknown: String,
        val levels: String?,
        val photo: String,
        val drawn: String,
        @SerialName("covered_sha256") val covered: String,
        @SerialName("rgb_sha256") val sha256: String,
    )

    @Serializable
    class Made(val png: String, val settings: JsonObject)

    @Serializable
    class Vectors(
        val pictures: List<Source>,
        val inscribed: List<Inscribed>,
        val fits: List<Fitted>,
        val masks: List<Masked>,
        val composed: List<Composed>,
        val settings: List<Made>,
    )

    private val vectors = vector<Vectors>(File(repository, "tests/vectors/editing.json"))
    private val pictures = vectors.pictures.map { Picture.of(decoded(it.rgb), it.size) }

    private fun decoded(text: String): ByteArray = Base64.getDecoder().decode(text)

    private fun sha256(bytes: ByteArray) = hexadecimal(MessageDigest.getInstance("SHA-256").digest(bytes))

    @Test
    fun `pictures are fitted as Pillow does`() {
        for (case in vectors.inscribed) assertEquals(case.size, inscribed(case.shape, case.frame))
        for (case in vectors.fits) {
            val made = pictureArray(pictures[case.picture], case.size, case.fit).values
            assertEquals(case.sha256, sha256(made), "${case.picture} ${case.size} ${case.fit}")
        }
    }

    @Test
    fun `masks are fitted along with their pictures`() {
        for (case in vectors.masks) {
            val levels = maskLevels(pictures[case.picture], case.of, case.size, case.fit)
            assertEquals(case.sha256, sha256(ByteArray(levels.size) { levels[it].toByte() }))
        }
    }

    @Test
    fun `drawings are laid into photos as in Python`() {
        for (case in vectors.composed) {
            val unknown = decoded(case.unknown).let { bytes -> BooleanArray(bytes.size) { bytes[it] != 0.toByte() } }
            val levels = case.levels?.let(::decoded)?.let { bytes -> IntArray(bytes.size) { bytes[it].toInt() and 0xFF } }
            val covered = coveredPixels(unknown, case.grid, case.tokenSize, levels)
            assertEquals(case.covered, sha256(ByteArray(covered.size) { if (covered[it]) 1 else 0 }))
            val size = Size(case.grid.width * case.tokenSize, case.grid.height * case.tokenSize)
            val made = compose(decoded(case.photo), decoded(case.drawn), covered, size, case.tokenSize)
            assertEquals(case.sha256, sha256(made))
        }
    }

    @Test
    fun `the settings in Python's PNG files are read, and written with the same content`() {
        for (case in vectors.settings) {
            val png = decoded(case.png)
            val read = settingsOf(png)!!
            assertEquals((case.settings["seed"] as JsonPrimitive).content.toULong(), read.seed)
            // The same JSON as Python's, whose chunk is found and replaced.
            val tree = json.parseToJsonElement(json.encodeToString(read)) as JsonObject
            assertEquals(case.settings - "seed", tree - "seed")
            val plain = Base64.getDecoder().decode(PLAIN)
            val written = withSettings(plain, read)
            assertEquals(read, settingsOf(written))
            assertEquals(plain.toList(), written.take(33) + written.takeLast(plain.size - 33))
        }
    }

    @Test
    fun `a file without settings, cut short or of another kind has none`() {
        val png = decoded(vectors.settings[0].png)
        assertNull(settingsOf(Base64.getDecoder().decode(PLAIN)))
        for (length in listOf(0, 7, 8, 40, 80)) assertNull(settingsOf(png.copyOf(length)))
        assertNull(settingsOf("no picture".toByteArray()))
        val broken = png.toString(Charsets.ISO_8859_1).replace("\"seed\": 1", "\"seed\": x")
        assertNull(settingsOf(broken.toByteArray(Charsets.ISO_8859_1)))
    }

    private companion object {
        // A PNG of one pixel.
        const val PLAIN =
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    }
}
