/// Editing: what a drawing starts from, either nothing or a picture of which some tokens are kept.

/// The start of a drawing on a grid of [H, W] tokens.
struct Canvas {
    let plan: Plan
    /// [H*W]: the tokens to draw; the others are the picture's.
    let unknown: [Bool]
    /// u8 [h, w, 3] for the image encoder; nil without a picture.
    var pixels: Tensor?
    /// [h*w]: the pixels to repaint, the others stay the picture's; nil: all of them.
    var covered: [Bool]?

    /// The tokens i32 [H*W] that the loop starts from, given those of the picture (nil without one).
    func tokens(_ encoded: [Int32]?) -> [Int32] {
        unknown.indices.map { position in
            if let encoded, !unknown[position] { encoded[position] } else { plan.maskTokenID }
        }
    }
}

/// The canvas of an edit, or of none. Throws `UserError.request` for an edit that cannot be drawn.
func canvas(_ settings: Settings, _ manifest: Manifest, _ edit: Edit?, _ how: Fit) throws -> Canvas {
    switch edit {
    case nil: blank(settings, manifest)
    case .imageToImage(let image, let strength): try redrawn(settings, manifest, image, strength, how)
    case .inpaint(let image, let mask, let strength): try inpainted(settings, manifest, image, mask, strength, how)
    case .outpaint(let image, let margins): try outpainted(settings, manifest, image, margins, how)
    }
}

/// Text-to-image: nothing is known.
private func blank(_ settings: Settings, _ manifest: Manifest) -> Canvas {
    let unknown = Array(repeating: true, count: grid(settings, manifest).count)
    return Canvas(plan: plan(settings, manifest, manifest.model.maskingSchedule), unknown: unknown)
}

/// Image-to-image: chance decides which tokens are known; the greater the strength, the fewer.
private func redrawn(
    _ settings: Settings, _ manifest: Manifest, _ image: Picture, _ strength: Double?, _ how: Fit
) throws -> Canvas {
    try checkEncoder(manifest)
    let strength = try checkStrength(strength ?? manifest.defaults.strength)
    let pixels = pictureArray(image, size: settings.size, how)
    let start = startingStep(steps: settings.steps, strength: strength)
    let plan = plan(settings, manifest, manifest.model.maskingSchedule, start: start)
    let noise = PhiloxNoise(seed: settings.seed)
    let unknown = maskedAtStart(noise, plan: plan, count: grid(settings, manifest).count)
    return Canvas(plan: plan, unknown: unknown, pixels: pixels)
}

/// Inpainting: what is white in the mask is unknown.
private func inpainted(
    _ settings: Settings, _ manifest: Manifest, _ image: Picture, _ mask: GrayPicture, _ strength: Double,
    _ how: Fit
) throws -> Canvas {
    try checkEncoder(manifest)
    _ = try checkStrength(strength)
    let pixels = pictureArray(image, size: settings.size, how)
    let levels = maskLevels(mask, of: image.size, size: settings.size, how)
    let unknown = try maskArray(levels, grid: grid(settings, manifest))
    return repainted(settings, manifest, pixels, unknown, levels.levels, strength)
}

/// Outpainting: the margins around the image are unknown.
private func outpainted(
    _ settings: Settings, _ manifest: Manifest, _ image: Picture, _ margins: Margins, _ how: Fit
) throws -> Canvas {
    try checkEncoder(manifest)
    let tokenSize = manifest.model.tokenSize
    let inner = try checkMargins(margins, size: settings.size, tokenSize: tokenSize)
    let padded = padEdges(image.fitted(to: inner, how), margins: margins)
    let pixels = pictureArray(padded, size: settings.size)
    let unknown = marginArray(grid(settings, manifest), margins: margins, tokenSize: tokenSize)
    return repainted(settings, manifest, pixels, unknown, nil, 1)
}

private func repainted(
    _ settings: Settings, _ manifest: Manifest, _ pixels: Tensor, _ unknown: [Bool], _ levels: [UInt8]?,
    _ strength: Double
) -> Canvas {
    // The published inpainting takes the linear schedule, scaled to the share of the picture to repaint.
    let start = startingStep(steps: settings.steps, strength: strength)
    let ratio = Double(unknown.count { $0 }) / Double(unknown.count)
    let plan = plan(settings, manifest, .linear, start: start, startingRatio: ratio)
    let covered = coveredPixels(
        unknown, grid: grid(settings, manifest), tokenSize: manifest.model.tokenSize, levels: levels)
    return Canvas(plan: plan, unknown: unknown, pixels: pixels, covered: covered)
}

private func plan(
    _ settings: Settings, _ manifest: Manifest, _ schedule: MaskingSchedule, start: Int = 0, startingRatio: Double = 1
) -> Plan {
    let model = manifest.model
    return Plan(
        steps: settings.steps, maskTokenID: model.maskTokenID, schedule: schedule, start: start,
        startingRatio: startingRatio, temperature: manifest.defaults.temperature,
        student: model.student.map { Student(masked: $0.masked, codebookSize: model.codebookSize) })
}

/// Height and width in tokens.
func grid(_ settings: Settings, _ manifest: Manifest) -> Grid {
    Grid(settings.size, tokenSize: manifest.model.tokenSize)
}

/// Throws `UserError.request` if the bundle cannot edit.
private func checkEncoder(_ manifest: Manifest) throws {
    guard manifest.edits else {
        throw UserError.request(
            "this bundle has no image_encoder and draws from text only: export it again with one")
    }
}
