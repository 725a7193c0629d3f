extension GoldenTrace: Decodable {
    enum CodingKeys: String, Keys {
        case prompt, negative, seed, steps, guidance, size, masked, tokens
        case promptIDs = "prompt_ids"
        case negativeIDs = "negative_ids"
        case finalTokens = "final_tokens"
        case imageSHA256 = "image_sha256"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        prompt = try fields.get(.prompt)
        negative = try fields.get(.negative)
        try fields.checkWhole(.seed)
        seed = try fields.get(.seed)
        steps = try fields.whole(.steps, 1...maxSteps)
        guidance = try fields.real(.guidance, 0...maxGuidance)
        size = try fields.get(.size)
        promptIDs = try fields.tokenIDs(.promptIDs)
        negativeIDs = try fields.tokenIDs(.negativeIDs)
        masked = try fields.get(.masked)
        tokens = try fields.get(.tokens)
        finalTokens = try fields.tokenIDs(.finalTokens)
        imageSHA256 = try fields.get(.imageSHA256)
        guard tokens.count == steps, tokens.allSatisfy({ $0.count == finalTokens.count }) else {
            throw fields.refused(.tokens, "not one grid a step")
        }
    }
}
