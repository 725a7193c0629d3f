import MeissonicKit

public enum Field: Sendable, Equatable {
    case prompt, seed, steps, guidance, picture, mask, sides
}

/// The result of checking a form: a request, or the field to correct.
public enum Checked: Sendable, Equatable {
    case fit(Request)
    case unfit(Field)
}

extension Draft {
    /// The size of the draft, or the model's default if the model does not draw that size.
    public func size(for manifest: Manifest) -> Size {
        size.flatMap { manifest.sizes.contains($0) ? $0 : nil } ?? manifest.defaults.size
    }

    /// The size of the picture to draw on: the size of the drawing, less the margins.
    public func pictureSize(for manifest: Manifest) -> Size {
        let whole = size(for: manifest)
        return mode == .extend ? whole.inside(margins(for: manifest)) : whole
    }

    /// Checks the form, field by field from the top. `picture` is the chosen one, in any size; `anySeed` is used if the field is
    /// blank. Runs off the main thread, because resampling and painting take a second at 1024 pixels.
    public func checked(for manifest: Manifest, anySeed: UInt64, picture: Picture?) async -> Checked {
        guard prompt.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { return .unfit(.prompt) }
        guard let seed = number(seed, or: anySeed, { UInt64($0) }) else { return .unfit(.seed) }
        let defaults = manifest.defaults
        guard let steps = number(steps, or: defaults.steps, { Int($0) }), 1...maxSteps ~= steps else {
            return .unfit(.steps)
        }
        let typed = guidance.replacing(",", with: ".")
        guard let guidance = number(typed, or: defaults.guidance, { Double($0) }),
            0...maxGuidance ~= guidance
        else { return .unfit(.guidance) }
        let mode = manifest.edits ? mode : .text  // the form of a model without an encoder shows no other mode
        let inner = pictureSize(for: manifest)
        // A picture of one token has no room for margins.
        if mode == .extend, sides.isEmpty || inner.width <= 0 || inner.height <= 0 { return .unfit(.sides) }
        var request = Request(
            prompt, negative: negative.isEmpty ? nil : negative, seed: seed, steps: steps, guidance: guidance,
            size: size(for: manifest), fit: fit, compose: compose, guidanceFrom: guidanceFrom, guidanceUntil: guidanceUntil)
        guard mode != .text else { return .fit(request) }
        guard let picture = picture?.fitted(to: inner, fit) else { return .unfit(.picture) }
        switch mode {
        case .text: break
        case .redraw: request.edit = .imageToImage(picture, strength: Double(strength) / 100)
        case .repaint:
            let mask = paint(strokes, size: picture.size)
            guard mask.levels.contains(255) else { return .unfit(.mask) }
            request.edit = .inpaint(picture, mask: mask, strength: Double(strength) / 100)
        case .extend: request.edit = .outpaint(picture, margins: margins(for: manifest))
        }
        return .fit(request)
    }

    private func margins(for manifest: Manifest) -> Margins {
        Margins(extending: sides, of: size(for: manifest), tokenSize: manifest.model.tokenSize)
    }
}

/// The number in a field: `fallback` if blank, nil if it is not a number.
private func number<Value>(_ typed: String, or fallback: Value, _ parse: (String) -> Value?) -> Value? {
    let typed = typed.filter { !$0.isWhitespace }
    return typed.isEmpty ? fallback : parse(typed)
}
