package org.meissonic.mobile.app

import android.view.View
import android.widget.Button
import android.widget.CompoundButton
import android.widget.EditText
import android.widget.RadioButton
import java.io.File
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Before
import org.junit.Test
import org.meissonic.mobile.app.model.Choice
import org.meissonic.mobile.app.model.ComputeUnit
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.Fallback
import org.meissonic.mobile.app.model.Working
import org.robolectric.RuntimeEnvironment

/** Which unit draws with a model for the NPU: said, chosen, kept, and never the end of the app. */
class UnitScreenTest : OnAndroid() {
    private val npu = File(System.getProperty("npu"))

    @Before
    fun available() = assumeTrue("NOT TESTED: $npu holds no bundle", File(npu, "manifest.json").isFile)

    private fun draw(of: Meissonic = app): String {
        var said = ""
        screen<MainActivity>(of = of) { main ->
            main.find<EditText>(R.id.prompt).setText("a cat")
            main.find<EditText>(R.id.steps).setText("1")
            main.find<CompoundButton>(R.id.preview).isChecked = false
            main.find<Button>(R.id.draw).performClick()
            until { of.studio.state.value !is Working }
            val state = of.studio.state.value
            assertIs<Done>(state, main.words(state))
            assertEquals(View.VISIBLE, main.find<View>(R.id.unit_row).visibility)
            render(main, "unit")
            said = text(main, R.id.unit_state)
        }
        return said
    }

    @Test
    fun `a model that was not made for the NPU leaves no choice`() {
        install()
        screen<MainActivity> { assertEquals(View.GONE, it.find<View>(R.id.unit_row).visibility) }
    }

    @Test
    fun `without Qualcomm's library the CPU draws and the app says why`() {
        install(npu)
        assertContains(draw(), Regex("^The processor \\(CPU\\) draws, because the NPU cannot: Qualcomm's library .* is missing$"))
        assertIs<Fallback.Refused>(again().units.state.value.choice.fallback) // and is not tried again
        RuntimeEnvironment.setQualifiers("+de")
        assertContains(app.words(app.units.state.value), "Der Prozessor (CPU) zeichnet, weil die NPU es nicht kann: ")
    }

    @Test
    fun `a person's choice of the CPU is kept`() {
        install(npu)
        screen<MainActivity> { main ->
            assertTrue(main.find<RadioButton>(R.id.unit_npu).isChecked)
            main.find<View>(R.id.unit_cpu).performClick()
            until { app.units.state.value.choice.wanted == ComputeUnit.CPU }
            assertEquals("The processor (CPU) draws.", text(main, R.id.unit_state))
            assertTrue(main.find<RadioButton>(R.id.unit_cpu).isChecked && !main.find<RadioButton>(R.id.unit_npu).isChecked)
            main.find<Sheet>(R.id.form).turn(open = true)
            render(main, "unit-chosen")
        }
        assertEquals("The processor (CPU) draws.", draw())
        assertEquals(Choice(ComputeUnit.CPU), again().units.state.value.choice)
    }

    @Test
    fun `the NPU draws, is kept, and compiles once`() {
        val library = File(System.getenv("ONNXRUNTIME_QNN").orEmpty())
        assumeTrue("NOT TESTED: ONNXRUNTIME_QNN names no folder with Qualcomm's library", File(library, "libQnnHtp.so").isFile)
        install(npu)
        app.libraries = library
        assertEquals("The NPU draws.", draw())
        assertEquals(Choice(ComputeUnit.NPU, worked = true), again().units.state.value.choice)
        val compiled = File(app.filesDir, "models/model/compiled/transformer/transformer_qnn.bin")
        val made = compiled.lastModified()
        val again = again().also { it.libraries = library }
        assertEquals("The NPU draws.", draw(again))
        assertEquals(made, compiled.lastModified())
    }

    @Test
    fun `after Android ended the NPU's first picture the CPU draws until a person chooses again`() {
        install(npu)
        File(app.filesDir, "drawing").createNewFile()
        val again = again()
        assertEquals(Fallback.Ended, again.units.state.value.choice.fallback)
        assertContains(draw(again), "because Android ended the app during the first picture of the NPU")
        screen<MainActivity>(of = again) { main ->
            main.find<View>(R.id.unit_npu).performClick()
            until { again.units.state.value.choice == Choice(ComputeUnit.NPU) }
            assertTrue(main.find<RadioButton>(R.id.unit_npu).isChecked)
        }
    }

    @Test
    fun `an NPU that has drawn before is not given up when Android ends the app`() {
        install(npu)
        app.units.choose(ComputeUnit.NPU)
        app.units.drew()
        File(app.filesDir, "drawing").createNewFile()
        assertEquals(null, again().units.state.value.choice.fallback)
    }

    @Test
    fun `another model lets the NPU try again`() {
        install(npu)
        draw()
        assertFalse(app.units.state.value.choice.fallback == null)
        install(npu)
        assertEquals(Choice(ComputeUnit.NPU), app.units.state.value.choice)
    }
}
