package org.meissonic.mobile.engine

import java.io.File
import java.security.MessageDigest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlinx.serialization.Serializable

class TokenizerTest {
    @Serializable
    class Case(val text: String, val ids: List<Int>)

    @Serializable
    class Cases(val facts: TokenizerFacts, val cases: List<Case>)

    private val vector = vector<Cases>(File(vectors, "tokenizer.json"))

    private fun check(cases: List<Case>) {
        val facts = vector.facts.copy(length = 20_000) // so that no case is cut
        val vocab = vector<Map<String, Int>>(File(repository, facts.vocab))
        val merges = Tokenizer.parseMerges(File(repository, facts.merges).readText())
        val tokenizer = Tokenizer(vocab, merges, facts)
        val different = cases.filter { case -> tokenizer.encode(case.text).ids.take(case.ids.size) != case.ids }
        assertEquals(emptyList(), different.take(5).map { it.text })
    }

    @Test
    fun `ids are those of transformers for 10 000 prompts of every script`() {
        assertEquals(10_000, vector.cases.size)
        check(vector.cases)
    }

    @Test
    fun `ids are those of the committed vectors`() = check(vector(File(repository, "tests/vectors/tokenizer.json")))

    @Test
    fun `the end of a long prompt is cut and returned`() {
        val bundle = Bundle.open(bundleFolder)
        val facts = bundle.manifest.tokenizer
        val encoded = Tokenizer.of(bundle).encode("a red cat ".repeat(20))
        assertEquals(facts.length, encoded.ids.size)
        assertEquals(facts.eos, encoded.ids.last())
        // Three words of one id each.
        val room = facts.length - 2
        assertEquals("a red cat ".repeat(20).trim().split(" ").drop(room).joinToString(" "), encoded.cut)
    }

    @Test
    fun `the table is the one of every runtime`() {
        val table = Characters::class.java.getResource("unicode.txt")!!.readText()
        assertEquals(File(repository, "runtime/unicode.txt").readText(), table)
    }

    /** Python compares its own with the published tokenizer's library; the digest is Python's. */
    @Test
    fun `every code point is normalized as in Python`() {
        val digest = MessageDigest.getInstance("SHA-256")
        for (code in 1..Character.MAX_CODE_POINT) {
            if (code in 0xD800..0xDFFF) continue
            val character = String(Character.toChars(code))
            digest.update((Tokenizer.normalize("e $character e$character\u0301") + "\n").toByteArray())
        }
        assertEquals("fb0444847ee21faf8b627ec10b907025146e1f5ce9c90a2158a6e55ae2338839", hexadecimal(digest.digest()))
    }
}
