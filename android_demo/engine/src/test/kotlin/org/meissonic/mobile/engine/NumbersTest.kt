package org.meissonic.mobile.engine

import java.io.File
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlinx.serialization.Serializable

class NumbersTest {
    @Serializable
    class PhiloxCase(val seed: String, val step: Int, val stream: Int, val bits: List<List<Long>>)

    @Serializable
    class Numbers(
        val temperatures: Map<Int, List<Long>>,
        @kotlinx.serialization.SerialName("step_sinusoids") val steps: List<Long>,
        @kotlinx.serialization.SerialName("share_sinusoids") val shares: List<Long>,
        @kotlinx.serialization.SerialName("micro_sinusoids") val micro: List<Long>,
    )

    @Serializable
    class IntervalCase(val steps: Int, val from: Double, val until: Double, val inside: List<Int>)

    @Serializable
    class NormalsCase(val words: List<Long>, val bits: List<Long>)

    @Serializable
    class StartCase(
        val seed: String,
        val codes: Int,
        val masked: Double,
        val before: List<Int>,
        val after: List<Int>,
    )

    private val numbers = vector<Numbers>(File(vectors, "numbers.json"))

    @Test
    fun `uniforms are Python's bit by bit`() {
        val cases = vector<List<PhiloxCase>>(File(repository, "tests/vectors/philox.json"))
        assertEquals(16, cases.size)
        for (case in cases) {
            val count = case.bits[0].size
            val made = uniforms(case.seed.toULong(), case.step, case.stream, count, case.bits.size)
            assertEquals(case.bits.flatten(), bits(made))
        }
    }

    @Serializable
    class PreviewCase(
        val side: Int,
        val width: Int,
        val height: Int,
        val patches: List<Int>,
        val tokens: List<Int>,
        val pixels: List<Int>,
    )

    @Test
    fun `previews are Python's byte by byte`() {
        val cases = vector<List<PreviewCase>>(File(repository, "tests/vectors/previews.json"))
        assertEquals(4, cases.size)
        for (case in cases) {
            val table = PreviewTable(case.patches.map { it.toByte() }.toByteArray(), case.side)
            val made = table.picture(case.tokens.toIntArray(), Size(case.width, case.height))
            val wanted = Picture.of(case.pixels.map { it.toByte() }.toByteArray(), made.size)
            assertEquals(Size(case.width * case.side, case.height * case.side), made.size)
            assertContentEquals(wanted.argb, made.argb)
        }
    }

    @Test
    fun `the largest word gives the largest float below one`() {
        assertEquals(1f.toRawBits() - 1, (1 - 1f / (1 shl 24)).toRawBits())
        val all = uniforms(1u, 0, 0, 100_000)
        assertEquals(true, all.all { it > 0f && it < 1f })
    }

    @Test
    fun `mask lengths are the published scheduler's entry by entry`() {
        val table = vector<Map<String, Map<Int, Map<Int, List<Int>>>>>(
            File(repository, "tests/golden/mask_lengths.json"),
        )
        var entries = 0
        for ((name, sizes) in table) for ((tokens, counts) in sizes) for ((steps, lengths) in counts) {
            var unknown = tokens
            lengths.forEachIndexed { step, length ->
                val schedule = MaskingSchedule.valueOf(name.uppercase())
                unknown = maskLength(schedule, step, steps, tokens, unknown)
                assertEquals(length, unknown, "$name $tokens $steps $step")
                entries++
            }
        }
        assertEquals(18_880, entries)
    }

    @Test
    fun `intervals of steps begin and end where the vectors say`() {
        val cases = vector<List<IntervalCase>>(File(repository, "tests/vectors/intervals.json"))
        assertEquals(64, cases.size)
        for (case in cases) with(case) {
            assertEquals(inside, (0 until steps).filter { inInterval(it, steps, from, until) })
        }
    }

    @Test
    fun `normal numbers are Python's bit by bit`() {
        val cases = vector<List<NormalsCase>>(File(repository, "tests/vectors/normals.json"))
        assertEquals(272, cases.size)
        for (case in cases) assertEquals(case.bits, bits(normals(case.words.map { it.toInt() }.toIntArray())))
        val noise = PhiloxNoise(ULong.MAX_VALUE)
        assertEquals(noise.embedding(1000).take(7), noise.embedding(7).toList())
    }

    @Test
    fun `students start from the reference's tokens`() {
        val cases = vector<List<StartCase>>(File(repository, "tests/vectors/starts.json"))
        assertEquals(4, cases.size)
        for (case in cases) {
            val student = Student(case.masked, case.codes)
            val plan = Plan(1, case.codes, MaskingSchedule.COSINE, student = student)
            val noise = PhiloxNoise(case.seed.toULong())
            assertEquals(case.after, randomTokens(case.before.toIntArray(), noise, plan, student).toList())
        }
    }

    @Test
    fun `temperatures are Python's bit by bit`() {
        for ((steps, wanted) in numbers.temperatures) assertEquals(wanted, bits(temperatures(steps)))
    }

    @Test
    fun `sinusoids are Python's bit by bit`() {
        assertEquals(numbers.steps, bits(stepSinusoids(64, Timestep.INDEX).values))
        assertEquals(numbers.shares, bits(stepSinusoids(48, Timestep.SHARE).values))
        assertEquals(numbers.micro, bits(microSinusoids(Size(1024, 768), 6.0).values))
    }

    @Test
    fun `equal confidences are masked by index`() {
        val confidence = floatArrayOf(0f, -0f, 1f, 0f)
        assertContentEquals(intArrayOf(9, 9, 1, 1), maskLeast(intArrayOf(1, 1, 1, 1), confidence, 2, 9))
    }
}
