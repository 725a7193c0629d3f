package org.meissonic.mobile.app

import android.app.Activity
import android.content.Intent
import android.graphics.Color
import android.os.Looper
import android.view.View
import android.widget.AbsListView
import android.widget.Button
import android.widget.EditText
import android.widget.ImageView
import android.widget.ScrollView
import android.widget.SeekBar
import android.widget.Spinner
import android.widget.TextView
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue
import org.junit.Test
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.Mode
import org.meissonic.mobile.app.model.Stroke
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.Settings
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.Stage
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

private val LANGUAGES = listOf("en", "de")

/** TalkBack, large letters, the dark theme and the second language, on every screen. */
class EveryoneTest : OnAndroid() {
    /** Each screen with every view it can show, by name. */
    private fun screens(use: (String, Activity) -> Unit) {
        for (mode in Mode.entries) {
            app.draftFile.save(Draft(prompt = "a cat", mode = mode, strokes = listOf(Stroke(listOf(0.3f, 0.3f, 0.6f, 0.5f), 0.1f))))
            screen<MainActivity> { main ->
                main.find<View>(R.id.unreadable).visible(mode == Mode.REDRAW)
                shadowOf(Looper.getMainLooper()).idle()
                use("main-${mode.name.lowercase()}", main)
            }
        }
        screen<MaskActivity> { use("mask", it) }
        screen<ModelActivity> { use("model", it) }
        screen<HistoryActivity> { use("history", it) }
        val intent = Intent(app, PictureActivity::class.java).putExtra(PictureActivity.ID, app.gallery.entries.value.single().id)
        screen<PictureActivity>(intent) { use("picture", it) }
    }

    private fun prepare() {
        install()
        app.picked.take(File(System.getProperty("repository"), "docs/samples.png"))
        until { app.picked.state.value.bitmap != null }
        val settings = Settings("a cat", "", 7u, 4, 2.5, Size(64, 64))
        val picture = app.picked.picture(Size(64, 64))!!
        app.gallery.add(Drawing(picture, ByteArray(0), IntArray(0), settings, emptyMap(), mapOf(Stage.STEPS to 1.5)), "stickers")
    }

    private fun acts(view: View) = when (view) {
        is EditText, is SeekBar, is MaskView -> true
        is TextView -> view.isClickable && !view.isTextSelectable
        else -> view.isClickable || view.isLongClickable
    }

    /** What TalkBack says for a view: its own text, or that of the label that points at it. */
    private fun name(view: View, all: List<View>): String? {
        val own = view.contentDescription ?: (view as? TextView)?.takeIf { it !is EditText }?.text
        val label = all.filterIsInstance<TextView>().find { it.labelFor == view.id && view.id != View.NO_ID }
        return listOfNotNull(own, label?.text).map(CharSequence::toString).find(String::isNotBlank)
    }

    private fun View.idName() = if (id == View.NO_ID) "" else resources.getResourceEntryName(id)

    private fun check(where: String, screen: Activity, large: Boolean, dark: Boolean) {
        val all = visible(screen)
        val items = all.filterIsInstance<AbsListView>().flatMap { list -> (0 until list.childCount).map(list::getChildAt) }
        val acting = all.filter { acts(it) && it !is ScrollView && it !is AbsListView } + items
        for (view in acting) assertReachable(view, all, where)
        for (picture in all.filterIsInstance<ImageView>().filter { it.drawable != null }) {
            assertTrue(!picture.contentDescription.isNullOrBlank(), "$where: ${picture.idName()} says nothing")
        }
        val words = all.filterIsInstance<TextView>().filter { it.text.isNotEmpty() }
        if (large) words.forEach { assertWhole(it, where) }
        val density = screen.resources.displayMetrics.density
        for (mask in all.filterIsInstance<MaskView>()) {
            assertTrue(mask.height > 200 * density, "$where: the mask is ${mask.height} high at $density")
        }
        val behind = render(screen, where).let { it.getPixel(2, it.height - 3) }
        assertEquals(dark, Color.luminance(behind) < 0.1, "$where: behind is ${Integer.toHexString(behind)}")
        for (view in words.filter { it.isEnabled && it !is Button && it.parent !is Spinner }) assertStandsOut(view, behind, where)
        checked += acting.size
    }

