import Foundation

/// What made a picture: JSON in a text chunk (iTXt) of its PNG file.
public struct PictureSettings: Sendable, Equatable {
    /// What the drawing started from.
    public enum Mode: String, Codable, Sendable {
        case text, image, inpaint, outpaint
    }

    /// The keyword of the text chunk.
    public static let keyword = "meissonic"

    public let prompt: String
    public let negativePrompt: String
    public let seed: UInt64
    public let steps: Int
    public let guidance: Double
    public let size: Size
    public let mode: Mode
    /// SHA-256 of the bundle's manifest.
    public let model: String
    // Of drawings on a picture.
    public var strength: Double?
    public var margins: Margins?
    public var fit: Fit?
    public var compose: Bool?

    /// The settings of a drawing with `bundle`. Throws `UserError.bundle` if its manifest cannot be read.
    public init(_ request: Request, _ settings: Settings, _ bundle: ModelBundle) throws {
        prompt = settings.prompt
        negativePrompt = settings.negative
        seed = settings.seed
        steps = settings.steps
        guidance = settings.guidance
        size = settings.size
        model = try bundle.sha256()
        fit = request.edit.map { _ in request.fit }
        switch request.edit {
        case nil: mode = .text
        case .imageToImage(_, let share):
            mode = .image
            strength = share ?? bundle.manifest.defaults.strength
        case .inpaint(_, _, let share):
            mode = .inpaint
            strength = share
            compose = request.compose
        case .outpaint(_, let around):
            mode = .outpaint
            margins = around
            compose = request.compose
        }
    }

    /// nil unless the bytes are the JSON of settings.
    public init?(json: Data) {
        guard let read = try? StrictJSON.decode(PictureSettings.self, from: json) else { return nil }
        self = read
    }

    /// JSON in UTF-8.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return try encoder.encode(self)
    }
}

extension PictureSettings: Codable {
    private enum CodingKeys: String, CodingKey {
        case prompt, seed, steps, guidance, size, mode, model, strength, margins, fit, compose
        case negativePrompt = "negative_prompt"
    }

    /// Ignores keys that a newer runtime adds.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        for key in [CodingKeys.seed, .steps, .size, .margins] { try decoder.checkWhole(key) }
        func refused(_ key: CodingKeys) -> DecodingError {
            .dataCorruptedError(forKey: key, in: values, debugDescription: "another count of numbers")
        }
        prompt = try values.decode(String.self, forKey: .prompt)
        negativePrompt = try values.decode(String.self, forKey: .negativePrompt)
        seed = try values.decode(UInt64.self, forKey: .seed)
        steps = try values.decode(Int.self, forKey: .steps)
        guidance = try values.decode(Double.self, forKey: .guidance)
        let sides = try values.decode([Int].self, forKey: .size)  // height, width
        guard sides.count == 2 else { throw refused(.size) }
        size = Size(width: sides[1], height: sides[0])
        mode = try values.decode(Mode.self, forKey: .mode)
        model = try values.decode(String.self, forKey: .model)
        strength = try values.decodeIfPresent(Double.self, forKey: .strength)
        margins = try values.decodeIfPresent([Int].self, forKey: .margins).map { sides in
            guard sides.count == 4 else { throw refused(.margins) }
            return Margins(left: sides[0], top: sides[1], right: sides[2], bottom: sides[3])
        }
        fit = try values.decodeIfPresent(Fit.self, forKey: .fit)
        compose = try values.decodeIfPresent(Bool.self, forKey: .compose)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(prompt, forKey: .prompt)
        try values.encode(negativePrompt, forKey: .negativePrompt)
        try values.encode(seed, forKey: .seed)
        try values.encode(steps, forKey: .steps)
        try values.encode(guidance, forKey: .guidance)
        try values.encode([size.height, size.width], forKey: .size)
        try values.encode(mode, forKey: .mode)
        try values.encode(model, forKey: .model)
        try values.encodeIfPresent(strength, forKey: .strength)
        try values.encodeIfPresent(margins?.all, forKey: .margins)
        try values.encodeIfPresent(fit, forKey: .fit)
        try values.encodeIfPresent(compose, forKey: .compose)
    }
}
