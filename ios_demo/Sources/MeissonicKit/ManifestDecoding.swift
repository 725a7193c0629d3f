/// Reads the manifest and its parts.

extension Size: Decodable {
    /// [W, H].
    public init(from decoder: any Decoder) throws {
        try decoder.checkWhole()
        let sides = try decoder.singleValueContainer().decode([Int].self)
        guard sides.count == 2, sides.allSatisfy({ 1...Limits.side ~= $0 }) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(sides) is not a width and a height"))
        }
        self.init(width: sides[0], height: sides[1])
    }
}

extension Size: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode([width, height])
    }
}

extension Temperature: Decodable {
    /// [start, end].
    public init(from decoder: any Decoder) throws {
        let values = try decoder.singleValueContainer().decode([Double].self)
        guard values.count == 2, values.allSatisfy({ 0...1000 ~= $0 }) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(values) is not a start and an end"))
        }
        self.init(start: values[0], end: values[1])
    }
}

extension Dimension: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let name = try? container.decode(String.self), !name.isEmpty {
            self = .named(name)
            return
        }
        try decoder.checkWhole()
        let count = try container.decode(Int.self)
        guard 1...Int(Int32.max) ~= count else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(count) is out of range")
        }
        self = .fixed(count)
    }
}

extension ModelFacts: Decodable {
    enum CodingKeys: String, Keys {
        case name, compression, timestep, student
        case tokenSize = "token_size"
        case codebookSize = "codebook_size"
        case vocabSize = "vocab_size"
        case maskTokenID = "mask_token_id"
        case maskingSchedule = "masking_schedule"
        case textLength = "text_length"
        case innerDim = "inner_dim"
        case modulationWidth = "modulation_width"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        name = try fields.get(.name)
        tokenSize = try fields.whole(.tokenSize, 1...Limits.side)
        compression = try fields.whole(.compression, 1...2)
        codebookSize = try fields.whole(.codebookSize)
        vocabSize = try fields.whole(.vocabSize)
        maskTokenID = try fields.tokenID(.maskTokenID)
        maskingSchedule = try fields.get(.maskingSchedule)
        timestep = try fields.get(.timestep, or: .index)
        student = try fields.decodeIfPresent(StudentFacts.self, forKey: .student)
        textLength = try fields.whole(.textLength, 3...Limits.textLength)
        innerDim = try fields.whole(.innerDim)
        modulationWidth = try fields.whole(.modulationWidth)
    }
}

extension StudentFacts: Decodable {
    enum CodingKeys: String, Keys { case masked, noise }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        masked = try fields.real(.masked, 0...1)
        noise = fields.contains(.noise) ? try fields.real(.noise, 0...(1.0).nextDown) : 0
    }
}

extension TensorSpec: Decodable {
    enum CodingKeys: String, Keys {
        case name, shape
        case type = "dtype"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        name = try fields.name(.name)
        type = try fields.get(.type)
        shape = try fields.get(.shape)
        guard shape.count <= Limits.dimensions else { throw fields.refused(.shape, "\(shape.count) dimensions") }
        guard !shape.isEmpty || name == "guidance" else { throw fields.refused(.shape, "no dimensions") }
        if name == "step_sinusoids", let steps = shape.first?.fixed, steps > maxSteps {
            throw fields.refused(.shape, "\(steps) steps a call are more than \(maxSteps)")
        }
    }
}

extension GraphFunction: Decodable {
    enum CodingKeys: String, Keys { case name, dimensions }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        name = try fields.name(.name)
        try fields.checkWhole(.dimensions)
        dimensions = try fields.get(.dimensions)
        guard dimensions.allSatisfy({ !$0.key.isEmpty && 1...Int(Int32.max) ~= $0.value }) else {
            throw fields.refused(.dimensions, "a dimension has no name or is out of range")
        }
    }
}

extension Graph: Decodable {
    enum CodingKeys: String, Keys { case precision, inputs, outputs, files, functions, compute, contexts }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        precision = try fields.get(.precision)
        inputs = try fields.get(.inputs)
        outputs = try fields.get(.outputs)
        files = try fields.get(.files)
        functions = try fields.get(.functions, or: [])
        compute = try fields.decodeIfPresent(Compute.self, forKey: .compute)
        contexts = try fields.get(.contexts, or: [:])
        guard contexts.allSatisfy({ !$0.key.isEmpty && $0.value.count > 1 }) else {
            throw fields.refused(.contexts, "one is incomplete")
        }
        guard contexts.isEmpty || compute == .npu else { throw fields.refused(.contexts, "compute is not npu") }
        let parts = precision.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy(Graph.precisions.contains) else {
            throw fields.refused(.precision, "'\(precision)' is no precision")
        }
        guard !files.isEmpty else { throw fields.refused(.files, "there is none") }
        for path in files + contexts.values.joined() { _ = try fields.inside(path, .files) }
        let models = functions.map(\.name).filter(files.contains)
        guard models.isEmpty || Set(models).count == functions.count else {
            throw fields.refused(.functions, "they are not different files of the graph")
        }
        guard models.isEmpty || compute != .npu else { throw fields.refused(.functions, "compute is npu") }
    }
}

