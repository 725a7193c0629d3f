package org.meissonic.mobile.app

import android.os.Bundle
import android.widget.CheckBox
import android.widget.SeekBar
import org.meissonic.mobile.app.model.Stroke
import org.meissonic.mobile.app.model.ready
import org.meissonic.mobile.app.model.sizeOf

/** Paints the mask: the part of the chosen picture to redraw. */
class MaskActivity : Screen(R.layout.mask) {
    private lateinit var mask: MaskView

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        val draft = app.draftFile.load()
        mask = find(R.id.mask)
        // What the model draws on: the picture in the model's shape.
        val size = app.shelf.state.value.ready?.let { sizeOf(draft, it.manifest) }
        mask.picture = if (size == null) app.picked.state.value.bitmap else app.picked.picture(size, draft.fit)?.let(::bitmapOf)
        mask.strokes = draft.strokes
        find<SeekBar>(R.id.brush).apply {
            setOnSeekBarChangeListener(Slider { mask.radius = it / 100f })
            progress = 10
        }
        find<CheckBox>(R.id.erase).setOnCheckedChangeListener { _, erases -> mask.erases = erases }
        on(R.id.undo) { mask.strokes = mask.strokes.dropLast(1) }
        on(R.id.clear) { mask.strokes = emptyList() }
        on(R.id.all) { mask.strokes = listOf(Stroke(listOf(0.5f, 0.5f), radius = 100f)) }
        on(R.id.use) { finish() }
    }

    override fun onPause() {
        keep(app.draftFile.load().copy(strokes = mask.strokes))
        super.onPause()
    }
}
