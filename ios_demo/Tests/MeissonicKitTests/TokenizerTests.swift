import Foundation
import TestSupport
import Testing

@testable import MeissonicKit

@Suite struct TokenizerTests {
    struct Case: Decodable {
        let text: String
        let ids: [Int32]
    }

    struct Vectors: Decodable {
        let facts: TokenizerFacts
        let cases: [Case]
    }

    /// The tokenizer of the vectors, cut after `length` ids.
    static func published(length: Int) throws -> ClipTokenizer {
        let facts = try Repository.json("build/phones/vectors/tokenizer.json", as: Vectors.self).facts
        let vocab: [String: Int32] = try Repository.json(facts.vocab)
        let merges = try String(contentsOf: Repository.root.appendingPathComponent(facts.merges), encoding: .utf8)
        return try ClipTokenizer(vocab: vocab, merges: merges, facts: facts.with(length: length))
    }

    private func compare(_ cases: [Case]) throws {
        let tokenizer = try TokenizerTests.published(length: 10_000)
        var wrong: [String] = []
        for each in cases {
            let padding = Array(repeating: Int32(0), count: 10_000 - each.ids.count)
            if tokenizer.encode(each.text).ids != each.ids + padding { wrong.append(each.text.debugDescription) }
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(cases.count), the first: \(wrong.first ?? "")")
    }

    @Test func idsOfTheCommittedPromptsAreTransformers() throws {
        let cases: [Case] = try Repository.json("tests/vectors/tokenizer.json")
        #expect(cases.count == 390)
        try compare(cases)
    }

    @Test func idsOfTenThousandPromptsAreTransformers() throws {
        let vectors: Vectors = try Repository.json("build/phones/vectors/tokenizer.json")
        #expect(vectors.cases.count == 10_000)
        try compare(vectors.cases)
    }

    @Test func theCutEndIsReadableText() throws {
        let tokenizer = try TokenizerTests.published(length: 6)
        let (ids, cut) = tokenizer.encode("the cat and  the Café <|endoftext|> ok")
        #expect(ids.count == 6 && ids.first == 526 && ids.last == 527)
        #expect(cut.hasSuffix("the café <|endoftext|> ok"))
        #expect(tokenizer.encode("").cut == "")
        #expect(tokenizer.encode("").ids == [526, 527, 0, 0, 0, 0])
    }

    /// In quadratic time it would take hours.
    @Test(.timeLimit(.minutes(20))) func aWordOfManyLettersIsEncoded() throws {
        let word = String(repeating: "abcdething", count: 100_000)
        #expect(try TokenizerTests.published(length: 77).encode(word).ids.count == 77)
    }

    /// Composed and not, by Unicode's algorithm (Python: `unicodedata.normalize("NFC", ...)`).
    @Test(arguments: [
        ("\u{1113}\u{1173}\u{1191}", "\u{1113}\u{1173}\u{1191}"), ("\u{1112}\u{1176}", "\u{1112}\u{1176}"),
        ("\u{1100}\u{1161}\u{11a7}", "\u{ac00}\u{11a7}"), ("\u{1100}\u{1161}\u{11c3}", "\u{ac00}\u{11c3}"),
        ("\u{1100}\u{1161}\u{11c2}", "\u{ac1b}"), ("e\u{301}\u{1113}e\u{301}", "\u{e9}\u{1113}\u{e9}"),
    ])
    func hangulIsComposedWithinItsRangesAlone(text: String, wanted: String) {
        #expect(Characters.table.composed(Array(text.unicodeScalars)) == Array(wanted.unicodeScalars))
    }

    @Test func theTableIsTheOneOfEveryRuntime() throws {
        let table = try String(contentsOf: Repository.root.appendingPathComponent("runtime/unicode.txt"), encoding: .utf8)
        #expect(unicodeTable == table.trimmingCharacters(in: .newlines))
    }

    /// Python compares its own with the published tokenizer's library; the digest is Python's.
    @Test func everyCodePointIsNormalizedAsInPython() {
        var digest = Digest()
        for scalar in (UInt32(1)...0x10ffff).compactMap({ Unicode.Scalar($0) }) {
            let text: [Unicode.Scalar] = ["e", " ", scalar, " ", "e", scalar, "\u{301}"]
            digest.update(Data(String(String.UnicodeScalarView(normalize(text) + ["\n"])).utf8))
        }
        #expect(digest.hex() == "fb0444847ee21faf8b627ec10b907025146e1f5ce9c90a2158a6e55ae2338839")
    }

    @Test func invalidMergesAreRefused() {
        #expect(throws: MergesProblem.self) { try BytePairs(vocab: ["a": 0], merges: "#version: 0.2\na b c\n") }
        #expect(throws: MergesProblem.self) { try BytePairs(vocab: ["a": 0, "b": 1], merges: "a b\n") }
        #expect(throws: MergesProblem.self) { try BytePairs(vocab: ["a": 0], merges: "b b\n") }
    }
}

extension TokenizerFacts {
    fileprivate func with(length: Int) -> TokenizerFacts {
        TokenizerFacts(
            vocab: vocab, merges: merges, length: length, bos: bos, eos: eos, pad: pad, unk: unk, special: special,
            specialNormalized: specialNormalized)
    }
}
