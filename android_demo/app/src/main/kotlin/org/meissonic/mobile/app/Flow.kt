package org.meissonic.mobile.app

import android.content.Context
import android.util.AttributeSet
import android.view.LayoutInflater
import android.view.View
import android.widget.RadioButton
import android.widget.RadioGroup

private const val GAP = 8 // dp between two children

/** Lays children in lines, as words in a text. Of its radio buttons one is chosen. */
class Flow(context: Context, attributes: AttributeSet?) : RadioGroup(context, attributes) {
    private val gap = (GAP * resources.displayMetrics.density).toInt()

    /** The position of the chosen chip among [chips]. */
    var chosen: Int
        get() = indexOfChild(findViewById(checkedRadioButtonId))
        set(value) = check(getChildAt(value).id)

    /** Shows one chip for each of the words, in place of those before. */
    fun chips(words: List<String>) {
        removeAllViews()
        for (word in words) {
            val chip = LayoutInflater.from(context).inflate(R.layout.chip, this, false) as RadioButton
            chip.text = word
            chip.isSaveEnabled = false // its identifier is another one the next time
            addView(chip)
        }
    }

    private fun shown() = (0 until childCount).map(::getChildAt).filter { it.visibility != GONE }

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
        val width = View.MeasureSpec.getSize(widthMeasureSpec)
        for (child in shown()) {
            val height = getChildMeasureSpec(heightMeasureSpec, 0, child.layoutParams.height)
            child.measure(View.MeasureSpec.makeMeasureSpec(width, View.MeasureSpec.AT_MOST), height)
        }
        val height = place(width) { _, _, _ -> }
        setMeasuredDimension(width, resolveSize(height, heightMeasureSpec))
    }

    override fun onLayout(changed: Boolean, l: Int, t: Int, r: Int, b: Int) {
        val mirrored = layoutDirection == LAYOUT_DIRECTION_RTL
        place(width) { child, start, top ->
            val left = if (mirrored) width - start - child.measuredWidth else start
            child.layout(left, top, left + child.measuredWidth, top + child.measuredHeight)
        }
    }

    /** Gives each child its place: start and top. Returns the height of all lines. */
    private fun place(width: Int, use: (View, Int, Int) -> Unit): Int {
        var (start, top, bottom) = listOf(0, 0, 0)
        for (child in shown()) {
            if (start > 0 && start + child.measuredWidth > width) {
                start = 0
                top = bottom + gap
            }
            use(child, start, top)
            start += child.measuredWidth + gap
            bottom = maxOf(bottom, top + child.measuredHeight)
        }
        return bottom
    }
}
