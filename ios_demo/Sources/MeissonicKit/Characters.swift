/// The kind, the lower case and the composed form (NFC) of code points.
///
/// The system's own tables are as old as the system and would cut words differently. `unicodeTable` holds those of the
/// published tokenizer's library; `python -m tests.runtime.write_unicode` writes it.
struct Characters: Sendable {
    enum Kind: Sendable { case letter, number, space, other }

    /// The table, read once.
    static let table = Characters(unicodeTable)

    private var ranges: [(first: UInt32, last: UInt32, kind: Kind)] = []
    private var lowerOf: [UInt32: [UInt32]] = [:]
    private var classOf: [UInt32: UInt32] = [:]
    private var partsOf: [UInt32: [UInt32]] = [:]
    private var compositeOf: [UInt64: UInt32] = [:]

    private init(_ lines: String) {
        for line in lines.utf8.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            let codes = fields.dropFirst().map { UInt32(Substring($0), radix: 16)! }
            switch Substring(fields[0]) {
            case "L": ranges.append((codes[0], codes[1], .letter))
            case "N": ranges.append((codes[0], codes[1], .number))
            case "S": ranges.append((codes[0], codes[1], .space))
            case "l": lowerOf[codes[0]] = Array(codes.dropFirst())
            case "c": for code in codes[0]...codes[1] { classOf[code] = codes[2] }
            case "d": partsOf[codes[0]] = Array(codes.dropFirst())
            default: compositeOf[Self.pair(codes[0], codes[1])] = codes[2]
            }
        }
        ranges.sort { $0.first < $1.first }
    }

    func kind(_ scalar: Unicode.Scalar) -> Kind {
        var (low, high) = (0, ranges.count)  // the first range that begins behind the scalar is in low...high
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].first <= scalar.value { low = middle + 1 } else { high = middle }
        }
        return low > 0 && scalar.value <= ranges[low - 1].last ? ranges[low - 1].kind : .other
    }

    /// Lower case, scalar by scalar, so that no Greek word gets a final sigma.
    func lower(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        text.flatMap { scalar in lowerOf[scalar.value].map(Self.scalars) ?? [scalar] }
    }

    /// Each run of white space as one space.
    func oneSpace(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var made: [Unicode.Scalar] = []
        for scalar in text {
            if kind(scalar) != .space {
                made.append(scalar)
            } else if made.last != " " {
                made.append(" ")
            }
        }
        return made
    }

    /// Canonical composition, NFC (Unicode Standard, section 3.11).
    func composed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var composed: [UInt32] = []
        var starter: Int?  // where the last starter stands
        var last: UInt32 = 0  // the class of what stands before this scalar
        for code in ordered(text) {
            let number = classOf[code] ?? 0
            // A mark is blocked from its starter by a mark of the same class between them, a starter by any mark.
            if let starter, last < number || starter == composed.count - 1,
                let made = composite(composed[starter], code)
            {
                composed[starter] = made
                continue
            }
            if number == 0 { starter = composed.count }
            last = number
            composed.append(code)
        }
        return Self.scalars(composed)
    }

    /// The code points decomposed, marks in the order of their classes.
    private func ordered(_ text: [Unicode.Scalar]) -> [UInt32] {
        var made: [UInt32] = []
        var marks: [(code: UInt32, number: UInt32)] = []
        func flush() {
            // Swift's sort is stable, as marks of one class must stay in order, but does not promise it.
            made += marks.enumerated()
                .sorted { ($0.element.number, $0.offset) < ($1.element.number, $1.offset) }
                .map(\.element.code)
            marks = []
        }
        for scalar in text {
            for part in decomposed(scalar.value) {
                if let number = classOf[part] {
                    marks.append((part, number))
                } else {
                    flush()
                    made.append(part)
                }
            }
        }
        flush()
        return made
    }

    private func decomposed(_ code: UInt32) -> [UInt32] {
        guard (Hangul.syllable..<Hangul.syllable + Hangul.syllables).contains(code) else { return partsOf[code] ?? [code] }
        let index = code - Hangul.syllable
        let pair = [
            Hangul.lead + index / (Hangul.vowels * Hangul.tails),
            Hangul.vowel + index % (Hangul.vowels * Hangul.tails) / Hangul.tails,
        ]
        return index % Hangul.tails == 0 ? pair : pair + [Hangul.tail + index % Hangul.tails]
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if (Hangul.lead..<Hangul.lead + Hangul.syllables / (Hangul.vowels * Hangul.tails)).contains(first),
            (Hangul.vowel..<Hangul.vowel + Hangul.vowels).contains(second)
        {
            return Hangul.syllable + ((first - Hangul.lead) * Hangul.vowels + second - Hangul.vowel) * Hangul.tails
        }
        if (Hangul.syllable..<Hangul.syllable + Hangul.syllables).contains(first),
            (first - Hangul.syllable) % Hangul.tails == 0,
            (Hangul.tail + 1..<Hangul.tail + Hangul.tails).contains(second)
        {
            return first + second - Hangul.tail
        }
        return compositeOf[Self.pair(first, second)]
    }

    private static func pair(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

    private static func scalars(_ codes: [UInt32]) -> [Unicode.Scalar] { codes.map { Unicode.Scalar($0)! } }

    /// Hangul syllables compose by arithmetic (Unicode Standard, section 3.12).
    private enum Hangul {
        static let syllable: UInt32 = 0xAC00
        static let lead: UInt32 = 0x1100
        static let vowel: UInt32 = 0x1161
        static let tail: UInt32 = 0x11A7
        static let vowels: UInt32 = 21
        static let tails: UInt32 = 28
        static let syllables: UInt32 = 11172
    }
}
