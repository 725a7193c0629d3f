package org.meissonic.mobile.app

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Color
import android.view.View
import android.widget.AbsListView
import android.widget.EditText
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

private val LANGUAGES = listOf("en", "de")

/** What TalkBack reads, what large letters and the dark do, and the second language: on every screen. */
class EveryoneTest : OnAndroid() {
    /** Each screen with all that it can show, by name. */
    private fun screens(use: (String, Activity) -> Unit) {
        for (mode in Mode.entries) {
            app.draftFile.save(Draft(prompt = "a cat", mode = mode, strokes = listOf(Stroke(listOf(0.3f, 0.3f, 0.6f, 0.5f), 0.1f))))
            screen<MainActivity> { main ->
                main.find<View>(R.id.unreadable).visible(mode == Mode.REDRAW)
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

    private fun acts(view: View) = if (view is TextView && view.isTextSelectable && view !is EditText) false else view.isClickable || view.isLongClickable || view is EditText || view is SeekBar || view is MaskView

    /** What TalkBack says of a view: its own words, or those of the label that points at it. */
    private fun name(view: View, all: List<View>): String? {
        val own = view.contentDescription ?: (view as? TextView)?.takeIf { it !is EditText }?.text
        val label = all.filterIsInstance<TextView>().find { it.labelFor == view.id && view.id != View.NO_ID }
        return listOfNotNull(own, label?.text).map(CharSequence::toString).find(String::isNotBlank)
    }

    @Test
    fun `whatever can be acted on has a name and is large enough for a finger, in each language`() {
        prepare()
        for (language in LANGUAGES) {
            RuntimeEnvironment.setQualifiers("+$language")
            var checked = 0
            screens { name, screen ->
                val all = visible(screen)
                val acting = all.filter { acts(it) && it !is ScrollView && it !is AbsListView } +
                    all.filterIsInstance<AbsListView>().flatMap { list -> (0 until list.childCount).map(list::getChildAt) }
                val least = 48 * screen.resources.displayMetrics.density
                for (view in acting) {
                    val what = "$name, $language: ${view.javaClass.simpleName} ${view.idName()}"
                    assertTrue(name(view, all) != null, "$what has no name")
                    assertTrue(view.height >= least - 1 && view.width >= least - 1, "$what is ${view.width}x${view.height}, less than $least")
                    checked++
                }
                for (picture in all.filterIsInstance<android.widget.ImageView>().filter { it.drawable != null }) {
                    assertTrue(!picture.contentDescription.isNullOrBlank(), "$name, $language: ${picture.idName()} says nothing")
                }
                for (index in 0 until (shadowOf(screen).optionsMenu?.size() ?: 0)) {
                    assertTrue(!shadowOf(screen).optionsMenu.getItem(index).title.isNullOrBlank())
                }
            }
            assertTrue(checked > 40, "only $checked views")
        }
    }

    private fun View.idName() = if (id == View.NO_ID) "" else resources.getResourceEntryName(id)

    @Test
    fun `letters of twice the size are neither cut nor broken, in each language`() {
        prepare()
        for (language in LANGUAGES) {
            RuntimeEnvironment.setQualifiers("+$language")
            RuntimeEnvironment.setFontScale(2f)
            screens { name, screen ->
                if (language == "de") render(screen, "$name-large")
                for (view in visible(screen).filterIsInstance<TextView>().filter { it.text.isNotEmpty() }) assertWhole(view, "$name, $language")
                visible(screen).filterIsInstance<MaskView>().forEach { mask ->
                    val least = 200 * screen.resources.displayMetrics.density
                    assertTrue(mask.height > least, "$name, $language: the mask is ${mask.height} high, less than $least")
                }
            }
        }
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

    @Test
    fun `in the light and in the dark words stand out from what is behind them`() {
        prepare()
        for (light in listOf("notnight", "night")) {
            RuntimeEnvironment.setQualifiers("+de-$light")
            screens { name, screen ->
                val bitmap = render(screen, if (light == "night") "$name-dark" else name)
                val behind = corner(bitmap)
                assertEquals(light == "night", Color.luminance(behind) < 0.1, "$name, $light: behind is ${Integer.toHexString(behind)}")
                for (view in visible(screen).filterIsInstance<TextView>().filter { it.text.isNotEmpty() && it.isEnabled }) {
                    if (view is android.widget.Button || view.parent is Spinner) continue // on a background of their own
                    val contrast = contrast(view.currentTextColor, behind)
                    assertTrue(contrast >= 4.5, "$name, $light: “${view.text}” has a contrast of $contrast")
                }
            }
        }
    }

    private fun corner(bitmap: Bitmap) = bitmap.getPixel(2, bitmap.height - 3)

    /** As the Web Content Accessibility Guidelines define it; a translucent colour is laid on the other. */
    private fun contrast(text: Int, behind: Int): Double {
        val alpha = Color.alpha(text) / 255.0
        fun mix(channel: (Int) -> Int) = (alpha * channel(text) + (1 - alpha) * channel(behind)).toInt()
        val seen = Color.luminance(Color.rgb(mix(Color::red), mix(Color::green), mix(Color::blue))).toDouble()
        val (light, dark) = listOf(seen, Color.luminance(behind).toDouble()).sortedDescending()
        return (light + 0.05) / (dark + 0.05)
    }

    @Test
    fun `every word is there in the second language, with the same values in it`() {
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
