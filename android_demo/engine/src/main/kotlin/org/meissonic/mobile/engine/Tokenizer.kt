package org.meissonic.mobile.engine

import java.util.PriorityQueue
import kotlinx.serialization.builtins.MapSerializer
import kotlinx.serialization.builtins.serializer

/** The ids [T] of a prompt, and the end of the prompt that did not fit ("" if all did). */
class Encoded(val ids: IntArray, val cut: String)

/**
 * CLIP's byte-level BPE tokenizer, equal to transformers' CLIPTokenizer, in the published order:
 *
 * 1. Take out the special strings that are matched as typed.
 * 2. Normalise the rest: NFC, white space to one space, lower case code point by code point.
 * 3. Take out the special strings that are matched after that.
 * 4. Cut what is left into words, and each word into bytes written as printable characters, the last marked `</w>`.
 * 5. Merge neighbours by rank.
 */
class Tokenizer(vocab: Map<String, Int>, merges: List<Pair<String, String>>, private val facts: TokenizerFacts) {
    private val vocab = HashMap(vocab)
    private val ranks = merges.withIndex().associate { (rank, pair) -> pair to rank }
    private val typed = anyOf(facts.special.keys - facts.specialNormalized.toSet())
    private val normalized = anyOf(facts.specialNormalized)
    private val names = vocab.entries.associate { it.value to it.key } + facts.special.entries.associate { it.value to it.key }
    private val unk = facts.unk ?: facts.eos

    /** The ids of a prompt: start, words, end, padding. */
    fun encode(text: String): Encoded {
        val words = words(text)
        val room = facts.length - 2
        val kept = listOf(facts.bos) + words.take(room) + facts.eos
        return Encoded(IntArray(facts.length) { kept.getOrElse(it) { facts.pad } }, decode(words.drop(room)))
    }

    /** Readable text of word ids, for messages: lower case, one space between words. */
    fun decode(ids: List<Int>): String {
        val bytes = java.io.ByteArrayOutputStream()
        for (name in ids.map { names[it].orEmpty() }) {
            if (name in facts.special) {
                bytes.write(" $name ".toByteArray())
                continue
            }
            val stem = name.removeSuffix(WORD_END)
            for (character in stem) BYTE_OF[character]?.let(bytes::write)
            if (stem != name) bytes.write(' '.code)
        }
        return Characters.oneSpace(bytes.toString("UTF-8")).trim()
    }

    private fun words(text: String): List<Int> {
        val ids = mutableListOf<Int>()
        for ((given, special) in pieces(typed, text)) {
            if (special) {
                ids += facts.special.getValue(given)
                continue
            }
            for ((part, isSpecial) in pieces(normalized, normalize(given))) {
                if (isSpecial) {
                    ids += facts.special.getValue(part)
                } else {
                    // The byte-level step cuts a second time. This changes only a name like <|startoftext|> that was
                    // typed where it is not special.
                    for (word in cut(part, whole = NAMES, digits = false)) {
                        for (piece in cut(word, whole = emptyList(), digits = true)) ids += merged(piece)
                    }
                }
            }
        }
        return ids
    }

    /**
     * Merges the byte pairs of one word: the pair of lowest rank first, the leftmost of equals.
     *
     * A heap takes O(n log n) for n bytes, because a prompt may be one "word" of 100 000 letters.
     */
    private fun merged(word: String): List<Int> {
        val letters = word.toByteArray().map { BYTES[it.toInt() and 0xFF].toString() }.toMutableList()
        letters[letters.lastIndex] += WORD_END
        val symbols = letters.map { letter -> letter.takeIf { it in vocab } }.toTypedArray() // null: unknown
        val after = IntArray(symbols.size) { if (it < symbols.lastIndex) it + 1 else -1 }
        val before = IntArray(symbols.size) { it - 1 }
        val alive = BooleanArray(symbols.size) { true }
        val heap = PriorityQueue(compareBy<Offer>({ it.rank }, { it.left }))

        fun rank(left: Int): Int? {
            val right = after[left]
            if (right < 0) return null
            return ranks[Pair(symbols[left] ?: return null, symbols[right] ?: return null)]
        }

        fun offer(left: Int) {
            if (left >= 0) rank(left)?.let { heap += Offer(it, left) }
        }
        symbols.indices.forEach(::offer)
        while (true) {
            val (rank, left) = heap.poll() ?: break
            // An offer is stale if another merge has used one of the two since.
            if (!alive[left] || rank(left) != rank) continue
            val right = after[left]
            symbols[left] = symbols[left] + symbols[right]
            alive[right] = false
            after[left] = after[right]
            if (after[right] >= 0) before[after[right]] = left
            offer(before[left])
            offer(left)
        }
        return symbols.indices.filter { alive[it] }.map { index -> symbols[index]?.let(vocab::getValue) ?: unk }
    }

