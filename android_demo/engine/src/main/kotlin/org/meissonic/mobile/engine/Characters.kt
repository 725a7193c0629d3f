package org.meissonic.mobile.engine

internal enum class Kind { SPACE, LETTER, NUMBER, OTHER }

/**
 * The kind, the lower case and the composed form (NFC) of code points.
 *
 * A phone's own tables are as old as its system and would cut words differently. `unicode.txt` holds those of the published
 * tokenizer's library and ships with every runtime; `python -m tests.runtime.write_unicode` writes it.
 */
internal object Characters {
    private val letters: Ranges
    private val numbers: Ranges
    private val spaces: Ranges
    private val lowerOf = HashMap<Int, IntArray>()
    private val classOf = HashMap<Int, Int>()
    private val partsOf = HashMap<Int, IntArray>()
    private val compositeOf = HashMap<Pair<Int, Int>, Int>()

    init {
        val stream = checkNotNull(Characters::class.java.getResourceAsStream("unicode.txt")) { "unicode.txt is missing from the jar" }
        val kinds = mapOf("L" to mutableListOf<IntArray>(), "N" to mutableListOf(), "S" to mutableListOf())
        stream.bufferedReader().forEachLine { line ->
            val fields = line.split(" ")
            val codes = IntArray(fields.size - 1) { fields[it + 1].toInt(16) }
            when (val name = fields[0]) {
                "l" -> lowerOf[codes[0]] = codes.copyOfRange(1, codes.size)
                "c" -> for (code in codes[0]..codes[1]) classOf[code] = codes[2]
                "d" -> partsOf[codes[0]] = codes.copyOfRange(1, codes.size)
                "p" -> compositeOf[codes[0] to codes[1]] = codes[2]
                else -> kinds.getValue(name) += codes
            }
        }
        letters = Ranges(kinds.getValue("L"))
        numbers = Ranges(kinds.getValue("N"))
        spaces = Ranges(kinds.getValue("S"))
    }

    fun kind(code: Int): Kind = when (code) {
        in letters -> Kind.LETTER
        in spaces -> Kind.SPACE
        in numbers -> Kind.NUMBER
        else -> Kind.OTHER
    }

    /** Lower case, code point by code point, so that no Greek word gets a final sigma. */
    fun lower(text: String): String {
        val made = StringBuilder()
        text.codePoints().forEach { code -> lowerOf[code]?.forEach(made::appendCodePoint) ?: made.appendCodePoint(code) }
        return made.toString()
    }

    /** The text with every run of white space as one space. */
    fun oneSpace(text: String): String {
        val made = StringBuilder()
        text.codePoints().forEach { code ->
            if (code !in spaces) {
                made.appendCodePoint(code)
            } else if (!made.endsWith(' ')) {
                made.append(' ')
            }
        }
        return made.toString()
    }

    /** Canonical composition, NFC (Unicode Standard, section 3.11). */
    fun composed(text: String): String {
        val composed = ArrayList<Int>()
        var starter = -1 // where the last starter stands
        var last = 0 // the class of what stands before this character
        for (code in ordered(text)) {
            val number = classOf[code] ?: 0
            // A mark is blocked from its starter by a mark of the same class between them, a starter by any mark.
            val near = starter >= 0 && (last < number || starter == composed.lastIndex)
            val pair = if (near) composite(composed[starter], code) else null
            if (pair != null) {
                composed[starter] = pair
                continue
            }
            if (number == 0) starter = composed.size
            last = number
            composed += code
        }
        val made = StringBuilder()
        for (code in composed) made.appendCodePoint(code)
        return made.toString()
    }

    /** The code points decomposed, marks in the order of their classes. */
    private fun ordered(text: String): List<Int> {
        val made = ArrayList<Int>()
        val marks = ArrayList<Int>()
        fun flush() {
            made += marks.sortedBy(classOf::getValue)
            marks.clear()
        }
        for (code in text.codePoints().toArray()) {
            for (part in decomposed(code)) {
                if (part in classOf) {
                    marks += part
                } else {
                    flush()
                    made += part
                }
            }
        }
        flush()
        return made
    }

    private fun decomposed(code: Int): IntArray {
        val index = code - SYLLABLE
        if (index !in 0 until SYLLABLES) return partsOf[code] ?: intArrayOf(code)
        val vowel = VOWEL + index % (VOWELS * TAILS) / TAILS
        val pair = intArrayOf(LEAD + index / (VOWELS * TAILS), vowel)
        return if (index % TAILS == 0) pair else pair + (TAIL + index % TAILS)
    }

    private fun composite(first: Int, second: Int): Int? {
        val lead = first - LEAD
        val vowel = second - VOWEL
        if (lead in 0 until SYLLABLES / (VOWELS * TAILS) && vowel in 0 until VOWELS) {
            return SYLLABLE + (lead * VOWELS + vowel) * TAILS
        }
        val syllable = first - SYLLABLE
        if (syllable in 0 until SYLLABLES && syllable % TAILS == 0 && second - TAIL in 1 until TAILS) {
            return first + second - TAIL
        }
        return compositeOf[first to second]
    }

    // Hangul syllables compose by arithmetic (Unicode Standard, section 3.12).
    private const val SYLLABLE = 0xAC00
    private const val LEAD = 0x1100
    private const val VOWEL = 0x1161
    private const val TAIL = 0x11A7
    private const val VOWELS = 21
    private const val TAILS = 28
    private const val SYLLABLES = 11172

    private class Ranges(rows: List<IntArray>) {
        private val first = IntArray(rows.size) { rows[it][0] }
        private val last = IntArray(rows.size) { rows[it][1] }

        operator fun contains(code: Int): Boolean {
            val found = first.binarySearch(code)
            val at = if (found >= 0) found else -found - 2 // the last range that begins before the code
            return at >= 0 && code <= last[at]
        }
    }
}
