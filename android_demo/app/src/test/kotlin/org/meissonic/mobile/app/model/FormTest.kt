package org.meissonic.mobile.app.model

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import org.junit.jupiter.api.io.TempDir
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.Edit
import org.meissonic.mobile.engine.Fit
import org.meissonic.mobile.engine.Margins
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.pictureSettings
import org.meissonic.mobile.engine.settle

class FormTest {
    private val manifest = Bundle.readManifest(File(System.getProperty("bundle")))
    private val grey = { size: Size, _: Fit -> Picture(size, IntArray(size.width * size.height) { 0xFF808080.toInt() }) }
    private val full = Draft(prompt = "a cat")

    private fun field(draft: Draft, picture: (Size, Fit) -> Picture? = grey) =
        assertIs<Invalid>(check(draft, manifest, 5u, picture)).field

    private fun request(draft: Draft) = assertIs<Valid>(check(draft, manifest, 5u, grey)).request

    @Test
    fun `blank fields mean the model's defaults and any seed`() {
        val request = request(full)
        assertEquals(5u, request.seed)
        assertEquals(manifest.defaults.steps, request.steps)
        assertEquals(manifest.defaults.guidance, request.guidance)
        assertEquals(manifest.defaults.size, request.size)
        assertEquals(null, request.negative)
        assertEquals(null, request.edit)
    }

    @Test
    fun `the first wrong field is named`() {
        assertEquals(Field.PROMPT, field(full.copy(prompt = " ", seed = "x")))
        assertEquals(Field.SEED, field(full.copy(seed = "18446744073709551616")))
        assertEquals(Field.STEPS, field(full.copy(steps = "1001")))
        assertEquals(Field.STEPS, field(full.copy(steps = "99999999999")))
        assertEquals(Field.GUIDANCE, field(full.copy(guidance = "-1")))
        assertEquals(Field.GUIDANCE, field(full.copy(guidance = "NaN")))
        assertEquals(Field.PICTURE, field(full.copy(mode = Mode.REDRAW)) { _, _ -> null })
        assertEquals(Field.MASK, field(full.copy(mode = Mode.REPAINT)))
        assertEquals(Field.SIDES, field(full.copy(mode = Mode.EXTEND, sides = emptySet())))
    }

    @Test
    fun `a picture of one token has no room for margins`() {
        val size = manifest.model.tokenSize.let { Size(it, it) }
        val tiny = manifest.copy(sizes = listOf(size), defaults = manifest.defaults.copy(size = size))
        for (sides in listOf(setOf(Side.LEFT, Side.RIGHT), setOf(Side.TOP), Side.entries.toSet())) {
            assertEquals(Invalid(Field.SIDES), check(full.copy(mode = Mode.EXTEND, sides = sides), tiny, 5u, grey))
        }
    }

    @Test
    fun `pictures that need more memory than there is are reported`() {
        assertEquals(Field.MEMORY, field(full.copy(mode = Mode.REDRAW)) { _, _ -> throw OutOfMemoryError() })
    }

    @Test
    fun `a comma is a decimal point`() {
        assertEquals(2.5, request(full.copy(guidance = "2,5")).guidance)
    }

    @Test
    fun `each mode becomes its edit`() {
        assertEquals(0.6, assertIs<Edit.ImageToImage>(request(full.copy(mode = Mode.REDRAW)).edit).strength)
        val stroke = Stroke(listOf(0.5f, 0.5f), 0.25f)
        val inpaint = assertIs<Edit.Inpaint>(request(full.copy(mode = Mode.REPAINT, strokes = listOf(stroke))).edit)
        assertEquals(manifest.defaults.size to 1.0, inpaint.mask.size to inpaint.strength)
        val outpaint = assertIs<Edit.Outpaint>(request(full.copy(mode = Mode.EXTEND)).edit)
        assertEquals(Margins(16, 0, 16, 0), outpaint.margins)
        assertEquals(Size(32, 64), outpaint.image.size)
    }

    @Test
    fun `a picture that was drawn fills the form, which draws it again`() {
        val edit = full.copy(
            prompt = "a red cat", negative = "blue", seed = "7", steps = "4", guidance = "2.5", size = manifest.defaults.size,
            mode = Mode.EXTEND, sides = setOf(Side.TOP), fit = Fit.PAD, compose = false, guidanceFrom = 0.2, guidanceUntil = 0.8,
        )
        val bundle = Bundle.open(File(System.getProperty("bundle")))
        val redrawn = edit.copy(mode = Mode.REDRAW, strengths = mapOf(Mode.REDRAW to 37))
        for (draft in listOf(edit.copy(mode = Mode.TEXT), edit, redrawn)) {
            val request = request(draft)
            val made = pictureSettings(request, settle(request, manifest), bundle)
            val again = pictureSettings(request(Draft().with(made)), settle(request(Draft().with(made)), manifest), bundle)
            assertEquals(made, again)
            assertEquals(0.2 to 0.8, made.guidanceFrom to made.guidanceUntil)
        }
    }

    @Test
    fun `the strength of a repainted picture is kept for the next mask`() {
        val strokes = listOf(Stroke(listOf(0.5f, 0.5f), 0.25f))
        val draft = full.copy(mode = Mode.REPAINT, strokes = strokes, strengths = mapOf(Mode.REPAINT to 70))
        val request = request(draft)
        val made = pictureSettings(request, settle(request, manifest), Bundle.open(File(System.getProperty("bundle"))))
        val again = Draft().with(made)
        assertEquals(mapOf(Mode.REDRAW to 60, Mode.REPAINT to 70), again.strengths)
        assertEquals(0.7, assertIs<Edit.Inpaint>(request(again.copy(strokes = strokes)).edit).strength)
    }

    @Test
    fun `margins are whole tokens and fill the size for any sides`() {
        for (size in listOf(Size(64, 64), Size(1024, 768), Size(48, 80))) for (bits in 1..15) {
            val sides = Side.entries.filter { bits shr it.ordinal and 1 == 1 }.toSet()
            val margins = margins(size, 4, sides)
            assertEquals(sides, Side.entries.filter { margins.all[it.ordinal] > 0 }.toSet())
            assertEquals(emptyList(), margins.all.filter { it % 4 != 0 })
            val left = inside(size, margins)
            assertEquals(true, left.width >= size.width / 3 && left.height >= size.height / 3, "$size $sides $left")
        }
    }

    @Test
    fun `a stroke is round, and erasing removes it`() {
        val size = Size(100, 50)
        val dot = Stroke(listOf(0.5f, 0.5f), 0.2f) // 10 pixels
        val painted = paint(listOf(dot), size).argb.count { it == WHITE }
        assertEquals(314.0, painted.toDouble(), 6.0) // the area of a circle
        val line = Stroke(listOf(0.3f, 0.5f, 0.7f, 0.5f), 0.2f)
        assertEquals(314.0 + 40 * 20, paint(listOf(line), size).argb.count { it == WHITE }.toDouble(), 20.0)
        assertEquals(0, paint(listOf(line, line.copy(erases = true)), size).argb.count { it == WHITE })
    }

    @Test
    fun `a draft outlives the process, and a damaged one is ignored`(@TempDir folder: File) {
        val file = File(folder, "draft.json")
        assertEquals(Draft(), DraftFile(file).load())
        val draft = full.copy(mode = Mode.EXTEND, size = Size(64, 64), strokes = listOf(Stroke(listOf(0f, 1f), 0.1f)))
        DraftFile(file).save(draft)
        assertEquals(draft, DraftFile(file).load())
        file.writeText(file.readText().dropLast(5))
        assertEquals(Draft(), DraftFile(file).load())
    }
}
