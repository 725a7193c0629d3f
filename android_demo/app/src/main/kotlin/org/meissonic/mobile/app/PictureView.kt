package org.meissonic.mobile.app

import android.content.Context
import android.graphics.Canvas
import android.graphics.Path
import android.graphics.RectF
import android.util.AttributeSet
import android.widget.ImageView

private const val RADIUS = 16 // dp

/** A picture with round corners. It takes the room it is given, and asks for none. */
class PictureView(context: Context, attributes: AttributeSet?) : ImageView(context, attributes) {
    private val radius = RADIUS * resources.displayMetrics.density
    private val place = RectF() // of the picture
    private val corners = Path()

    /** Whether the view is as high as it is wide. */
    var square = false

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
        val width = getDefaultSize(suggestedMinimumWidth, widthMeasureSpec)
        val height = getDefaultSize(suggestedMinimumHeight, heightMeasureSpec)
        setMeasuredDimension(width, if (square) width else height)
    }

    override fun onDraw(canvas: Canvas) {
        val shown = drawable ?: return
        place.set(0f, 0f, shown.intrinsicWidth.toFloat(), shown.intrinsicHeight.toFloat())
        imageMatrix.mapRect(place)
        place.intersect(0f, 0f, width.toFloat(), height.toFloat())
        corners.rewind()
        corners.addRoundRect(place, radius, radius, Path.Direction.CW)
        canvas.save()
        canvas.clipPath(corners)
        super.onDraw(canvas)
        canvas.restore()
    }
}