    private var checked = 0

    @Test
    fun `every screen is usable in English, light, in small letters`() {
        prepare()
        screens { name, screen -> check("light-$name", screen, large = false, dark = false) }
        assertTrue(checked > 40, "only $checked views")
    }

    @Test
    @Config(qualifiers = "+de-night", fontScale = 2f)
    fun `every screen is usable in German, dark, in letters of twice the size`() {
        prepare()
        screens { name, screen -> check("dark-large-$name", screen, large = true, dark = true) }
        assertTrue(checked > 40, "only $checked views")
    }

    private fun assertReachable(view: View, all: List<View>, where: String) {
        val what = "$where: ${view.javaClass.simpleName} ${view.idName()}"
        assertTrue(name(view, all) != null, "$what has no name")
        val least = 48 * view.resources.displayMetrics.density - 1
        assertTrue(view.height >= least && view.width >= least, "$what is ${view.width}x${view.height}, less than $least")
    }

    private fun assertWhole(view: TextView, where: String) {
        checkNotNull(view.layout) { "$where: ${view.idName()} “${view.text}” was not laid out" }
        val text = view.layout.text
        val room = view.height - view.totalPaddingTop - view.totalPaddingBottom
        val what = "$where: “$text”"
        assertTrue(view.layout.height <= room || view is EditText, "$what is ${view.layout.height} high in $room")
        for (line in 0 until view.layout.lineCount) {
            assertEquals(0, view.layout.getEllipsisCount(line), "$what is cut")
            val end = view.layout.getLineEnd(line)
            val broken = end < text.length && text[end].isLetterOrDigit() && text[end - 1].isLetterOrDigit()
            assertTrue(!broken, "$what is broken inside a word after “${text.substring(0, end)}”")
        }
    }

    private fun assertStandsOut(view: TextView, behind: Int, where: String) {
        val contrast = contrast(view.currentTextColor, behind)
        assertTrue(contrast >= 4.5, "$where: “${view.text}” has a contrast of $contrast")
    }

    /** Contrast as the Web Content Accessibility Guidelines define it; a translucent colour is laid on the other. */
    private fun contrast(text: Int, behind: Int): Double {
        val alpha = Color.alpha(text) / 255.0
        fun mix(channel: (Int) -> Int) = (alpha * channel(text) + (1 - alpha) * channel(behind)).toInt()
        val seen = Color.luminance(Color.rgb(mix(Color::red), mix(Color::green), mix(Color::blue))).toDouble()
        val (light, dark) = listOf(seen, Color.luminance(behind).toDouble()).sortedDescending()
        return (light + 0.05) / (dark + 0.05)
    }

    @Test
    fun `every text has a German translation with the same placeholders`() {
        fun all(language: String): Map<String, String> {
            RuntimeEnvironment.setQualifiers("+$language")
            val resources = app.resources
            val one = R.string::class.java.fields.associate { it.name to resources.getString(it.getInt(null)) }
            val modes = resources.getStringArray(R.array.modes).withIndex().associate { "modes ${it.index}" to it.value }
            val seconds = listOf(1, 2).associate { "seconds_left $it" to resources.getQuantityText(R.plurals.seconds_left, it).toString() }
            return one + modes + seconds
        }

        val (english, german) = LANGUAGES.map(::all)
        val value = Regex("%\\d\\$[.\\d]*[a-z]")
        for ((name, words) in english) {
            val translated = german.getValue(name)
            if (name !in setOf("app_name", "arriving")) assertNotEquals(words, translated, name)
            assertEquals(value.findAll(words).map { it.value }.toSet(), value.findAll(translated).map { it.value }.toSet(), name)
        }
    }
}
