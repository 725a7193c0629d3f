package org.meissonic.mobile.app

import android.app.Activity
import android.view.View
import android.widget.CheckBox
import android.widget.EditText
import android.widget.SeekBar
import android.widget.Switch
import android.widget.TextView
import kotlin.math.roundToInt
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.Field
import org.meissonic.mobile.app.model.Mode
import org.meissonic.mobile.app.model.Side
import org.meissonic.mobile.engine.Fit
import org.meissonic.mobile.engine.Manifest
import org.meissonic.mobile.engine.Size

/** The form's fields: shows a draft and reads it back. All but the prompt are in the sheet, whose header sums them up. */
class DraftViews(private val screen: Activity) {
    private fun <T : View> view(id: Int): T = screen.requireViewById(id)

    private val sheet: Sheet = view(R.id.form)
    private val prompt: EditText = view(R.id.prompt)
    private val negative: EditText = view(R.id.negative)
    private val mode: Flow = view(R.id.mode)
    private val strength: SeekBar = view(R.id.strength)
    private val sides = mapOf(
        Side.LEFT to view<CheckBox>(R.id.left),
        Side.TOP to view(R.id.top),
        Side.RIGHT to view(R.id.right),
        Side.BOTTOM to view(R.id.bottom),
    )
    private val fit: Flow = view(R.id.fit)
    private val compose: Switch = view(R.id.compose)
    private val seed: EditText = view(R.id.seed)
    private val steps: EditText = view(R.id.steps)
    private val guidance: EditText = view(R.id.guidance)
    private val size: Flow = view(R.id.size)
    private val preview: Switch = view(R.id.preview)
    private var sizes = emptyList<Size>()
    private var strengths = Draft().strengths

    init {
        mode.chips(screen.resources.getStringArray(R.array.modes).toList())
        fit.chips(screen.resources.getStringArray(R.array.fits).toList())
        mode.chosen = 0
        fit.chosen = 0
        mode.setOnCheckedChangeListener { _, _ -> showFields() }
        size.setOnCheckedChangeListener { _, _ -> sumUp() }
        strength.setOnSeekBarChangeListener(Slider { percent ->
            val mode = Mode.entries[mode.chosen]
            if (mode in strengths) strengths = strengths + (mode to percent) // Android restores the slider in any mode
            showStrength()
        })
        sheet.turned = { sumUp() }
    }

    fun show(draft: Draft) {
        prompt.setText(draft.prompt)
        negative.setText(draft.negative)
        mode.chosen = draft.mode.ordinal
        strengths = draft.strengths
        sides.forEach { (side, box) -> box.isChecked = side in draft.sides }
        fit.chosen = draft.fit.ordinal
        compose.isChecked = draft.compose
        seed.setText(draft.seed)
        steps.setText(draft.steps)
        guidance.setText(draft.guidance)
        draft.size?.let { if (it in sizes) size.chosen = sizes.indexOf(it) }
        preview.isChecked = draft.preview
        view<View>(R.id.interval_row).visible(!draft.guidesEveryStep)
        view<TextView>(R.id.interval).text =
            screen.getString(R.string.interval, percent(draft.guidanceFrom), percent(draft.guidanceUntil))
        showStrength()
        showFields()
    }

    /** Shows the sizes and defaults of a model. */
    fun offer(manifest: Manifest) {
        if (sizes != manifest.sizes) {
            val chosen = sizes.getOrNull(size.chosen) ?: manifest.defaults.size
            sizes = manifest.sizes
            size.chips(sizes.map { "${it.width} × ${it.height}" })
            size.chosen = maxOf(0, sizes.indexOf(chosen))
        }
        steps.hint = manifest.defaults.steps.toString()
        guidance.hint = "%.1f".format(manifest.defaults.guidance)
        sumUp()
    }

    /** [before] with the values of the fields. */
    fun read(before: Draft) = before.copy(
        prompt = prompt.text.toString(),
        negative = negative.text.toString(),
        seed = seed.text.toString(),
        steps = steps.text.toString(),
        guidance = guidance.text.toString(),
        size = sizes.getOrNull(size.chosen) ?: before.size,
        mode = Mode.entries[mode.chosen],
        strengths = strengths,
        sides = sides.filterValues { it.isChecked }.keys,
        fit = Fit.entries[fit.chosen],
        compose = compose.isChecked,
        preview = preview.isChecked,
    )

    /** Shows at the field what is wrong; opens the sheet if the field is there. */
    fun complain(field: Field, say: (String) -> Unit) {
        val words = screen.words(field)
        val where = when (field) {
            Field.PROMPT -> prompt
            Field.SEED -> seed
            Field.STEPS -> steps
            Field.GUIDANCE -> guidance
            Field.PICTURE, Field.MASK, Field.SIDES, Field.MEMORY -> null
        }
        if (where != prompt && field != Field.MEMORY) sheet.turn(open = true)
        if (where == null) return say(words)
        where.error = words
        where.requestFocus()
    }

    private fun showFields() {
        val mode = Mode.entries[mode.chosen]
        view<View>(R.id.picture_row).visible(mode != Mode.TEXT)
        view<View>(R.id.strength_row).visible(mode in strengths)
        strengths[mode]?.let { strength.progress = it }
        view<View>(R.id.paint).visible(mode == Mode.REPAINT)
        view<View>(R.id.sides_row).visible(mode == Mode.EXTEND)
        view<View>(R.id.compose).visible(mode == Mode.REPAINT || mode == Mode.EXTEND)
        sumUp()
    }

    private fun sumUp() {
        val chosen = sizes.getOrNull(size.chosen) ?: return
        val mode = screen.resources.getStringArray(R.array.modes)[mode.chosen]
        val steps = steps.text.ifBlank { steps.hint }
        view<TextView>(R.id.summary).text =
            screen.getString(R.string.summary, mode, "${chosen.width} × ${chosen.height}", steps)
    }

    private fun percent(share: Double) = (100 * share).roundToInt()

    private fun showStrength() {
        view<TextView>(R.id.strength_label).text = screen.getString(R.string.strength, strength.progress)
    }
}

fun View.visible(yes: Boolean) {
    visibility = if (yes) View.VISIBLE else View.GONE
}

/** Calls back when a slider moves. */
class Slider(private val moved: (Int) -> Unit) : SeekBar.OnSeekBarChangeListener {
    override fun onProgressChanged(bar: SeekBar, progress: Int, byPerson: Boolean) = moved(progress)

    override fun onStartTrackingTouch(bar: SeekBar) = Unit

    override fun onStopTrackingTouch(bar: SeekBar) = Unit
}
