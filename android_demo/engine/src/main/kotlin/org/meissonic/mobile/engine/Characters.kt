package org.meissonic.mobile.engine

internal enum class Kind { SPACE, LETTER, NUMBER, OTHER }

/**
 * The kind and the lower case of code points, from tables that ship with the engine. A phone's own tables are as old as
 * its system and would cut words differently. `python -m tests.runtime.write_unicode` writes them.
 */
internal object Characters {
    // White_Space of Unicode.
    private val SPACES = (0x9..0xD).toSet() + setOf(0x20, 0x85, 0xA0, 0x1680) + (0x2000..0x200A) +
        setOf(0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
    private val letters: Ranges
    private val numbers: Ranges
    private val lower: Map<Int, String>

    init {
        val stream = checkNotNull(Characters::class.java.getResourceAsStream("unicode.txt")) { "unicode.txt is missing from the jar" }
        val rows = stream.bufferedReader().useLines { lines ->
            lines.map { line -> line.split(" ").let { it[0] to it.drop(1).map { code -> code.toInt(16) } } }.toList()
        }
        val byKind = rows.groupBy({ it.first }, { it.second })
        letters = Ranges(byKind.getValue("L"))
        numbers = Ranges(byKind.getValue("N"))
        lower = byKind.getValue("l").associate { codes ->
            codes[0] to codes.drop(1).joinToString("") { String(Character.toChars(it)) }
        }
    }

    fun kind(code: Int): Kind = when {
        code in letters -> Kind.LETTER
        code in SPACES -> Kind.SPACE
        code in numbers -> Kind.NUMBER
        else -> Kind.OTHER
    }

    /** Lower case, code point by code point, so that no Greek word gets a final sigma. */
    fun lower(text: String): String {
        val made = StringBuilder()
        text.codePoints().forEach { code -> lower[code]?.let(made::append) ?: made.appendCodePoint(code) }
        return made.toString()
    }

    /** The text with every run of white space as one space. */
    fun oneSpace(text: String): String {
        val made = StringBuilder()
        text.codePoints().forEach { code ->
            if (code !in SPACES) {
                made.appendCodePoint(code)
            } else if (!made.endsWith(' ')) {
                made.append(' ')
            }
        }
        return made.toString()
    }

    private class Ranges(rows: List<List<Int>>) {
        private val first = IntArray(rows.size) { rows[it][0] }
        private val last = IntArray(rows.size) { rows[it][1] }

        operator fun contains(code: Int): Boolean {
            val found = first.binarySearch(code)
            val at = if (found >= 0) found else -found - 2 // the last range that begins before the code
            return at >= 0 && code <= last[at]
        }
    }
}
