/// CLIP's published expression, `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`,
/// written out, because Foundation's regular expressions are not on every platform and Swift's work on graphemes.
enum WordScanner {
    private static let names = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.unicodeScalars) }
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

    /// The words of a normalised text; white space between them is dropped.
    static func words(of text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        scan(text[...], whole: names + contractions, numbersTogether: false)
    }

    /// The byte-level step cuts once more, with numbers together. This changes only a name like `<|startoftext|>` that was typed
    /// where it is not special.
    static func parts(of word: ArraySlice<Unicode.Scalar>) -> [ArraySlice<Unicode.Scalar>] {
        scan(word, whole: contractions, numbersTogether: true)
    }

    private static func scan(
        _ text: ArraySlice<Unicode.Scalar>, whole: [[Unicode.Scalar]], numbersTogether: Bool
    ) -> [ArraySlice<Unicode.Scalar>] {
        var words: [ArraySlice<Unicode.Scalar>] = []
        var at = text.startIndex
        while at < text.endIndex {
            let rest = text[at...]
            if let found = whole.first(where: { rest.starts(with: $0) }) {
                words.append(rest.prefix(found.count))
                at += found.count
                continue
            }
            let kind = Characters.table.kind(text[at])
            let run = kind == .number && !numbersTogether ? rest.prefix(1) : rest.prefix { Characters.table.kind($0) == kind }
            if kind != .space { words.append(run) }
            at = run.endIndex
        }
        return words
    }
}
