/// The printable character of each byte (GPT-2): itself if printable, else 256, 257, ... in order.
enum ByteAlphabet {
    static let characters: [Unicode.Scalar] = {
        var spare: UInt32 = 256
        return (0..<256).map { byte in
            switch byte {
            case 0x21...0x7e, 0xa1...0xac, 0xae...0xff:
                return Unicode.Scalar(UInt8(byte))
            default:
                defer { spare += 1 }
                return Unicode.Scalar(spare) ?? " "
            }
        }
    }()

    private static let bytes = Dictionary(uniqueKeysWithValues: zip(characters, UInt8.min...UInt8.max))

    static func byte(of character: Unicode.Scalar) -> UInt8? { bytes[character] }
}

/// An invalid line of merges.txt.
struct MergesProblem: Error {
    let line: String
}

/// Merges neighbouring symbols by rank. Symbols are ids of the vocabulary.
struct BytePairs: Sendable {
    static let wordEnd = "</w>"

    private struct Merge {
        let rank: Int
        let id: Int32
    }

    private struct Pair: Hashable {
        let first: Int32
        let second: Int32
    }

    private let merges: [Pair: Merge]
    /// The ids of bytes within a word, and at its end; nil: not in the vocabulary.
    private let inside: [Int32?]
    private let last: [Int32?]

    /// `merges` is the text of merges.txt. Throws `MergesProblem`.
    init(vocab: [String: Int32], merges text: String) throws {
        inside = ByteAlphabet.characters.map { vocab[String($0)] }
        last = ByteAlphabet.characters.map { vocab[String($0) + BytePairs.wordEnd] }
        var merges: [Pair: Merge] = [:]
        var rank = 0
        for line in text.unicodeScalars.split(separator: "\n") where !String(line).hasPrefix("#version") {
            let clean = line.last == "\r" ? line.dropLast() : line
            let parts = clean.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw MergesProblem(line: "line '\(String(line))' is not a pair")
            }
            guard let id = vocab[parts[0] + parts[1]] else {
                throw MergesProblem(line: "'\(parts[0])' and '\(parts[1])' make a word that has no id")
            }
            // Symbols outside the vocabulary never occur in a word.
            if let first = vocab[parts[0]], let second = vocab[parts[1]] {
                merges[Pair(first: first, second: second)] = Merge(rank: rank, id: id)
            }
            rank += 1
        }
        self.merges = merges
    }

    /// The ids of one word, nil for bytes that the vocabulary lacks. Merges the pair of lowest rank first, the leftmost of
    /// equals. Returns nil for a word without bytes.
    ///
    /// A heap takes O(n log n) for n bytes, because a prompt may be one "word" of 100 000 letters.
    func merge(_ word: some Collection<UInt8>) -> [Int32?]? {
        guard !word.isEmpty else { return nil }
        var symbols = word.map { inside[Int($0)] }
        symbols[symbols.count - 1] = word.map { last[Int($0)] }[symbols.count - 1]
        let end = symbols.count
        var after = Array(1...end)
        var before = Array(-1..<end - 1)
        var alive = [Bool](repeating: true, count: end)
        var offers = Heap<Offer>()

        func candidate(at left: Int) -> Merge? {
            guard left >= 0, after[left] < end, let first = symbols[left], let second = symbols[after[left]] else {
                return nil
            }
            return merges[Pair(first: first, second: second)]
        }
        func offer(_ left: Int) {
            if let merge = candidate(at: left) { offers.push(Offer(rank: merge.rank, left: left)) }
        }

        for left in symbols.indices { offer(left) }
        while let best = offers.pop() {
            // Else the offer is stale: another merge has used one of the two since.
            guard alive[best.left], let merge = candidate(at: best.left), merge.rank == best.rank else { continue }
            let (left, right) = (best.left, after[best.left])
            symbols[left] = merge.id
            alive[right] = false
            after[left] = after[right]
            if after[right] < end { before[after[right]] = left }
            offer(before[left])
            offer(left)
        }
        return symbols.indices.filter { alive[$0] }.map { symbols[$0] }
    }

    private struct Offer: Comparable {
        let rank: Int
        let left: Int

        static func < (a: Offer, b: Offer) -> Bool { (a.rank, a.left) < (b.rank, b.left) }
    }
}

/// A binary heap that gives the smallest element first.
struct Heap<Element: Comparable> {
    private var elements: [Element] = []

    mutating func push(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0, elements[child] < elements[(child - 1) / 2] {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Element? {
        guard let smallest = elements.first, let last = elements.popLast() else { return nil }
        guard !elements.isEmpty else { return smallest }
        elements[0] = last
        var parent = 0
        while true {
            let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < elements.count }
            guard let least = children.min(by: { elements[$0] < elements[$1] }), elements[least] < elements[parent]
            else { break }
            elements.swapAt(least, parent)
            parent = least
        }
        return smallest
    }
}
