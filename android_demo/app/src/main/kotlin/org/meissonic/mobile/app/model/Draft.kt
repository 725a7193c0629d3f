package org.meissonic.mobile.app.model

import java.io.File
import java.io.IOException
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.meissonic.mobile.engine.Size

/** What a drawing starts from. */
enum class Mode { TEXT, REDRAW, REPAINT, EXTEND }

enum class Side { LEFT, TOP, RIGHT, BOTTOM }

/** The form as a person left it. Fields hold the typed text, valid or not; blank means the model's default. */
@Serializable
data class Draft(
    val prompt: String = "",
    val negative: String = "",
    val seed: String = "",
    val steps: String = "",
    val guidance: String = "",
    val size: Size? = null,
    val mode: Mode = Mode.TEXT,
    val strength: Int = 60, // percent
    val sides: Set<Side> = setOf(Side.LEFT, Side.RIGHT),
    val strokes: List<Stroke> = emptyList(),
    val preview: Boolean = true,
)

/** Saves the draft, so that it outlives the process. */
class DraftFile(private val file: File) {
    private var kept: Draft? = null

    /** The saved draft; an empty one if there is none or it cannot be read. */
    fun load(): Draft = kept ?: read().also { kept = it }

    /** Throws IOException; then only this process remembers the draft. */
    fun save(draft: Draft) {
        kept = draft
        writeWhole(file) { it.write(Json.encodeToString(draft).toByteArray()) }
    }

    private fun read(): Draft = try {
        Json.decodeFromString<Draft>(file.readText())
    } catch (_: IOException) {
        Draft()
    } catch (_: IllegalArgumentException) {
        Draft() // of another version of the app
    }
}
