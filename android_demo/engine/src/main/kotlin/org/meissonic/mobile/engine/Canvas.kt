package org.meissonic.mobile.engine

// Editing: what a drawing starts from, either nothing or a picture of which some tokens are kept.

/** The start of a drawing on a grid of [H, W] tokens. */
internal class Canvas(
    val plan: Plan,
    val unknown: BooleanArray, // [H*W]: the tokens to draw; the others are the picture's
    val pixels: Bytes? = null, // u8 [h, w, 3] for the image encoder; null without a picture
    val covered: BooleanArray? = null, // [h*w]: the pixels to repaint, the others stay the picture's; null: all of them
) {
    /** The tokens i32 [H*W] that the loop starts from, given those of the picture (null without one). */
    fun tokens(encoded: IntArray?) =
        IntArray(unknown.size) { if (encoded == null || unknown[it]) plan.maskTokenId else encoded[it] }
}

/** The canvas of an edit, or of none. Throws RequestError for an edit that cannot be drawn. */
internal fun canvas(settings: Settings, manifest: Manifest, edit: Edit?, how: Fit): Canvas = when (edit) {
    null -> blank(settings, manifest)
    is Edit.ImageToImage -> redrawn(settings, manifest, edit.image, edit.strength, how)
    is Edit.Inpaint -> inpainted(settings, manifest, edit.image, edit.mask, edit.strength, how)
    is Edit.Outpaint -> outpainted(settings, manifest, edit.image, edit.margins, how)
}

/** Text-to-image: nothing is known. */
private fun blank(settings: Settings, manifest: Manifest): Canvas {
    val unknown = BooleanArray(grid(settings, manifest).area) { true }
    return Canvas(plan(settings, manifest, manifest.model.maskingSchedule), unknown)
}

/** Image-to-image: chance decides which tokens are known; the greater the strength, the fewer. */
private fun redrawn(settings: Settings, manifest: Manifest, image: Picture, strength: Double?, how: Fit): Canvas {
    checkEncoder(manifest)
    val share = checkStrength(strength ?: manifest.defaults.strength)
    val pixels = pictureArray(image, settings.size, how)
    val plan = plan(settings, manifest, manifest.model.maskingSchedule, startingStep(settings.steps, share))
    return Canvas(plan, maskedAtStart(PhiloxNoise(settings.seed), plan, grid(settings, manifest).area), pixels)
}

/** Inpainting: what is white in the mask is unknown. */
private fun inpainted(
    settings: Settings,
    manifest: Manifest,
    image: Picture,
    mask: Picture,
    strength: Double,
    how: Fit,
): Canvas {
    checkEncoder(manifest)
    checkStrength(strength)
    val pixels = pictureArray(image, settings.size, how)
    val levels = maskLevels(mask, image.size, settings.size, how)
    val unknown = maskArray(levels, settings.size, grid(settings, manifest))
    return repainted(settings, manifest, pixels, unknown, levels, strength)
}

/** Outpainting: the margins around the image are unknown. */
private fun outpainted(settings: Settings, manifest: Manifest, image: Picture, margins: Margins, how: Fit): Canvas {
    checkEncoder(manifest)
    val tokenSize = manifest.model.tokenSize
    val inner = checkMargins(margins, settings.size, tokenSize)
    val pixels = padEdges(pictureArray(image, inner, how), margins)
    val unknown = marginArray(grid(settings, manifest), margins, tokenSize)
    return repainted(settings, manifest, pixels, unknown, levels = null, strength = 1.0)
}

private fun repainted(
    settings: Settings,
    manifest: Manifest,
    pixels: Bytes,
    unknown: BooleanArray,
    levels: IntArray?,
    strength: Double,
): Canvas {
    // The published inpainting takes the linear schedule, scaled to the share of the picture to repaint.
    val start = startingStep(settings.steps, strength)
    val ratio = unknown.count { it }.toDouble() / unknown.size
    val covered = coveredPixels(unknown, grid(settings, manifest), manifest.model.tokenSize, levels)
    return Canvas(plan(settings, manifest, MaskingSchedule.LINEAR, start, ratio), unknown, pixels, covered)
}

private fun plan(
    settings: Settings,
    manifest: Manifest,
    schedule: MaskingSchedule,
    start: Int = 0,
    startingRatio: Double = 1.0,
) = Plan(
    steps = settings.steps,
    maskTokenId = manifest.model.maskTokenId,
    schedule = schedule,
    start = start,
    startingRatio = startingRatio,
    temperature = manifest.defaults.temperature.let { it[0].toFloat() to it[1].toFloat() },
    student = manifest.model.student?.let { Student(it.masked, manifest.model.codebookSize) },
)

/** Width and height in tokens. */
internal fun grid(settings: Settings, manifest: Manifest): Size =
    with(settings.size) { Size(width / manifest.model.tokenSize, height / manifest.model.tokenSize) }

/** Throws RequestError if the bundle cannot edit. */
private fun checkEncoder(manifest: Manifest) {
    if ("image_encoder" !in manifest.graphs) {
        throw RequestError(
            "this bundle has no image_encoder and draws from text only: export it again with one",
            TextOnly,
        )
    }
}
