package org.meissonic.mobile.app

import android.app.Activity
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.CheckBox
import android.widget.EditText
import android.widget.SeekBar
import android.widget.Spinner
import android.widget.TextView
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.Field
import org.meissonic.mobile.app.model.Mode
import org.meissonic.mobile.app.model.Side
import org.meissonic.mobile.engine.Manifest
import org.meissonic.mobile.engine.Size

/** The form's fields: shows a draft and reads it back. */
class DraftViews(private val screen: Activity) {
    private fun <T : View> view(id: Int): T = screen.requireViewById(id)

    private val prompt: EditText = view(R.id.prompt)
    private val negative: EditText = view(R.id.negative)
    private val mode: Spinner = view(R.id.mode)
    private val strength: SeekBar = view(R.id.strength)
    private val strengthLabel: TextView = view(R.id.strength_label)
    private val sides = mapOf(
        Side.LEFT to view<CheckBox>(R.id.left),
        Side.TOP to view(R.id.top),
        Side.RIGHT to view(R.id.right),
        Side.BOTTOM to view(R.id.bottom),
    )
    private val seed: EditText = view(R.id.seed)
    private val steps: EditText = view(R.id.steps)
    private val guidance: EditText = view(R.id.guidance)
    private val size: Spinner = view(R.id.size)
    private val preview: CheckBox = view(R.id.preview)
    private var sizes = emptyList<Size>()

    init {
        mode.adapter = choices(screen.resources.getStringArray(R.array.modes).toList())
        mode.onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
            override fun onItemSelected(parent: AdapterView<*>?, view: View?, position: Int, id: Long) {
                showFields()
            }

            override fun onNothingSelected(parent: AdapterView<*>?) = Unit
        }
        strength.setOnSeekBarChangeListener(Slider { showStrength() })
    }

    fun show(draft: Draft) {
        prompt.setText(draft.prompt)
        negative.setText(draft.negative)
        mode.setSelection(draft.mode.ordinal)
        strength.progress = draft.strength
        sides.forEach { (side, box) -> box.isChecked = side in draft.sides }
        seed.setText(draft.seed)
        steps.setText(draft.steps)
        guidance.setText(draft.guidance)
        draft.size?.let { size.setSelection(maxOf(0, sizes.indexOf(it))) }
        preview.isChecked = draft.preview
        showStrength()
        showFields()
    }

    /** Shows the sizes and defaults of a model. */
    fun offer(manifest: Manifest) {
        if (sizes != manifest.sizes) {
            val chosen = sizes.getOrNull(size.selectedItemPosition) ?: manifest.defaults.size
            sizes = manifest.sizes
            size.adapter = choices(sizes.map(Size::toString))
            size.setSelection(maxOf(0, sizes.indexOf(chosen)))
        }
        view<TextView>(R.id.steps_label).text = screen.getString(R.string.steps, manifest.defaults.steps)
        view<TextView>(R.id.guidance_label).text = screen.getString(R.string.guidance, manifest.defaults.guidance)
    }

    /** [before] with the values of the fields. */
    fun read(before: Draft) = before.copy(
        prompt = prompt.text.toString(),
        negative = negative.text.toString(),
        seed = seed.text.toString(),
        steps = steps.text.toString(),
        guidance = guidance.text.toString(),
        size = sizes.getOrNull(size.selectedItemPosition) ?: before.size,
        mode = Mode.entries[mode.selectedItemPosition],
        strength = strength.progress,
        sides = sides.filterValues { it.isChecked }.keys,
        preview = preview.isChecked,
    )

    /** Shows at the field what is wrong, and scrolls there. */
    fun complain(field: Field, say: (String) -> Unit) {
        val words = screen.words(field)
        val where = when (field) {
            Field.PROMPT -> prompt
            Field.SEED -> seed
            Field.STEPS -> steps
            Field.GUIDANCE -> guidance
            Field.PICTURE, Field.MASK, Field.SIDES, Field.MEMORY -> null
        }
        if (where == null) return say(words)
        where.error = words
        where.requestFocus()
    }

    private fun showFields() {
        val mode = Mode.entries[mode.selectedItemPosition]
        view<View>(R.id.picture_row).visible(mode != Mode.TEXT)
        view<View>(R.id.strength_row).visible(mode == Mode.REDRAW)
        view<View>(R.id.paint).visible(mode == Mode.REPAINT)
        view<View>(R.id.sides_row).visible(mode == Mode.EXTEND)
    }

    private fun showStrength() {
        strengthLabel.text = screen.getString(R.string.strength, strength.progress)
    }

    private fun choices(words: List<String>) = ArrayAdapter(screen, R.layout.choice, words).apply {
        setDropDownViewResource(R.layout.choice_dropdown)
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
