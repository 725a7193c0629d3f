/// Decodes strictly: refuses unknown keys (a misspelling, or a newer format), values out of range and paths that leave the
/// bundle.

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

typealias Keys = CodingKey & CaseIterable

extension Dictionary where Key == String {
    /// Whether it has a key, byte by byte: Swift's own comparison takes an accent in one or two characters for the same.
    func has(_ key: Key) -> Bool { index(forKey: key).map { self[$0].key.utf8.elementsEqual(key.utf8) } ?? false }
}

extension Decoder {
    /// The object's container, after refusing keys that are not among `Key`'s.
    func strict<Key: Keys>(_: Key.Type) throws -> KeyedDecodingContainer<Key> {
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
    func get<Value: Decodable>(_ key: Key) throws -> Value { try decode(Value.self, forKey: key) }

    func get<Value: Decodable>(_ key: Key, or fallback: Value) throws -> Value {
        contains(key) ? try decode(Value.self, forKey: key) : fallback
    }

    func refused(_ key: Key, _ why: String) -> DecodingError {
        .dataCorruptedError(forKey: key, in: self, debugDescription: why)
    }

    /// A whole number in a range, by default of those above 0 that fit 32 bits.
    func whole(_ key: Key, _ range: ClosedRange<Int> = 1...Int(Int32.max)) throws -> Int {
        try checkWhole(key)
        let value: Int = try get(key)
        guard range.contains(value) else {
            throw refused(key, range.lowerBound == 1 && value < 1 ? "\(value) is not above 0" : "\(value) is out of range")
        }
        return value
    }

    /// A number in a range.
    func real(_ key: Key, _ range: ClosedRange<Double>) throws -> Double {
        let value: Double = try get(key)
        guard range.contains(value) else { throw refused(key, "\(value) is out of range") }
        return value
    }

    func name(_ key: Key) throws -> String {
        let value: String = try get(key)
        guard !value.isEmpty else { throw refused(key, "it is empty") }
        return value
    }

    /// Throws if there is a number with a fraction or an exponent.
    func checkWhole(_ key: Key) throws { try superDecoder(at: key)?.checkWhole() }

    private func superDecoder(at key: Key) -> (any Decoder)? { contains(key) ? try? superDecoder(forKey: key) : nil }

    func tokenID(_ key: Key) throws -> Int32 {
        try checkWhole(key)
        let value: Int32 = try get(key)
        guard value >= 0 else { throw refused(key, "\(value) is negative") }
        return value
    }

    func tokenIDs(_ key: Key) throws -> [Int32] {
        try checkWhole(key)
        let values: [Int32] = try get(key)
        guard values.allSatisfy({ $0 >= 0 }) else { throw refused(key, "a token is negative") }
        return values
    }

    func path(_ key: Key) throws -> String { try inside(get(key), key) }

    /// A path of the manifest: relative, with forward slashes, no ".." and no control character.
    func inside(_ path: String, _ key: Key) throws -> String {
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

    func hash(_ key: Key) throws -> String {
        let value: String = try get(key)
        guard value.utf8.count == 64, value.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
            throw refused(key, "'\(value)' is not 64 hexadecimal digits")
        }
        return value
    }
}
