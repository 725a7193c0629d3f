import Foundation

/// JSON of a bundle, which anyone may have written. Foundation accepts more than RFC 8259 does (4.0 as a whole number) and takes
/// the first of two equal keys; four languages must accept the same manifests, and the others take the last.
enum StrictJSON {
    static let maxDepth = 32  // levels of nested objects and arrays
    static let maxDigits = 4300  // of a whole number, as in Python

    /// Decodes a value. Throws `JSONProblem` for what RFC 8259, the depth or finite numbers exclude, and `DecodingError`.
    static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let grammar = try Grammar(data)
        guard grammar.replaced.isEmpty else { return try decode(type, from: without(grammar.replaced, data)) }
        let decoder = JSONDecoder()
        decoder.userInfo[fractions] = grammar.fractions
        return try decoder.decode(type, from: data)
    }

    private static func without(_ ranges: [Range<Int>], _ data: Data) -> Data {
        let bytes = [UInt8](data)
        var kept = Data()
        var at = 0
        // One that begins before the end of another lies within it.
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.lowerBound >= at {
            kept += bytes[at..<range.lowerBound]
            at = range.upperBound
        }
        return kept + bytes[at...]
    }

    fileprivate static let fractions = CodingUserInfoKey(rawValue: "fractions")!
}

/// Why bytes are not JSON, as the end of a sentence.
struct JSONProblem: Error {
    let line: String
}

extension Decoder {
    /// Throws if a number at the path, or below it, has a fraction or an exponent.
    func checkWhole(_ key: (any CodingKey)? = nil) throws {
        let path = codingPath + [key].compactMap { $0 }
        let found = userInfo[StrictJSON.fractions] as? Set<[String]> ?? []
        guard !found.contains(path.map { $0.intValue.map(String.init) ?? $0.stringValue }) else {
            throw DecodingError.dataCorrupted(.init(codingPath: path, debugDescription: "not a whole number"))
        }
    }
}

/// RFC 8259 on bytes in UTF-8.
private struct Grammar {
    private let bytes: [UInt8]
    private var at = 0
    private var path: [String] = []
    /// The paths of numbers with a fraction or an exponent, and of what holds them.
    private(set) var fractions: Set<[String]> = []
    /// The entries of objects, each with its comma, that are followed by another of the same key.
    private(set) var replaced: [Range<Int>] = []

    /// Throws `JSONProblem`.
    init(_ data: Data) throws {
        guard String(data: data, encoding: .utf8) != nil else { throw JSONProblem(line: "it is not UTF-8") }
        bytes = [UInt8](data)
        try value(0)
        space()
        guard at == bytes.count else { throw refused }
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private var refused: JSONProblem { JSONProblem(line: "unexpected text at byte \(at)") }

    private mutating func value(_ level: Int) throws {
        guard level < StrictJSON.maxDepth else {
            throw JSONProblem(line: "nested deeper than \(StrictJSON.maxDepth) levels")
        }
        space()
        switch next {
        case UInt8(ascii: "{"): try object(level)
        case UInt8(ascii: "["): try array(level)
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
    }

    private mutating func object(_ level: Int) throws {
        at += 1
        space()
        if next == UInt8(ascii: "}") {
            at += 1
            return
        }
        var entries: [[UInt8]: Range<Int>] = [:]
        while true {
            space()
            let begin = at
            let key = try string()
            path.append(key)
            space()
            try take(":")
            try value(level + 1)
            path.removeLast()
            space()
            let last = next == UInt8(ascii: "}")
            if !last { try take(",") }
            if let earlier = entries.updateValue(begin..<at, forKey: Array(key.utf8)) { replaced.append(earlier) }
            if last { break }
        }
        at += 1
    }

    private mutating func array(_ level: Int) throws {
        at += 1
        space()
        if next == UInt8(ascii: "]") {
            at += 1
            return
        }
        var index = 0
        while true {
            path.append(String(index))
            try value(level + 1)
            path.removeLast()
            index += 1
            space()
            if next == UInt8(ascii: "]") { break }
            try take(",")
        }
        at += 1
    }

    private mutating func string() throws -> String {
        try take("\"")
        var text: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw refused }
            at += 1
            if byte == UInt8(ascii: "\\") { text += try escape() } else { text.append(byte) }
        }
        try take("\"")
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func escape() throws -> String.UTF8View {
        guard let kind = next else { throw refused }
        at += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(Unicode.Scalar(kind)).utf8
        case UInt8(ascii: "b"): return "\u{8}".utf8
        case UInt8(ascii: "f"): return "\u{c}".utf8
        case UInt8(ascii: "n"): return "\n".utf8
        case UInt8(ascii: "r"): return "\r".utf8
        case UInt8(ascii: "t"): return "\t".utf8
        case UInt8(ascii: "u"): break
        default: throw refused
        }
        var code = try code()
        if 0xd800..<0xdc00 ~= code {
            try take("\\")
            try take("u")
            let low = try self.code()
            guard 0xdc00..<0xe000 ~= low else { throw refused }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw refused }  // half of a pair
        return String(scalar).utf8
    }

    private mutating func code() throws -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw refused }
            code = code << 4 | UInt32(digit)
            at += 1
        }
        return code
    }

    private mutating func number() throws {
        let begin = at
        if next == UInt8(ascii: "-") { at += 1 }
        let first = at
        try digits()
        guard bytes[first] != UInt8(ascii: "0") || at == first + 1 else { throw refused }
        let whole = at
        if next == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        guard whole - first <= StrictJSON.maxDigits else {
            throw JSONProblem(line: "a number has more than \(StrictJSON.maxDigits) digits")
        }
        guard at > whole else { return }  // a whole number is finite
        for count in (0...path.count).reversed() {  // what holds a path that is known is known too
            guard fractions.insert(Array(path.prefix(count))).inserted else { break }
        }
        guard Double(String(decoding: bytes[begin..<at], as: UTF8.self))?.isFinite == true else {
            throw JSONProblem(line: "a number is not finite")
        }
    }

    private mutating func digits() throws {
        let begin = at
        while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { at += 1 }
        guard at > begin else { throw refused }
    }

    private mutating func word(_ word: String) throws {
        guard bytes[at...].starts(with: word.utf8) else { throw refused }
        at += word.utf8.count
    }

    private mutating func take(_ character: Unicode.Scalar) throws {
        guard next == UInt8(ascii: character) else { throw refused }
        at += 1
    }

    private mutating func space() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { at += 1 }
    }
}
