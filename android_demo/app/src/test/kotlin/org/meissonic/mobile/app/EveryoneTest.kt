package org.meissonic.mobile.app

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Color
import android.graphics.Rect
import android.view.View
import android.view.ViewGroup
import android.widget.AbsListView
import android.widget.EditText
import android.widget.GridView
import android.widget.ImageView
import android.widget.ScrollView
import android.widget.SeekBar
import android.widget.TextView
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue
import org.junit.Test
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.Mode
import org.meissonic.mobile.app.model.Stroke
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.Settings
import org.meissonic.mobile.engine.Stage
import org.meissonic.mobile.engine.pictureSettings
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config

private val LANGUAGES = listOf("en", "de")

/** TalkBack, large letters, both themes, both languages, phones and tablets in any position, on every screen. */
class EveryoneTest : OnAndroid() {
    private val samples = BitmapFactory.decodeFile("${System.getProperty("repository")}/docs/samples.png")

    /** Each screen with every view it can show, by name. */
    private fun screens(use: (String, Activity) -> Unit) {
        screen<MainActivity> { use("first-run", it) }
        prepare()
        screen<MainActivity> { use("drawn", it) }
        for (mode in Mode.entries) {
            app.draftFile.save(app.draftFile.load().copy(mode = mode, strokes = listOf(Stroke(listOf(0.3f, 0.3f, 0.6f, 0.5f), 0.1f))))
            screen<MainActivity> { main ->
                main.find<View>(R.id.unreadable).visible(mode == Mode.REDRAW)
                main.find<View>(R.id.unit_row).visible(true)
                main.find<Sheet>(R.id.form).turn(open = true)
                until { !main.find<Sheet>(R.id.form).slides }
                use("sheet-${mode.name.lowercase()}", main)
                main.find<ScrollView>(R.id.body).run { scrollTo(0, getChildAt(0).height) }
                use("sheet-${mode.name.lowercase()}-end", main)
            }
        }
        screen<MaskActivity> { use("mask", it) }
        screen<ModelActivity> { use("model", it) }
        screen<HistoryActivity> { history ->
            use("history", history)
            for (place in listOf(1, 4)) history.find<GridView>(R.id.grid).setItemChecked(place, true)
            use("history-chosen", history)
        }
        val intent = Intent(app, PictureActivity::class.java).putExtra(PictureActivity.ID, app.gallery.entries.value.first().id)
        screen<PictureActivity>(intent) { use("picture", it) }
    }

    private fun prepare() {
        install()
        for (at in 0 until 16) {
            val sticker = pictureOf(Bitmap.createBitmap(samples, at % 8 * 132, at / 8 * 132, 128, 128))
            val settings = Settings("a sticker", "", at.toULong(), 16, 2.0, sticker.size)
            val drawing = Drawing(sticker, ByteArray(0), IntArray(0), settings, emptyMap(), mapOf(Stage.STEPS to 1.5))
            app.gallery.add(drawing, "stickers", pictureSettings(Request(settings.prompt), settings, Bundle.open(bundle)))
        }
        app.picked.take(app.gallery.file(app.gallery.entries.value[7]))
        until { app.picked.state.value.bitmap != null }
        val prompt = "a purple cat wearing a hat"
        app.draftFile.save(Draft(prompt))
        app.studio.draw(Request(prompt, seed = 3u), previews = true)
        until { app.studio.state.value is Done }
    }

    private fun acts(view: View) = when (view) {
        is EditText, is SeekBar, is MaskView -> true
        is TextView -> view.isClickable && !view.isTextSelectable
        else -> view.isClickable || view.isLongClickable
    }

    /** What TalkBack says for a view: its own text, or that of the label that points at it. */
    private fun name(view: View, all: List<View>): String? {
        val own = view.contentDescription ?: (view as? EditText)?.hint ?: (view as? TextView)?.text
            ?: (view as? ViewGroup)?.let { inside -> visible(inside).drop(1).firstNotNullOfOrNull { name(it, all) } }
        val label = all.filterIsInstance<TextView>().find { it.labelFor == view.id && view.id != View.NO_ID }
        return listOfNotNull(own, label?.text).map(CharSequence::toString).find(String::isNotBlank)
    }

