package org.meissonic.mobile.app.model

import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.io.OutputStream
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.PictureSettings
import org.meissonic.mobile.engine.Settings
import org.meissonic.mobile.engine.withSettings

/** A picture of the history: the settings that draw it again, and how long it took (seconds). */
@Serializable
data class Drawn(
    val id: String,
    val settings: Settings,
    val seconds: Double,
    val model: String,
)

/**
 * The pictures of the history, newest first. [folder] holds ID.png and ID.json for each; the second is written last, so a
 * lone PNG is the rest of an interruption.
 */
class Gallery(
    private val folder: File,
    private val encode: (Picture, OutputStream) -> Unit,
    private val now: () -> Long = System::currentTimeMillis,
) {
    private val mutable = MutableStateFlow(read())
    val entries: StateFlow<List<Drawn>> = mutable

    fun file(drawn: Drawn) = File(folder, "${drawn.id}.png")

    fun find(id: String): Drawn? = entries.value.find { it.id == id }

    /** Adds a picture, whose file holds what [made] it. Throws IOException. */
    fun add(drawing: Drawing, model: String, made: PictureSettings? = null): Drawn {
        val drawn = Drawn(newId(), drawing.settings, drawing.seconds.values.sum(), model)
        val png = ByteArrayOutputStream().also { encode(drawing.picture, it) }.toByteArray()
        writeWhole(file(drawn)) { it.write(if (made == null) png else withSettings(png, made)) }
        writeWhole(facts(drawn)) { it.write(Json.encodeToString(drawn).toByteArray()) }
        mutable.value = listOf(drawn) + entries.value
        return drawn
    }

    fun remove(drawn: Drawn) {
        facts(drawn).delete()
        file(drawn).delete()
        mutable.value = entries.value - drawn
    }

    private fun facts(drawn: Drawn) = File(folder, "${drawn.id}.json")

    // Text order is the order in time.
    private fun newId(): String = generateSequence(now()) { it + 1 }
        .map { "%015d".format(it) }
        .first { !File(folder, "$it.json").exists() }

    private fun read(): List<Drawn> =
        folder.listFiles { file -> file.extension == "json" }.orEmpty().sortedByDescending { it.name }.mapNotNull { file ->
            try {
                Json.decodeFromString<Drawn>(file.readText()).takeIf { file(it).isFile }
            } catch (_: IOException) {
                null
            } catch (_: IllegalArgumentException) {
                null // of another version of the app
            }
        }
}
