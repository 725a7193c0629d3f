package org.meissonic.mobile.app

import android.app.AlertDialog
import android.app.Application
import android.content.Intent
import android.net.Uri
import android.os.Looper
import android.widget.GridView
import kotlin.test.assertEquals
import org.junit.Test
import org.meissonic.mobile.app.model.Drawn
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Settings
import org.meissonic.mobile.engine.Size
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowAlertDialog

/** The grid of pictures: a tap opens one, a long press chooses several. */
class HistoryTest : OnAndroid() {
    private fun add(prompt: String): Drawn {
        val settings = Settings(prompt, "", 7u, 4, 2.5, Size(1, 1))
        return app.gallery.add(Drawing(Picture(Size(1, 1), intArrayOf(-1)), ByteArray(3), IntArray(1), settings, emptyMap(), emptyMap()), "m")
    }

    /** Chooses pictures by their places, the first with a long press. */
    private fun choose(grid: GridView, vararg places: Int) = places.forEach { grid.setItemChecked(it, true) }

    private fun press(history: HistoryActivity, item: Int) {
        // The bar that a long press opens.
        val mode = GridView::class.java.superclass!!.getDeclaredField("mChoiceActionMode").apply { isAccessible = true }
        val bar = mode.get(history.find<GridView>(R.id.grid)) as android.view.ActionMode
        bar.menu.performIdentifierAction(item, 0)
        shadowOf(Looper.getMainLooper()).idle()
    }

    @Test
    fun `a tap opens a picture`() {
        val drawn = add("a cat")
        screen<HistoryActivity> { history ->
            history.find<GridView>(R.id.grid).run { performItemClick(getChildAt(0), 0, 0) }
            assertEquals(drawn.id, shadowOf(history).nextStartedActivity.getStringExtra(PictureActivity.ID))
        }
    }

    @Test
    fun `several pictures are deleted, after a question`() {
        val pictures = listOf("a cat", "a dog", "a fish").map(::add)
        screen<HistoryActivity> { history ->
            choose(history.find(R.id.grid), 0, 2)
            press(history, R.id.delete_chosen)
            val question = ShadowAlertDialog.getLatestDialog() as AlertDialog
            assertEquals("Delete these 2 pictures?", shadowOf(question).message)
            assertEquals(3, app.gallery.entries.value.size)
            question.getButton(AlertDialog.BUTTON_POSITIVE).performClick()
            until { app.gallery.entries.value == listOf(pictures[1]) }
        }
    }

    @Test
    fun `several pictures are shared at once, and the receiver may read each`() {
        val pictures = listOf("a cat", "a dog").map(::add)
        screen<HistoryActivity> { history ->
            choose(history.find(R.id.grid), 0, 1)
            press(history, R.id.share_chosen)
        }
        val sent = shadowOf(app as Application).nextStartedActivity.getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        assertEquals(Intent.ACTION_SEND_MULTIPLE, sent.action)
        val uris = sent.getParcelableArrayListExtra(Intent.EXTRA_STREAM, Uri::class.java)!!
        assertEquals(pictures.reversed().map { "${it.id}.png" }, uris.map { it.lastPathSegment })
        assertEquals<List<Uri>>(uris, (0 until sent.clipData!!.itemCount).map { sent.clipData!!.getItemAt(it).uri })
    }
}
