package org.meissonic.mobile.app.model

import java.io.File
import java.io.IOException
import kotlin.math.roundToInt
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.meissonic.mobile.engine.Fit
import org.meissonic.mobile.engine.PictureMode
import org.meissonic.mobile.engine.PictureSettings
import org.meissonic.mobile.engine.Settings
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
    val strengths: Map<Mode, Int> = mapOf(Mode.REDRAW to 60, Mode.REPAINT to 100), // percent that may change
    val sides: Set<Side> = setOf(Side.LEFT, Side.RIGHT),
    val strokes: List<Stroke> = emptyList(),
    val preview: Boolean = true,
    val fit: Fit = Fit.CROP,
    val compose: Boolean = true,
    // Shares of the steps between which guidance is on. No field sets them, only another picture's settings do.
    val guidanceFrom: Double = 0.0,
    val guidanceUntil: Double = 1.0,
) {
    val guidesEveryStep get() = guidanceFrom == 0.0 && guidanceUntil == 1.0

    fun guidingEveryStep() = copy(guidanceFrom = 0.0, guidanceUntil = 1.0)

    /** The form with the words and numbers of a picture. */
    fun with(settings: Settings) = copy(
        prompt = settings.prompt,
        negative = settings.negative,
        seed = settings.seed.toString(),
        steps = settings.steps.toString(),
        guidance = settings.guidance.toString(),
        size = settings.size,
        guidanceFrom = settings.guidanceFrom,
        guidanceUntil = settings.guidanceUntil,
    )

    /** The form that draws a picture again. What it was drawn on is not in its file. */
    fun with(made: PictureSettings): Draft {
        val settings = Settings(
            made.prompt, made.negativePrompt, made.seed, made.steps, made.guidance, made.size,
            made.guidanceFrom ?: 0.0, made.guidanceUntil ?: 1.0,
        )
        val mode = when (made.mode) {
            PictureMode.TEXT -> Mode.TEXT
            PictureMode.IMAGE -> Mode.REDRAW
            PictureMode.INPAINT -> Mode.REPAINT
            PictureMode.OUTPAINT -> Mode.EXTEND
        }
        val strength = made.strength?.let { mapOf(mode to (it * 100).roundToInt().coerceIn(1, 100)) }
        return with(settings).copy(
            mode = mode,
            strengths = strengths + strength.orEmpty(),
            sides = made.margins?.all?.let { all -> Side.entries.filter { all[it.ordinal] > 0 }.toSet() } ?: sides,
            fit = made.fit ?: fit,
            compose = made.compose ?: compose,
        )
    }
}

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
