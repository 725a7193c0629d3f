package org.meissonic.mobile.app.model

import java.io.File
import java.io.IOException
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.meissonic.mobile.engine.Size

/** What a drawing starts from. */
enum class Mode { TEXT, REDRAW, REPAINT, EXTEND }

enum class Side { LEFT, TOP, RIGHT, BOTTOM }

/** The form as a person left it: fields hold what was typed, right or wrong; blank means the model's default. */
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

/** Keeps the draft, also when the process dies. */
class DraftFile(private val file: File) {
    private var kept: Draft? = null

    /** What was kept; an empty draft where nothing was or it cannot be read. */
    fun load(): Draft = kept ?: read().also { kept = it }

    /** Throws IOException: then the draft is kept for this process alone. */
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
