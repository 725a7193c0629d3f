import MeissonicKit

public enum Field: Sendable, Equatable {
    case prompt, seed, steps, guidance, picture, mask, sides
}

/// A form can be drawn, or has a field that must be filled in otherwise.
public enum Checked: Sendable, Equatable {
    case fit(Request)
    case unfit(Field)
}

extension Draft {
    /// The size asked for; the model's default where it draws no such size.
    public func size(for manifest: Manifest) -> Size {
        size.flatMap { manifest.sizes.contains($0) ? $0 : nil } ?? manifest.defaults.size
    }

    /// The size a picture is brought to before it is drawn on: what remains of the whole when there are margins.
    public func pictureSize(for manifest: Manifest) -> Size {
        let whole = size(for: manifest)
        return mode == .extend ? whole.inside(margins(for: manifest)) : whole
    }

    /// Checks the form, field by field from the top. `picture` is the chosen one, in any size; `anySeed` is taken where none
    /// was typed. Resampling and painting take a second at 1024 pixels: this runs off the main thread.
    public func checked(for manifest: Manifest, anySeed: UInt64, picture: Picture?) async -> Checked {
        guard prompt.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { return .unfit(.prompt) }
        guard let seed = number(seed, or: anySeed, { UInt64($0) }) else { return .unfit(.seed) }
        let defaults = manifest.defaults
        guard let steps = number(steps, or: defaults.steps, { Int($0) }), RequestLimits.steps.contains(steps) else {
            return .unfit(.steps)
        }
        let typed = guidance.replacing(",", with: ".")
        guard let guidance = number(typed, or: defaults.guidance, { Double($0) }),
            RequestLimits.guidance.contains(guidance)
        else { return .unfit(.guidance) }
        let mode = manifest.edits ? mode : .text  // where a model draws from text only, no form shows another mode
        if mode == .extend, sides.isEmpty { return .unfit(.sides) }
        var request = Request(
            prompt, negative: negative.isEmpty ? nil : negative, seed: seed, steps: steps, guidance: guidance,
            size: size(for: manifest))
        guard mode != .text else { return .fit(request) }
        guard let picture = picture?.cropped(to: pictureSize(for: manifest)) else { return .unfit(.picture) }
        switch mode {
        case .text: break
        case .redraw: request.edit = .imageToImage(picture, strength: Double(strength) / 100)
        case .repaint:
            let mask = paint(strokes, size: picture.size)
            guard mask.levels.contains(255) else { return .unfit(.mask) }
            request.edit = .inpaint(picture, mask: mask)
        case .extend: request.edit = .outpaint(picture, margins: margins(for: manifest))
        }
        return .fit(request)
    }

    private func margins(for manifest: Manifest) -> Margins {
        Margins(extending: sides, of: size(for: manifest), tokenSize: manifest.model.tokenSize)
    }
}

/// nil for what is no number; `fallback` where nothing was typed.
private func number<Value>(_ typed: String, or fallback: Value, _ parse: (String) -> Value?) -> Value? {
    let typed = typed.filter { !$0.isWhitespace }
    return typed.isEmpty ? fallback : parse(typed)
}