    private fun View.idName() = if (id ushr 24 == 0x7f) resources.getResourceEntryName(id) else ""

    private fun check(where: String, screen: Activity, large: Boolean, dark: Boolean) {
        val all = visible(screen)
        val items = all.filterIsInstance<AbsListView>().flatMap { list -> (0 until list.childCount).map(list::getChildAt) }
        val acting = all.filter { acts(it) && it !is ScrollView && it !is AbsListView } + items
        for (view in acting) assertReachable(view, all, where)
        for (picture in all.filterIsInstance<ImageView>().filter { it.drawable != null && it.isImportantForAccessibility }) {
            assertTrue(!picture.contentDescription.isNullOrBlank(), "$where: ${picture.idName()} says nothing")
        }
        val words = all.filterIsInstance<TextView>().filter { it.text.isNotEmpty() }
        if (large) words.forEach { assertWhole(it, where) }
        val density = screen.resources.displayMetrics.density
        for (mask in all.filterIsInstance<MaskView>()) {
            assertTrue(mask.height > 200 * density, "$where: the mask is ${mask.height} high at $density")
        }
        val rendered = render(screen, where)
        val ground = rendered.getPixel(2, rendered.height - 3)
        assertEquals(dark, Color.luminance(ground) < 0.1, "$where: the ground is ${Integer.toHexString(ground)}")
        for (view in words.filter { it.isEnabled }) behind(view, rendered)?.let { assertStandsOut(view, it, where) }
        checked += acting.size
    }

    private var checked = 0

    private fun checkAll(name: String, large: Boolean = false, dark: Boolean = false) {
        screens { screen, activity -> check("$name-$screen", activity, large, dark) }
        assertTrue(checked > 100, "only $checked views")
    }

    @Test
    fun `every screen is usable in English, light, in small letters`() = checkAll("light")

    @Test
    @Config(qualifiers = "+night")
    fun `every screen is usable in the dark`() = checkAll("dark", dark = true)

    @Test
    @Config(qualifiers = "+de-night", fontScale = 2f)
    fun `every screen is usable in German, dark, in letters of twice the size`() = checkAll("dark-large", large = true, dark = true)

    @Test
    @Config(qualifiers = "w891dp-h411dp-land-420dpi")
    fun `every screen is usable on a phone in landscape`() = checkAll("landscape")

    @Test
    @Config(qualifiers = "w800dp-h1280dp-xlarge-hdpi")
    fun `every screen is usable on a tablet`() = checkAll("tablet")

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

    /** The colour that most of a view's room has, which is the one behind its words; null if the view is scrolled away. */
    private fun behind(view: TextView, rendered: Bitmap): Int? {
        val place = Rect()
        if (!view.getGlobalVisibleRect(place) || place.height() < view.lineHeight) return null
        val colours = (place.left until place.right step 2).flatMap { x -> (place.top until place.bottom step 2).map { rendered.getPixel(x, it) } }
        return colours.groupingBy { it }.eachCount().maxByOrNull { it.value }?.key
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
            val lists = listOf(R.array.modes, R.array.fits).flatMap { resources.getStringArray(it).toList() }
            val counted = listOf(R.plurals.seconds_left, R.plurals.delete_pictures)
                .flatMap { plural -> listOf(1, 2).map { resources.getQuantityText(plural, it).toString() } }
            return one + (lists + counted).withIndex().associate { "${it.index}" to it.value }
        }

        val (english, german) = LANGUAGES.map(::all)
        val value = Regex("%\\d\\$[.\\d]*[a-z]")
        for ((name, words) in english) {
            val translated = german.getValue(name)
            if (name !in setOf("app_name", "arriving", "example_prompt")) assertNotEquals(words, translated, name)
            assertEquals(value.findAll(words).map { it.value }.toSet(), value.findAll(translated).map { it.value }.toSet(), name)
        }
    }
}
