package org.meissonic.mobile.app.model

import org.meissonic.mobile.engine.Edit
import org.meissonic.mobile.engine.Fit
import org.meissonic.mobile.engine.Manifest
import org.meissonic.mobile.engine.MAX_GUIDANCE
import org.meissonic.mobile.engine.MAX_STEPS
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.Size

enum class Field { PROMPT, SEED, STEPS, GUIDANCE, PICTURE, MASK, SIDES, MEMORY }

/** The result of checking a form: a request, or the field to correct. */
sealed interface Checked

data class Valid(val request: Request) : Checked

data class Invalid(val field: Field) : Checked

/** The size of [draft], or the model's default if the model does not draw that size. */
fun sizeOf(draft: Draft, manifest: Manifest): Size = draft.size?.takeIf { it in manifest.sizes } ?: manifest.defaults.size

/** The size of the picture to draw on: the size of the drawing, less the margins. */
fun pictureSize(draft: Draft, manifest: Manifest): Size {
    val whole = sizeOf(draft, manifest)
    return if (draft.mode == Mode.EXTEND) inside(whole, margins(whole, manifest.model.tokenSize, draft.sides)) else whole
}

/**
 * Checks the form, field by field from the top.
 *
 * [picture] fits the chosen picture to a size, or gives null; [anySeed] is used if the field is blank.
 */
fun check(draft: Draft, manifest: Manifest, anySeed: ULong, picture: (Size, Fit) -> Picture?): Checked = try {
    checked(draft, manifest, anySeed, picture)
} catch (_: OutOfMemoryError) { // of the pictures, because a model may draw 4096 pixels a side
    Invalid(Field.MEMORY)
}

private fun checked(draft: Draft, manifest: Manifest, anySeed: ULong, picture: (Size, Fit) -> Picture?): Checked {
    if (draft.prompt.isBlank()) return Invalid(Field.PROMPT)
    val seed = number(draft.seed, anySeed) { it.toULongOrNull() } ?: return Invalid(Field.SEED)
    val steps = number(draft.steps, manifest.defaults.steps) { typed -> typed.toIntOrNull()?.takeIf { it in 1..MAX_STEPS } }
        ?: return Invalid(Field.STEPS)
    val guidance = number(draft.guidance, manifest.defaults.guidance) { typed ->
        typed.replace(',', '.').toDoubleOrNull()?.takeIf { it in 0.0..MAX_GUIDANCE }
    } ?: return Invalid(Field.GUIDANCE)
    val size = sizeOf(draft, manifest)
    val request = Request(
        draft.prompt, draft.negative.ifBlank { null }, seed, steps, guidance, size,
        guidanceFrom = draft.guidanceFrom, guidanceUntil = draft.guidanceUntil,
    )
    if (draft.mode == Mode.TEXT) return Valid(request)
    val inner = pictureSize(draft, manifest)
    // A picture of one token has no room for margins.
    if (draft.mode == Mode.EXTEND && (draft.sides.isEmpty() || inner.width <= 0 || inner.height <= 0)) return Invalid(Field.SIDES)
    val image = picture(inner, draft.fit) ?: return Invalid(Field.PICTURE)
    val strength = draft.strengths.getOrDefault(draft.mode, 100) / 100.0
    val edit = when (draft.mode) {
        Mode.REDRAW -> Edit.ImageToImage(image, strength)
        Mode.REPAINT -> {
            val mask = paint(draft.strokes, size)
            if (mask.argb.none { it == WHITE }) return Invalid(Field.MASK)
            Edit.Inpaint(image, mask, strength)
        }
        else -> Edit.Outpaint(image, margins(size, manifest.model.tokenSize, draft.sides))
    }
    return Valid(request.copy(edit = edit, fit = draft.fit, compose = draft.compose))
}

private fun <T> number(typed: String, default: T, parse: (String) -> T?): T? =
    if (typed.isBlank()) default else parse(typed.trim())
