package org.meissonic.mobile.app

import android.os.SystemClock
import android.view.MotionEvent
import android.view.View
import android.view.accessibility.AccessibilityNodeInfo.AccessibilityAction
import android.widget.RadioButton
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Before
import org.junit.Test
import org.meissonic.mobile.app.model.Mode
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment

/** The sheet with the settings: closed until a person opens it, by tap, drag or TalkBack. */
class SheetTest : OnAndroid() {
    @Before
    fun aModel() = install()

    private fun reached(main: MainActivity) = visible(main).map(View::getId)

    private fun assertTurned(main: MainActivity, open: Boolean) {
        val sheet = main.find<Sheet>(R.id.form)
        until { sheet.open == open && !sheet.slides }
        assertEquals(open, R.id.steps in reached(main))
        assertEquals(!open, R.id.prompt in reached(main))
    }

    /** Moves a finger upwards from the handle, by a share of the sheet's height. */
    private fun drag(main: MainActivity, share: Float) {
        val sheet = main.find<Sheet>(R.id.form)
        val handle = main.find<View>(R.id.handle)
        val from = IntArray(2).also(handle::getLocationInWindow)[1] - IntArray(2).also(sheet::getLocationInWindow)[1] + 10f
        val begun = SystemClock.uptimeMillis()
        for (part in 0..20) {
            val action = when (part) {
                0 -> MotionEvent.ACTION_DOWN
                20 -> MotionEvent.ACTION_UP
                else -> MotionEvent.ACTION_MOVE
            }
            val event = MotionEvent.obtain(begun, begun + part * 100, action, 200f, from - share * sheet.height * part / 20, 0)
            sheet.dispatchTouchEvent(event)
            event.recycle()
        }
    }

    @Test
    fun `a tap on the handle opens it, and back closes it`() = screen<MainActivity> { main ->
        assertTurned(main, open = false)
        main.find<View>(R.id.handle).performClick()
        assertTurned(main, open = true)
        @Suppress("DEPRECATION")
        main.onBackPressed()
        assertTurned(main, open = false)
        assertFalse(main.isFinishing)
    }

    @Test
    fun `a drag opens and closes it, and a short one does not`() = screen<MainActivity> { main ->
        drag(main, 0.1f)
        assertTurned(main, open = false)
        drag(main, 0.7f)
        assertTurned(main, open = true)
        drag(main, -0.7f)
        assertTurned(main, open = false)
    }

    @Test
    fun `TalkBack expands and collapses it`() = screen<MainActivity> { main ->
        val handle = main.find<View>(R.id.handle)
        val actions = { handle.createAccessibilityNodeInfo().actionList }
        assertContains(actions(), AccessibilityAction.ACTION_EXPAND)
        handle.performAccessibilityAction(AccessibilityAction.ACTION_EXPAND.id, null)
        assertTurned(main, open = true)
        assertContains(actions(), AccessibilityAction.ACTION_COLLAPSE)
    }

    @Test
    fun `it stays open when the phone is turned, and keeps what was chosen`() {
        Robolectric.buildActivity(MainActivity::class.java).use { controller ->
            controller.setup().get().run {
                find<View>(R.id.handle).performClick()
                find<Flow>(R.id.mode).chosen = Mode.EXTEND.ordinal
                assertTurned(this, open = true)
            }
            RuntimeEnvironment.setQualifiers("w891dp-h411dp-land")
            controller.configurationChange()
            val turned = controller.get()
            assertTurned(turned, open = true)
            assertEquals(Mode.EXTEND.ordinal, turned.find<Flow>(R.id.mode).chosen)
            assertTrue(R.id.sides_row in reached(turned))
        }
    }

    @Test
    fun `its header sums up what is chosen`() = screen<MainActivity> { main ->
        assertEquals("New picture · 64 × 64 pixels · 16 steps", text(main, R.id.summary))
        (main.find<Flow>(R.id.mode).getChildAt(Mode.REDRAW.ordinal) as RadioButton).performClick()
        assertEquals("Redraw · 64 × 64 pixels · 16 steps", text(main, R.id.summary))
    }
}
