/// What to draw. Nil means the bundle's default. At a `guidance` of 1 or less `negative` is not used.
public struct Request: Sendable, Equatable {
    public var prompt: String
    public var negative: String?
    public var seed: UInt64
    public var steps: Int?
    public var guidance: Double?
    public var size: Size?
    /// The picture to start from; nil: from text alone.
    public var edit: Edit?
    /// Guidance is on from this share of the steps; elsewhere a step takes half the work.
    public var guidanceFrom: Double
    /// Guidance is on until this share of the steps.
    public var guidanceUntil: Double

    /// How that gets the size drawn.
    public var fit: Fit
    /// Whether what a mask or margins do not cover stays its own pixels.
    public var compose: Bool

    public init(
        _ prompt: String, negative: String? = nil, seed: UInt64 = 0, steps: Int? = nil, guidance: Double? = nil,
        size: Size? = nil, edit: Edit? = nil, fit: Fit = .crop, compose: Bool = true,
        guidanceFrom: Double = 0, guidanceUntil: Double = 1
    ) {
        self.prompt = prompt
        self.negative = negative
        self.seed = seed
        self.steps = steps
        self.guidance = guidance
        self.size = size
        self.edit = edit
        self.guidanceFrom = guidanceFrom
        self.guidanceUntil = guidanceUntil
        self.fit = fit
        self.compose = compose
    }
}

/// Drawing on a picture. Strength, above 0 to 1, is the share of the steps that run.
public enum Edit: Sendable, Equatable {
    /// Redraws a picture of any size, fitted; a nil strength is the bundle's default.
    case imageToImage(Picture, strength: Double? = nil)
    /// Repaints the picture where the mask is white. A strength below 1 skips the first steps.
    case inpaint(Picture, mask: GrayPicture, strength: Double = 1)
    /// Paints margins around a picture that is fitted inside them.
    case outpaint(Picture, margins: Margins)
}

/// Pixels around a picture.
public struct Margins: Sendable, Equatable {
    public var left, top, right, bottom: Int

    public init(left: Int, top: Int, right: Int, bottom: Int) {
        (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
    }

    var all: [Int] { [left, top, right, bottom] }
}

/// A request with every value known and in range.
public struct Settings: Codable, Sendable, Equatable {
    public let prompt: String
    public let negative: String
    public let seed: UInt64
    public let steps: Int
    public let guidance: Double
    public let size: Size
    public let guidanceFrom: Double
    public let guidanceUntil: Double

    /// Whether a step may also see the negative prompt.
    public var guided: Bool { guidance > 1 }

    /// Whether this step (from 0) also sees the negative prompt.
    public func guided(at step: Int) -> Bool {
        guided && inInterval(step, steps: steps, start: guidanceFrom, end: guidanceUntil)
    }

    /// The same with another seed.
    func with(seed: UInt64) -> Settings {
        Settings(
            prompt: prompt, negative: negative, seed: seed, steps: steps, guidance: guidance, size: size,
            guidanceFrom: guidanceFrom, guidanceUntil: guidanceUntil)
    }
}

public let maxSteps = 1000
public let maxGuidance = 100.0

/// Fills in the defaults. Throws `UserError.request` that names the first value out of range.
public func settle(_ request: Request, _ manifest: Manifest) throws -> Settings {
    let defaults = manifest.defaults
    let settings = Settings(
        prompt: request.prompt, negative: request.negative ?? defaults.negative, seed: request.seed,
        steps: request.steps ?? defaults.steps, guidance: request.guidance ?? defaults.guidance,
        size: request.size ?? defaults.size, guidanceFrom: request.guidanceFrom, guidanceUntil: request.guidanceUntil)
    guard settings.prompt.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
        throw UserError.request("the prompt is empty: say what to draw")
    }
    guard 1...maxSteps ~= settings.steps else {
        throw UserError.request("steps \(settings.steps) is out of range: give 1 to \(maxSteps)")
    }
    guard 0...maxGuidance ~= settings.guidance else {
        throw UserError.request("guidance \(settings.guidance) is out of range: give 0 to \(Int(maxGuidance))")
    }
    try checkInterval(settings.guidanceFrom, settings.guidanceUntil)
    guard manifest.sizes.contains(settings.size) else {
        let sizes = manifest.sizes.map(\.description).joined(separator: ", ")
        throw UserError.request(
            "size \(settings.size) is not in this bundle, which draws \(sizes): choose one of those or export again "
                + "with --size \(settings.size.width) \(settings.size.height)")
    }
    return settings
}

extension Settings {
    /// Pictures kept by an older version have no interval of guidance.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        prompt = try fields.decode(String.self, forKey: .prompt)
        negative = try fields.decode(String.self, forKey: .negative)
        seed = try fields.decode(UInt64.self, forKey: .seed)
        steps = try fields.decode(Int.self, forKey: .steps)
        guidance = try fields.decode(Double.self, forKey: .guidance)
        size = try fields.decode(Size.self, forKey: .size)
        guidanceFrom = try fields.decodeIfPresent(Double.self, forKey: .guidanceFrom) ?? 0
        guidanceUntil = try fields.decodeIfPresent(Double.self, forKey: .guidanceUntil) ?? 1
    }
}

/// The shares of the steps between which guidance is on: 0 <= start < end <= 1. Throws `UserError.request`.
func checkInterval(_ start: Double, _ end: Double) throws {
    for (name, value) in [("from", start), ("until", end)] where !(0...1 ~= value) {
        throw UserError.request("guidance \(name) \(value) is out of range: give 0 to 1, a share of the steps")
    }
    guard start < end else {
        throw UserError.request(
            "guidance from \(start) until \(end) guides no step: give a smaller share first, or guidance 1")
    }
}

/// The share of the steps that an edit runs, in (0, 1]. Throws `UserError.request`.
func checkStrength(_ strength: Double) throws -> Double {
    guard strength > 0, strength <= 1 else {
        throw UserError.request("strength \(strength) is out of range: give more than 0, at most 1")
    }
    return strength
}

/// The size inside margins. Throws `UserError.request` unless they are whole tokens and leave room for a picture.
func checkMargins(_ margins: Margins, size: Size, tokenSize: Int) throws -> Size {
    let shown = margins.all.map(String.init).joined(separator: " ")
    guard margins.all.allSatisfy({ 0...Limits.side ~= $0 && $0 % tokenSize == 0 }), margins.all.contains(where: { $0 > 0 })
    else {
        throw UserError.request(
            "margins \(shown) are no frame: give left, top, right, bottom in multiples of \(tokenSize) pixels")
    }
    let inner = Size(
        width: size.width - margins.left - margins.right, height: size.height - margins.top - margins.bottom)
    guard inner.width > 0, inner.height > 0 else {
        throw UserError.request(
            "margins \(shown) leave no room for the picture in \(size) pixels: give smaller ones")
    }
    return inner
}
