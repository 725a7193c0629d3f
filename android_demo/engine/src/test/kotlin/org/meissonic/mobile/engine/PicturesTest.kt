package org.meissonic.mobile.engine

import java.io.File
import java.security.MessageDigest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable

class PicturesTest {
    @Serializable
    class Case(
        val size: Size,
        val grid: Size,
        val argb: IntArray,
        val grey: List<Int>,
        @SerialName("rgb_sha256") val rgbSha256: String,
    )

    private val cases = vector<List<Case>>(File(vectors, "pictures.json"))

    @Test
    fun `masks are resized as Pillow does`() {
        for (case in cases) {
            val mask = maskArray(maskLevels(Picture(case.size, case.argb), case.size, case.size), case.size, case.grid)
            assertContentEquals(case.grey.map { it >= 128 }, mask.toList())
            assertEquals(case.grey, Lanczos.resize(Picture(case.size, case.argb).grey(), case.size, case.grid).toList())
        }
    }

    @Test
    fun `transparency is laid on white as Pillow does`() {
        for (case in cases) {
            val rgb = pictureArray(Picture(case.size, case.argb), case.size).values
            assertEquals(case.rgbSha256, hexadecimal(MessageDigest.getInstance("SHA-256").digest(rgb)))
        }
    }

    @Test
    fun `what is transparent in a mask is kept`() {
        val white = -1
        for (transparent in listOf(0x00FFFFFF, 0x00000000, 0x00808080)) {
            val mask = Picture(Size(8, 8), IntArray(64) { if (it % 8 < 4) white else transparent })
            val size = Size(8, 8)
            val levels = maskLevels(mask, size, size)
            assertContentEquals(booleanArrayOf(true, false, true, false), maskArray(levels, size, Size(2, 2)))
            val none = maskLevels(Picture(size, IntArray(64) { transparent }), size, size)
            assertFailsWith<RequestError> { maskArray(none, size, Size(2, 2)) }
        }
    }

    @Test
    fun `a mask without white is refused`() {
        val error = assertFailsWith<RequestError> { maskArray(IntArray(64), Size(8, 8), Size(2, 2)) }
        assertEquals("the mask repaints nothing: paint a larger part white", error.message)
    }

    @Test
    fun `edges are repeated outward`() {
        val wide = padEdges(Bytes(byteArrayOf(1, 1, 1, 2, 2, 2), 2, 1, 3), Margins(1, 0, 1, 1))
        assertContentEquals(byteArrayOf(1, 1, 1, 2, 2, 2, 2, 2, 2), ByteArray(9) { wide.values[3 * it] })
    }
}
