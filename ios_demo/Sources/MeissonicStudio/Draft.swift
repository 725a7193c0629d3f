import MeissonicKit

/// What a drawing starts from.
public enum Mode: String, Codable, Sendable, CaseIterable {
    case text, redraw, repaint, extend

    init(_ mode: PictureSettings.Mode) {
        switch mode {
        case .text: self = .text
        case .image: self = .redraw
        case .inpaint: self = .repaint
        case .outpaint: self = .extend
        }
    }
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
    /// How a picture gets the size of the drawing.
    public var fit = Fit.crop
    private var redrawStrength = 60
    private var repaintStrength = 100
    public var sides: Set<Side> = [.left, .right]
    public var strokes: [Stroke] = []
    /// Whether what is not repainted keeps its own pixels.
    public var compose = true
    /// Shares of the steps between which guidance is on. No field sets them, only another picture's settings do.
    public private(set) var guidanceFrom = 0.0
    public private(set) var guidanceUntil = 1.0
    public var preview = true

    public init() {}

    /// How much of the picture, or of its painted part, may change: percent of the steps that run.
    public var strength: Int {
        get { mode == .repaint ? repaintStrength : redrawStrength }
        set { if mode == .repaint { repaintStrength = newValue } else { redrawStrength = newValue } }
    }

    /// Whether guidance is on in every step.
    public var guidesEveryStep: Bool { guidanceFrom == 0 && guidanceUntil == 1 }

    public mutating func guideEveryStep() { (guidanceFrom, guidanceUntil) = (0, 1) }

    /// Takes over what made another picture. Its margins become the sides that they were on. The picture that it was drawn on
    /// and the mask are not in its file.
    public mutating func take(_ made: PictureSettings) {
        prompt = made.prompt
        negative = made.negativePrompt
        seed = String(made.seed)
        steps = String(made.steps)
        guidance = String(made.guidance)
        let isSize = [made.size.width, made.size.height].allSatisfy { 1...Limits.side ~= $0 }
        size = isSize ? made.size : nil
        mode = Mode(made.mode)
        if let share = made.strength { strength = Int((min(max(share, 0.01), 1) * 100).rounded()) }
        if let margins = made.margins { sides = margins.sides }
        fit = made.fit ?? .crop
        compose = made.compose ?? true
        guidanceFrom = made.guidanceFrom ?? 0
        guidanceUntil = made.guidanceUntil ?? 1
    }
}
