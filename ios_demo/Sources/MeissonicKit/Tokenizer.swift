import Foundation

/// CLIP's byte-level BPE tokenizer, from a bundle's vocab.json and merges.txt.
///
/// Ids are equal to those of transformers' CLIPTokenizer, in the published order:
///
/// 1. Take out the special strings that are matched as typed.
/// 2. Normalise the rest: NFC, white space to one space, lower case character by character.
/// 3. Take out the special strings that are matched after that.
/// 4. Cut what is left into words, and each word into bytes written as printable characters, the last marked `</w>`.
/// 5. Merge neighbours by rank.
public struct ClipTokenizer: Sendable {
    /// The number of ids of a prompt.
    public let length: Int
    private let facts: TokenizerFacts
    private let pairs: BytePairs
    private let typed: [SpecialString]
    private let normalized: [SpecialString]
    private let names: [Int32: String]

    /// Throws `UserError.bundle` for a vocabulary or merges that cannot be read.
    public init(bundle: ModelBundle) throws {
        let facts = bundle.manifest.tokenizer
        let vocab = try bundle.decode(Vocabulary.self, facts.vocab).ids
        do { try self.init(vocab: vocab, merges: bundle.text(facts.merges), facts: facts) } catch let problem
            as MergesProblem
        {
            throw UserError.bundle("\(bundle.path(facts.merges).path): \(problem.line): export the bundle again")
        }
    }

    init(vocab: [String: Int32], merges: String, facts: TokenizerFacts) throws {
        self.facts = facts
        length = facts.length
        pairs = try BytePairs(vocab: vocab, merges: merges)
        let inNormalized = Set(facts.specialNormalized)
        typed = SpecialString.sorted(facts.special.filter { !inNormalized.contains($0.key) })
        normalized = SpecialString.sorted(facts.special.filter { inNormalized.contains($0.key) })
        let words = Dictionary(vocab.map { ($1, $0) }) { first, _ in first }
        names = words.merging(facts.special.map { ($1, $0) }) { $1 }
    }

    /// The ids [T] of a prompt, and the end of the prompt that did not fit ("" if all did).
    public func encode(_ text: String) -> (ids: [Int32], cut: String) {
        let words = ids(of: Array(text.unicodeScalars))
        let room = length - 2
        let kept = [facts.bos] + words.prefix(room) + [facts.eos]
        let padding = Array(repeating: facts.pad, count: length - kept.count)
        return (kept + padding, decode(words.dropFirst(room)))
    }

    /// Readable text of word ids, for messages: lower case, one space between words.
    func decode(_ ids: some Sequence<Int32>) -> String {
        var bytes: [UInt8] = []
        for id in ids {
            guard let name = names[id] else { continue }
            if facts.special[name] != nil {
                bytes += " \(name) ".utf8
                continue
            }
            let ends = name.hasSuffix(BytePairs.wordEnd)
            let stem = ends ? String(name.dropLast(BytePairs.wordEnd.count)) : name
            bytes += stem.unicodeScalars.compactMap { ByteAlphabet.byte(of: $0) }
            if ends { bytes += " ".utf8 }
        }
        // White space, and the four separators at which Python splits.
        let words = String(decoding: bytes, as: UTF8.self).unicodeScalars.split {
            Characters.table.kind($0) == .space || (0x1c...0x1f).contains($0.value)
        }
        return words.map { String(String.UnicodeScalarView($0)) }.joined(separator: " ")
    }

    private func ids(of text: [Unicode.Scalar]) -> [Int32] {
        SpecialString.pieces(of: text, at: typed).flatMap { piece -> [Int32] in
            switch piece {
            case .special(let id): return [id]
            case .text(let text):
                return SpecialString.pieces(of: normalize(text), at: normalized).flatMap { piece -> [Int32] in
                    switch piece {
                    case .special(let id): return [id]
                    case .text(let text): return wordIDs(of: text)
                    }
                }
            }
        }
    }

    private func wordIDs(of text: [Unicode.Scalar]) -> [Int32] {
        WordScanner.words(of: text).flatMap { word in
            WordScanner.parts(of: word).flatMap { pairs.merge(String(String.UnicodeScalarView($0)).utf8) ?? [] }
                .map { $0 ?? facts.unk }
        }
    }
}

/// NFC, runs of white space to one space, lower case.
func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    let table = Characters.table
    return table.lower(table.oneSpace(table.composed(text)))
}

/// The ids of vocab.json.
private struct Vocabulary: Decodable {
    let ids: [String: Int32]

    init(from decoder: any Decoder) throws {
        try decoder.checkWhole()
        let container = try decoder.singleValueContainer()
        ids = try container.decode([String: Int32].self)
        guard ids.values.allSatisfy({ $0 >= 0 }) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "an id is negative")
        }
    }
}

/// A string that becomes one id wherever it stands.
private struct SpecialString {
    let scalars: [Unicode.Scalar]
    let id: Int32

    enum Piece {
        case text([Unicode.Scalar])
        case special(Int32)
    }

    /// The longest first.
    static func sorted(_ special: [String: Int32]) -> [SpecialString] {
        special.map { SpecialString(scalars: Array($0.unicodeScalars), id: $1) }
            .filter { !$0.scalars.isEmpty }
            .sorted { $0.scalars.count > $1.scalars.count }
    }

    /// The text in order, cut at the special strings.
    static func pieces(of text: [Unicode.Scalar], at special: [SpecialString]) -> [Piece] {
        var pieces: [Piece] = []
        var (begun, at) = (0, 0)
        while at < text.count {
            guard let found = special.first(where: { text[at...].starts(with: $0.scalars) }) else {
                at += 1
                continue
            }
            if begun < at { pieces.append(.text(Array(text[begun..<at]))) }
            pieces.append(.special(found.id))
            at += found.scalars.count
            begun = at
        }
        if begun < text.count { pieces.append(.text(Array(text[begun...]))) }
        return pieces
    }
}
