import MeissonicKit

/// A row of the sheet.
public enum Option: Sendable, Hashable {
    case mode, picture, fit, strength, mask, sides, compose
    case negative, size, steps, guidance, interval, seed
    case preview, unit
}

extension Draft {
    /// The rows of the sheet by section, from the top: only those that change the drawing.
    public func options(for manifest: Manifest) -> [[Option]] {
        let values: [(Option, Bool)] = [
            (.negative, true), (.size, manifest.sizes.count > 1), (.steps, true), (.guidance, true),
            (.interval, !guidesEveryStep), (.seed, true),
        ]
        return [manifest.edits ? [.mode] + start : [], values.filter(\.1).map(\.0), [.preview, .unit]].filter { !$0.isEmpty }
    }

    /// The rows of drawing on a picture.
    private var start: [Option] {
        switch mode {
        case .text: []
        case .redraw: [.picture, .fit, .strength]
        case .repaint: [.picture, .fit, .mask, .strength, .compose]
        case .extend: [.picture, .fit, .sides, .compose]
        }
    }
}

extension Field {
    /// Whether it is corrected in the sheet; the prompt is not.
    var isInSheet: Bool { self != .prompt }
}
