package org.meissonic.mobile.engine

import java.nio.BufferUnderflowException
import java.nio.ByteBuffer
import java.util.zip.CRC32
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json

// The settings that made a picture, in its PNG file: a text chunk (iTXt) with the keyword "meissonic" that holds JSON.
// PNG specification, third edition, sections 5.2 to 5.5 and 11.3.3.4.

/** What a drawing started from. */
@Serializable
enum class PictureMode {
    @SerialName("text")
    TEXT,

    @SerialName("image")
    IMAGE,

    @SerialName("inpaint")
    INPAINT,

    @SerialName("outpaint")
    OUTPAINT,
}

/** What made a picture. Those from [strength] to [compose] are of drawings on a picture. */
@Serializable
data class PictureSettings(
    val prompt: String,
    @SerialName("negative_prompt") val negativePrompt: String,
    val seed: StrictULong,
    val steps: StrictInt,
    val guidance: StrictDouble,
    @SerialName("size") private val heightAndWidth: List<StrictInt>,
    val mode: PictureMode,
    val model: String, // SHA-256 of the bundle's manifest
    val strength: StrictDouble? = null,
    @SerialName("margins") private val sides: List<StrictInt>? = null, // left, top, right, bottom
    val fit: Fit? = null,
    val compose: Boolean? = null,
    @SerialName("guidance_from") val guidanceFrom: StrictDouble? = null, // the share of the steps that guidance begins at; none: 0
    @SerialName("guidance_until") val guidanceUntil: StrictDouble? = null, // ... and ends at; none: 1
) {
    init {
        require(heightAndWidth.size == 2) { "size has ${heightAndWidth.size} numbers" }
        require(sides == null || sides.size == 4) { "margins have ${sides?.size} numbers" }
    }

    val size get() = Size(heightAndWidth[1], heightAndWidth[0])
    val margins get() = sides?.let { Margins(it[0], it[1], it[2], it[3]) }
}

/** The settings of a drawing with [bundle]. */
fun pictureSettings(request: Request, settings: Settings, bundle: Bundle): PictureSettings {
    val edit = request.edit
    return PictureSettings(
        prompt = settings.prompt,
        negativePrompt = settings.negative,
        seed = settings.seed,
        steps = settings.steps,
        guidance = settings.guidance,
        heightAndWidth = listOf(settings.size.height, settings.size.width),
        mode = when (edit) {
            null -> PictureMode.TEXT
            is Edit.ImageToImage -> PictureMode.IMAGE
            is Edit.Inpaint -> PictureMode.INPAINT
            is Edit.Outpaint -> PictureMode.OUTPAINT
        },
        model = bundle.sha256,
        strength = when (edit) {
            is Edit.ImageToImage -> edit.strength ?: bundle.manifest.defaults.strength
            is Edit.Inpaint -> edit.strength
            else -> null
        },
        sides = (edit as? Edit.Outpaint)?.margins?.all,
        fit = edit?.let { request.fit },
        compose = edit?.let { if (it is Edit.ImageToImage) null else request.compose },
        guidanceFrom = settings.guidanceFrom.takeIf { it != 0.0 },
        guidanceUntil = settings.guidanceUntil.takeIf { it != 1.0 },
    )
}

private const val KEYWORD = "meissonic"
private const val LARGEST = 1_000_000 // bytes of a chunk
private val SIGNATURE = byteArrayOf(-119, 80, 78, 71, 13, 10, 26, 10)
private val FIRST = SIGNATURE.size + 25 // bytes up to the end of the header's chunk
private val json = Json { ignoreUnknownKeys = true } // a newer runtime may add keys

/** A PNG file with the settings in it. */
fun withSettings(png: ByteArray, settings: PictureSettings): ByteArray {
    // Keyword, no compression (two zeros), no language, no translated keyword.
    val text = "iTXt$KEYWORD\u0000\u0000\u0000\u0000\u0000${json.encodeToString(settings)}".toByteArray()
    val chunk = ByteBuffer.allocate(text.size + 8).putInt(text.size - 4).put(text)
    chunk.putInt(CRC32().apply { update(text) }.value.toInt())
    val first = minOf(FIRST, png.size)
    return png.copyOf(first) + chunk.array() + png.copyOfRange(first, png.size)
}

/** The settings in a file, or null if it has none that can be read. */
fun settingsOf(file: ByteArray): PictureSettings? {
    if (file.size < SIGNATURE.size || !file.copyOf(SIGNATURE.size).contentEquals(SIGNATURE)) return null
    val data = ByteBuffer.wrap(file, SIGNATURE.size, file.size - SIGNATURE.size)
    var found: PictureSettings? = null
    try {
        while (data.remaining() >= 8) {
            val (length, kind) = data.getInt() to ByteArray(4).also(data::get).decodeToString()
            if (length < 0 || length > data.remaining() - 4) return found
            if (kind == "iTXt" && length <= LARGEST) parse(ByteArray(length).also(data.duplicate()::get))?.let { found = it }
            data.position(data.position() + length + 4) // the checksum
        }
    } catch (_: BufferUnderflowException) {
        return found
    }
    return found
}

private fun parse(chunk: ByteArray): PictureSettings? {
    val head = "$KEYWORD\u0000\u0000\u0000".toByteArray() // not compressed
    if (chunk.size < head.size || !chunk.copyOf(head.size).contentEquals(head)) return null
    val zeros = (head.size until chunk.size).filter { chunk[it] == 0.toByte() }.take(2) // end the language, the translated keyword
    if (zeros.size < 2) return null
    return try {
        json.decodeFromJsonElement(PictureSettings.serializer(), strictJson(chunk.copyOfRange(zeros[1] + 1, chunk.size)))
    } catch (_: SerializationException) {
        null
    } catch (_: IllegalArgumentException) {
        null
    }
}
