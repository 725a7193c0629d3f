/// Reads the manifest strictly. It refuses unknown keys (a misspelling, or a newer format), values out of range and paths
/// that leave the bundle.

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

private typealias Keys = CodingKey & CaseIterable

extension Dictionary where Key == String {
    /// Whether it has a key, byte by byte: Swift's own comparison takes an accent in one or two characters for the same.
    func has(_ key: Key) -> Bool { index(forKey: key).map { self[$0].key.utf8.elementsEqual(key.utf8) } ?? false }
}

extension Decoder {
    /// The object's container, after refusing keys that are not among `Key`'s.
    fileprivate func strict<Key: Keys>(_: Key.Type) throws -> KeyedDecodingContainer<Key> {
        let known = Set(Key.allCases.map(\.stringValue))
        let found = try container(keyedBy: AnyKey.self)
        if let stranger = found.allKeys.filter({ !known.contains($0.stringValue) }).min(by: {
            $0.stringValue < $1.stringValue
        }) {
            throw DecodingError.dataCorruptedError(forKey: stranger, in: found, debugDescription: "unknown key")
        }
        return try container(keyedBy: Key.self)
    }
}

extension KeyedDecodingContainer {
    fileprivate func get<Value: Decodable>(_ key: Key) throws -> Value { try decode(Value.self, forKey: key) }

    fileprivate func get<Value: Decodable>(_ key: Key, or fallback: Value) throws -> Value {
        contains(key) ? try decode(Value.self, forKey: key) : fallback
    }

    fileprivate func refused(_ key: Key, _ why: String) -> DecodingError {
        .dataCorruptedError(forKey: key, in: self, debugDescription: why)
    }

    /// A whole number in a range, by default of those above 0 that fit 32 bits.
    fileprivate func whole(_ key: Key, _ range: ClosedRange<Int> = 1...Int(Int32.max)) throws -> Int {
        try checkWhole(key)
        let value: Int = try get(key)
        guard range.contains(value) else {
            throw refused(key, range.lowerBound == 1 && value < 1 ? "\(value) is not above 0" : "\(value) is out of range")
        }
        return value
    }

    /// A number in a range.
    fileprivate func real(_ key: Key, _ range: ClosedRange<Double>) throws -> Double {
        let value: Double = try get(key)
        guard range.contains(value) else { throw refused(key, "\(value) is out of range") }
        return value
    }

    fileprivate func name(_ key: Key) throws -> String {
        let value: String = try get(key)
        guard !value.isEmpty else { throw refused(key, "it is empty") }
        return value
    }

    /// Throws if there is a number with a fraction or an exponent.
    fileprivate func checkWhole(_ key: Key) throws { try superDecoder(at: key)?.checkWhole() }

    private func superDecoder(at key: Key) -> (any Decoder)? { contains(key) ? try? superDecoder(forKey: key) : nil }

    fileprivate func tokenID(_ key: Key) throws -> Int32 {
        try checkWhole(key)
        let value: Int32 = try get(key)
        guard value >= 0 else { throw refused(key, "\(value) is negative") }
        return value
    }

    fileprivate func tokenIDs(_ key: Key) throws -> [Int32] {
        try checkWhole(key)
        let values: [Int32] = try get(key)
        guard values.allSatisfy({ $0 >= 0 }) else { throw refused(key, "a token is negative") }
        return values
    }

    fileprivate func path(_ key: Key) throws -> String { try inside(get(key), key) }

    /// A path of the manifest: relative, with forward slashes, no ".." and no control character.
    fileprivate func inside(_ path: String, _ key: Key) throws -> String {
        // By bytes, because a combining mark after a slash makes one Character with it.
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let plain = parts.allSatisfy { part in
            1...Limits.pathPart ~= part.count && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        }
        let steering = path.utf8.contains { $0 < 0x20 || $0 == 0x7f }
        let foreign = path.utf8.contains { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: ":") }
        guard plain, !steering, !foreign, path.utf8.count <= Limits.path else {
            throw refused(key, "path '\(path)' is outside the bundle or not in plain form")
        }
        return path
    }

    fileprivate func hash(_ key: Key) throws -> String {
        let value: String = try get(key)
        guard value.utf8.count == 64, value.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
            throw refused(key, "'\(value)' is not 64 hexadecimal digits")
        }
        return value
    }
}

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

extension Manifest: Decodable {
    enum CodingKeys: String, Keys {
        case format, version, model, sizes, graphs, step, files, tokenizer, defaults, golden, source, tools, parity
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

extension Manifest {
    /// The tensors that a runtime feeds each graph and reads from it. The step is a chain: a graph's other inputs must be
    /// outputs of earlier graphs.
    private static let feeds: [(graph: String, given: Set<String>, wanted: Set<String>)] = [
        ("text_encoder", ["input_ids"], ["text_hidden", "text_pooled"]),
        (
            "conditioner", ["text_hidden", "text_pooled", "micro_sinusoids", "step_sinusoids"],
            ["context", "modulation"]
        ),
        ("image_decoder", ["tokens"], ["image"]),
        ("image_encoder", ["image"], ["tokens"]),
    ]

    /// The first contradiction in the manifest, as a phrase; nil if there is none.
    private func contradiction() -> String? {
        for needed in ["text_encoder", "conditioner", "image_decoder"] + step where graphs[needed] == nil {
            return "graph '\(needed)' is missing from graphs"
        }
        if Set(step).count < step.count { return "a graph is twice in step" }
        let named =
            graphs.values.flatMap { $0.files + $0.contexts.values.joined() }.sorted()
            + [tokenizer.vocab, tokenizer.merges] + [golden].compactMap { $0 }
        for path in named where !files.has(path) {
            return "file '\(path)' has no size and hash in files"
        }
        for (name, given, wanted) in Manifest.feeds where graphs[name] != nil {
            if let problem = gap(in: [name], given: given, wanted: wanted) { return problem }
        }
        var stepGiven: Set = ["tokens", "context", "modulation", "guidance", "uniforms"]
        if let student = model.student, student.noise > 0 { stepGiven.insert("embedding_noise") }
        if let problem = gap(in: step, given: stepGiven, wanted: ["drawn", "log_prob"]) { return problem }
        if tokenizer.length != model.textLength { return "tokenizer length and text_length differ" }
        if Int(model.maskTokenID) >= model.vocabSize { return "mask_token_id is not below vocab_size" }
        if model.codebookSize > model.vocabSize { return "codebook_size is above vocab_size" }
        let unit = model.tokenSize * model.compression
        if sizes.contains(where: { $0.width % unit != 0 || $0.height % unit != 0 }) {
            return "a side of sizes is no multiple of \(unit) pixels"
        }
        if !sizes.contains(defaults.size) { return "default size \(defaults.size) is not among sizes" }
        return nil
    }

    private func gap(in chain: [String], given: Set<String>, wanted: Set<String>) -> String? {
        var made = Set<String>()
        for name in chain {
            guard let graph = graphs[name] else { continue }
            for tensors in [graph.inputs, graph.outputs] where Set(tensors.map(\.name)).count < tensors.count {
                return "graph '\(name)' names a tensor twice"
            }
            for tensor in graph.inputs where !given.contains(tensor.name) && !made.contains(tensor.name) {
                return "graph '\(name)' wants '\(tensor.name)', which nothing before it gives"
            }
            made.formUnion(graph.outputs.map(\.name))
        }
        let missing = wanted.subtracting(made).sorted()
        return missing.isEmpty ? nil : "graph '\(chain.last ?? "")' does not give \(missing.joined(separator: ", "))"
    }
}
