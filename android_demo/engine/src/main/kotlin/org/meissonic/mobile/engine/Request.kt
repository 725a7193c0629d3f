package org.meissonic.mobile.engine

import kotlinx.serialization.Serializable

/** What to draw. Null means the bundle's default. At a [guidance] of 1 or less [negative] is not used. */
data class Request(
    val prompt: String,
    val negative: String? = null,
    val seed: ULong = 0u,
    val steps: Int? = null,
    val guidance: Double? = null,
    val size: Size? = null,
    val edit: Edit? = null, // the picture to start from; null: from text alone
    // Guidance is on from the first share of the steps until the second; elsewhere a step takes half the work.
    val guidanceFrom: Double = 0.0,
    val guidanceUntil: Double = 1.0,
    val fit: Fit = Fit.CROP, // how that gets the size drawn
    val compose: Boolean = true, // whether what a mask or margins do not cover stays its own pixels
)

/** Drawing on a picture. Strength, above 0 to 1, is the share of the steps that run. */
sealed interface Edit {
    /** Redraws a picture of any size, fitted; a null [strength] is the bundle's default. */
    class ImageToImage(val image: Picture, val strength: Double? = null) : Edit

    /** Repaints the picture where the mask is white. A strength below 1 skips the first steps. */
    class Inpaint(val image: Picture, val mask: Picture, val strength: Double = 1.0) : Edit

    /** Paints margins around a picture that is fitted inside them. */
    class Outpaint(val image: Picture, val margins: Margins) : Edit
}

/** Pixels around a picture. */
data class Margins(val left: Int, val top: Int, val right: Int, val bottom: Int) {
    val all get() = listOf(left, top, right, bottom)

    override fun toString() = all.joinToString(" ")
}

/** A request with every value known and in range. */
@Serializable
data class Settings(
    val prompt: String,
    val negative: String,
    val seed: ULong,
    val steps: Int,
    val guidance: Double,
    val size: Size,
    val guidanceFrom: Double = 0.0,
    val guidanceUntil: Double = 1.0,
) {
    /** Whether a step may also see the negative prompt. */
    val guided: Boolean get() = guidance > 1

    /** Whether this step (from 0) also sees the negative prompt. */
    fun guidedAt(step: Int): Boolean = guided && inInterval(step, steps, guidanceFrom, guidanceUntil)
}

const val MAX_STEPS = 1000
const val MAX_GUIDANCE = 100.0

/** Fills in the defaults. Throws RequestError that names the first value out of range. */
fun settle(request: Request, manifest: Manifest): Settings {
    val defaults = manifest.defaults
    val settings = Settings(
        prompt = request.prompt,
        negative = request.negative ?: defaults.negative,
        seed = request.seed,
        steps = request.steps ?: defaults.steps,
        guidance = request.guidance ?: defaults.guidance,
        size = request.size ?: defaults.size,
        guidanceFrom = request.guidanceFrom,
        guidanceUntil = request.guidanceUntil,
    )
    if (settings.prompt.isBlank()) throw RequestError("the prompt is empty: say what to draw")
    if (settings.steps !in 1..MAX_STEPS) {
        throw RequestError("steps ${settings.steps} is out of range: give 1 to $MAX_STEPS")
    }
    if (!(settings.guidance in 0.0..MAX_GUIDANCE)) {
        throw RequestError("guidance ${settings.guidance} is out of range: give 0 to ${MAX_GUIDANCE.toInt()}")
    }
    checkInterval(settings.guidanceFrom, settings.guidanceUntil)
    if (settings.size !in manifest.sizes) {
        val sizes = manifest.sizes.joinToString()
        throw RequestError("size ${settings.size} is not in this bundle, which draws $sizes: choose one of those")
    }
    return settings
}

/** The shares of the steps between which guidance is on: 0 <= [start] < [end] <= 1. Throws RequestError. */
internal fun checkInterval(start: Double, end: Double) {
    for ((name, value) in listOf("from" to start, "until" to end)) {
        if (!(value in 0.0..1.0)) {
            throw RequestError("guidance $name $value is out of range: give 0 to 1, a share of the steps")
        }
    }
    if (start >= end) {
        throw RequestError("guidance from $start until $end guides no step: give a smaller share first, or guidance 1")
    }
}

/** The share of the steps that an edit runs, in (0, 1]. Throws RequestError. */
internal fun checkStrength(strength: Double): Double {
    if (!(strength > 0 && strength <= 1)) {
        throw RequestError("strength $strength is out of range: give more than 0, at most 1")
    }
    return strength
}

/** The size inside margins. Throws RequestError unless they are whole tokens and leave room for a picture. */
internal fun checkMargins(margins: Margins, size: Size, tokenSize: Int): Size {
    if (margins.all.any { it !in 0..MAX_SIDE || it % tokenSize != 0 } || margins.all.all { it == 0 }) {
        throw RequestError(
            "margins $margins are no frame: give left, top, right, bottom in multiples of $tokenSize pixels",
        )
    }
    val inner = with(margins) { Size(size.width - left - right, size.height - top - bottom) }
    if (inner.width <= 0 || inner.height <= 0) {
        throw RequestError("margins $margins leave no room for the picture in $size pixels: give smaller ones")
    }
    return inner
}