extension FileFacts: Decodable {
    enum CodingKeys: String, Keys { case size, sha256 }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        size = try fields.whole(.size, 0...Limits.file)
        sha256 = try fields.hash(.sha256)
    }
}

extension TokenizerFacts: Decodable {
    enum CodingKeys: String, Keys {
        case vocab, merges, length, bos, eos, pad, unk, special
        case specialNormalized = "special_normalized"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        vocab = try fields.path(.vocab)
        merges = try fields.path(.merges)
        length = try fields.whole(.length, 3...Limits.textLength)
        bos = try fields.tokenID(.bos)
        eos = try fields.tokenID(.eos)
        pad = try fields.tokenID(.pad)
        // The default is eos, as published.
        try fields.checkWhole(.unk)
        unk = try fields.decodeIfPresent(Int32.self, forKey: .unk) ?? eos
        try fields.checkWhole(.special)
        special = try fields.get(.special)
        specialNormalized = try fields.get(.specialNormalized, or: [])
        guard unk >= 0 else { throw fields.refused(.unk, "\(unk) is negative") }
        guard special.allSatisfy({ !$0.key.isEmpty && $0.value >= 0 }) else {
            throw fields.refused(.special, "a string is empty or a token negative")
        }
        if let stranger = specialNormalized.first(where: { !special.has($0) }) {
            throw fields.refused(.specialNormalized, "'\(stranger)' is not in special")
        }
    }
}

extension Defaults: Decodable {
    enum CodingKeys: String, Keys { case size, steps, guidance, temperature, negative, score, strength }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        size = try fields.get(.size)
        steps = try fields.whole(.steps, 1...maxSteps)
        guidance = try fields.real(.guidance, 0...maxGuidance)
        temperature = try fields.get(.temperature)
        negative = try fields.get(.negative)
        score = try fields.real(.score, -1e6...1e6)
        strength = try fields.real(.strength, 0...1)
        guard strength > 0 else { throw fields.refused(.strength, "\(strength) is not above 0") }
    }
}

extension PreviewFacts: Decodable {
    enum CodingKeys: String, Keys { case file, side }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        file = try fields.path(.file)
        side = try fields.whole(.side, 1...Limits.patch)
    }
}

extension Source: Decodable {
    enum CodingKeys: String, Keys { case checkpoint, sha256 }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        checkpoint = try fields.get(.checkpoint)
        sha256 = try fields.get(.sha256)
    }
}

/// {"file": path}.
private struct GoldenFile: Decodable {
    enum CodingKeys: String, Keys { case file }
    let file: String

    init(from decoder: any Decoder) throws {
        file = try decoder.strict(CodingKeys.self).path(.file)
    }
}

/// A measured figure; anything but a number is ignored.
private struct Figure: Decodable {
    let value: Double?

    init(from decoder: any Decoder) throws {
        value = try? decoder.singleValueContainer().decode(Double.self)
    }
}

extension Manifest: Decodable {
    enum CodingKeys: String, Keys {
        case format, version, model, sizes, graphs, step, files, tokenizer, defaults, preview, golden, source, tools, parity
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.strict(CodingKeys.self)
        model = try fields.get(.model)
        sizes = try fields.get(.sizes)
        graphs = try fields.get(.graphs)
        step = try fields.get(.step)
        files = try fields.get(.files)
        tokenizer = try fields.get(.tokenizer)
        defaults = try fields.get(.defaults)
        preview = try fields.decodeIfPresent(PreviewFacts.self, forKey: .preview)
        golden = try fields.decodeIfPresent(GoldenFile.self, forKey: .golden)?.file
        source = try fields.get(.source)
        tools = try fields.get(.tools)
        parity = try fields.get(.parity, or: [String: Figure]()).compactMapValues(\.value)
        guard 1...Limits.sizes ~= sizes.count else { throw fields.refused(.sizes, "there are \(sizes.count)") }
        guard 1...Limits.stepGraphs ~= step.count else { throw fields.refused(.step, "there are \(step.count)") }
        guard files.count <= Limits.files else { throw fields.refused(.files, "there are \(files.count)") }
        guard graphs[""] == nil else { throw fields.refused(.graphs, "a graph has no name") }
        for path in files.keys.sorted() { _ = try fields.inside(path, .files) }
        if let problem = contradiction() {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: problem))
        }
    }
}
