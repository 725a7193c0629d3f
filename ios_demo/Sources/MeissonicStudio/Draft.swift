import MeissonicKit

/// What a drawing starts from.
public enum Mode: String, Codable, Sendable, CaseIterable {
    case text, redraw, repaint, extend
}

public enum Side: String, Codable, Sendable, CaseIterable {
    case left, top, right, bottom
}

/// The form as a person left it. Fields hold the typed text, valid or not; blank means the model's default.
public struct Draft: Codable, Sendable, Equatable {
    public var prompt = ""
    public var negative = ""
    public var seed = ""
    public var steps = ""
    public var guidance = ""
    public var size: Size?
    public var mode = Mode.text
    /// Percent.
    public var strength = 60
    public var sides: Set<Side> = [.left, .right]
    public var strokes: [Stroke] = []
    public var preview = true

    public init() {}

    /// Takes over the settings of another picture.
    public mutating func take(_ settings: Settings) {
        prompt = settings.prompt
        negative = settings.negative
        seed = String(settings.seed)
        steps = String(settings.steps)
        guidance = String(settings.guidance)
        size = settings.size
    }
}