    private data class Offer(val rank: Int, val left: Int)

    companion object {
        private const val WORD_END = "</w>"

        private val CONTRACTIONS = listOf("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
        private val NAMES = listOf("<|startoftext|>", "<|endoftext|>")

        /** The printable character of each byte (GPT-2): itself if printable, else 256, 257, ... in order. */
        private val BYTES: CharArray = run {
            val printable = ('!'.code..'~'.code) + ('¡'.code..'¬'.code) + ('®'.code..'ÿ'.code)
            var spare = 256
            CharArray(256) { if (it in printable) it.toChar() else spare++.toChar() }
        }
        private val BYTE_OF: Map<Char, Int> = BYTES.withIndex().associate { (byte, character) -> character to byte }

        /** Throws BundleError for a vocabulary or merges that cannot be read. */
        fun of(bundle: Bundle): Tokenizer {
            val facts = bundle.manifest.tokenizer
            val vocab = Bundle.parse(bundle.file(facts.vocab), MapSerializer(String.serializer(), StrictIntSerializer))
            if (vocab.values.any { it < 0 }) throw BundleError("${bundle.file(facts.vocab)} has a negative id: export the bundle again")
            val file = bundle.file(facts.merges)
            val text = utf8(Bundle.content(file, MAX_TEXT_FILE)) ?: throw BundleError("$file is not UTF-8: export the bundle again")
            val merges = parseMerges(text)
            for ((left, right) in merges) {
                if (left + right !in vocab) {
                    throw BundleError("$file: '$left' and '$right' make a word that has no id: export the bundle again")
                }
            }
            return Tokenizer(vocab, merges, facts)
        }

        /** NFC, runs of white space to one space, lower case. */
        fun normalize(text: String): String =
            Characters.lower(Characters.oneSpace(Characters.composed(text)))

        /**
         * The words of a text, without white space. A word is a text of [whole], a contraction, a run of letters, one digit
         * (with [digits] a run of them), or a run of other characters.
         */
        private fun cut(text: String, whole: List<String>, digits: Boolean): List<String> {
            val words = mutableListOf<String>()
            var at = 0
            while (at < text.length) {
                val fixed = (whole + CONTRACTIONS).firstOrNull { text.startsWith(it, at) }
                val kind = Characters.kind(text.codePointAt(at))
                var end = at + (fixed?.length ?: Character.charCount(text.codePointAt(at)))
                if (fixed == null && (kind != Kind.NUMBER || digits)) {
                    while (end < text.length && Characters.kind(text.codePointAt(end)) == kind) {
                        end += Character.charCount(text.codePointAt(end))
                    }
                }
                if (fixed != null || kind != Kind.SPACE) words += text.substring(at, end)
                at = end
            }
            return words
        }

        /** The pairs of merges.txt in rank order. Throws BundleError for a line that is not a pair. */
        fun parseMerges(text: String): List<Pair<String, String>> =
            text.split("\n").filter { it.isNotEmpty() && !it.startsWith("#version") }.map { line ->
                val pair = line.removeSuffix("\r").split(" ")
                if (pair.size != 2 || pair.any { it.isEmpty() }) {
                    throw BundleError("merges line '$line' is not a pair: export the bundle again")
                }
                pair[0] to pair[1]
            }

        private fun anyOf(texts: Collection<String>): Regex? {
            val longestFirst = texts.sortedByDescending { it.length }
            return if (texts.isEmpty()) null else Regex(longestFirst.joinToString("|", transform = Regex::escape))
        }

        /** The text in order, cut at the pattern: (piece, whether it is a match). */
        private fun pieces(pattern: Regex?, text: String): List<Pair<String, Boolean>> {
            val made = mutableListOf<Pair<String, Boolean>>()
            var end = 0
            for (match in pattern?.findAll(text).orEmpty()) {
                if (match.range.first > end) made += text.substring(end, match.range.first) to false
                made += match.value to true
                end = match.range.last + 1
            }
            if (end < text.length) made += text.substring(end) to false
            return made
        }
    }
}
