package org.meissonic.mobile.app

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.PorterDuff
import android.graphics.PorterDuffXfermode
import android.graphics.Rect
import android.graphics.RectF
import android.os.Build
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View
import org.meissonic.mobile.app.model.Stroke

private const val TINT = 0xB0E5734F.toInt()

/** A picture under the strokes of a finger. */
class MaskView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    var picture: Bitmap? = null
        set(value) {
            field = value
            lay()
            invalidate()
        }
    var strokes = emptyList<Stroke>()
        set(value) {
            field = value
            invalidate()
        }
    var radius = 0.1f // a share of the picture's shorter side
    var erases = false

    private val place = RectF() // of the picture
    private val clear = PorterDuffXfermode(PorterDuff.Mode.CLEAR)
    private val brush = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        style = Paint.Style.STROKE
        strokeCap = Paint.Cap.ROUND
        strokeJoin = Paint.Join.ROUND
        color = TINT
    }
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)

    // A stroke that begins at the edge of the screen would be the back gesture.
    override fun onLayout(changed: Boolean, left: Int, top: Int, right: Int, bottom: Int) {
        super.onLayout(changed, left, top, right, bottom)
        lay()
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) systemGestureExclusionRects = listOf(Rect(0, 0, width, height))
    }

    private fun lay() {
        val picture = picture ?: return place.setEmpty()
        val scale = minOf(width.toFloat() / picture.width, height.toFloat() / picture.height)
        val (wide, high) = picture.width * scale to picture.height * scale
        place.set((width - wide) / 2, (height - high) / 2, (width + wide) / 2, (height + high) / 2)
    }

    override fun onDraw(canvas: Canvas) {
        val picture = picture ?: return
        canvas.drawBitmap(picture, null, place, smooth)
        canvas.saveLayer(place, null) // so that erasing removes paint and not the picture
        strokes.forEach { draw(canvas, it) }
        canvas.restore()
    }

    private fun draw(canvas: Canvas, stroke: Stroke) {
        brush.xfermode = if (stroke.erases) clear else PorterDuffXfermode(PorterDuff.Mode.SRC)
        brush.strokeWidth = 2 * stroke.radius * minOf(place.width(), place.height())
        val points = stroke.points.chunked(2).map { (x, y) -> place.left + x * place.width() to place.top + y * place.height() }
        for ((from, to) in (points + points.last()).zipWithNext()) {
            canvas.drawLine(from.first, from.second, to.first, to.second, brush)
        }
    }

    @SuppressLint("ClickableViewAccessibility") // a button paints the whole picture
    override fun onTouchEvent(event: MotionEvent): Boolean {
        if (place.isEmpty) return false
        val x = ((event.x - place.left) / place.width()).coerceIn(0f, 1f)
        val y = ((event.y - place.top) / place.height()).coerceIn(0f, 1f)
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> strokes = strokes + Stroke(listOf(x, y), radius, erases)
            MotionEvent.ACTION_MOVE -> {
                val last = strokes.lastOrNull() ?: return true
                strokes = strokes.dropLast(1) + last.copy(points = last.points + listOf(x, y))
            }
            MotionEvent.ACTION_CANCEL -> strokes = strokes.dropLast(1) // the system uses the touch for a gesture
        }
        return true
    }
}
