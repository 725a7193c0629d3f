package org.meissonic.mobile.engine

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.serialization.Serializable

class TokenizerTest {
    @Serializable
    class Case(val text: String, val ids: List<Int>)

    private val bundle = Bundle.open(bundleFolder)
    private val facts = bundle.manifest.tokenizer
    private val tokenizer = Tokenizer.of(bundle)

    private fun words(ids: IntArray) = ids.drop(1).takeWhile { it != facts.eos }

    private fun check(cases: List<Case>) {
        // Lengthened, so that nothing of a case is cut.
        val long = Tokenizer.of(bundle, length = 20_000)
        val different = cases.filter { case -> long.encode(case.text).ids.take(case.ids.size) != case.ids }
        assertEquals(emptyList(), different.take(5).map { it.text })
    }

    @Test
    fun `ids are those of transformers for 10 000 prompts of every script`() {
        val cases = vector<List<Case>>(File(vectors, "tokenizer.json"))
        assertEquals(10_000, cases.size)
        check(cases)
    }

    @Test
    fun `ids are those of the committed vectors`() = check(vector(File(repository, "tests/vectors/tokenizer.json")))

    @Test
    fun `ids and the cut of a long prompt are given`() {
        val encoded = tokenizer.encode("a red cat ".repeat(20))
        assertEquals(facts.length, encoded.ids.size)
        assertEquals(facts.eos, encoded.ids.last())
        assertTrue(encoded.cut.startsWith("a red cat") || encoded.cut.contains("a red cat"), encoded.cut)
        assertEquals(facts.length - 2, words(encoded.ids).size)
    }
}
