package org.meissonic.mobile.app

import android.animation.ValueAnimator
import android.content.Context
import android.graphics.Canvas
import android.graphics.Color
import android.os.Bundle
import android.os.Parcelable
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.VelocityTracker
import android.view.View
import android.view.ViewConfiguration
import android.view.ViewGroup
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeInfo.AccessibilityAction
import android.view.animation.DecelerateInterpolator
import android.view.inputmethod.InputMethodManager
import android.widget.FrameLayout
import kotlin.math.abs

private const val SLIDES_FOR = 220L // milliseconds
private const val SHADE = 0x66 // alpha of the shade over the content
private const val OPEN = "open"
private const val VIEWS = "views"

/**
 * Content, and over it a sheet that a tap on its handle or a drag opens.
 *
 * The first child is the content, the second the sheet, whose first child is the handle, which always shows, and whose
 * second is the body. Whether it is open outlives the screen.
 */
class Sheet(context: Context, attributes: AttributeSet?) : FrameLayout(context, attributes) {
    private val content get() = getChildAt(0)
    private val sheet get() = getChildAt(1) as ViewGroup
    private val handle get() = sheet.getChildAt(0)
    private val body get() = sheet.getChildAt(1)

    /** Called when the sheet opens or closes. */
    var turned: (Boolean) -> Unit = {}

    var open = false
        private set

    /** Whether it is between open and closed. */
    val slides get() = share != (if (open) 1f else 0f)

    private var share = 0f // of the body that shows
    private var slide: ValueAnimator? = null
    private val slop = ViewConfiguration.get(context).scaledTouchSlop
    private val fling = ViewConfiguration.get(context).scaledMinimumFlingVelocity
    private var speed: VelocityTracker? = null
    private var lastY = 0f

    override fun onFinishInflate() {
        super.onFinishInflate()
        handle.setOnClickListener { turn(!open) }
        handle.accessibilityDelegate = object : AccessibilityDelegate() {
            override fun onInitializeAccessibilityNodeInfo(host: View, info: AccessibilityNodeInfo) {
                super.onInitializeAccessibilityNodeInfo(host, info)
                info.addAction(if (open) AccessibilityAction.ACTION_COLLAPSE else AccessibilityAction.ACTION_EXPAND)
                val click = AccessibilityNodeInfo.ACTION_CLICK
                info.addAction(AccessibilityAction(click, context.getString(if (open) R.string.close else R.string.open)))
            }

            override fun performAccessibilityAction(host: View, action: Int, arguments: Bundle?): Boolean {
                if (action !in listOf(AccessibilityAction.ACTION_COLLAPSE.id, AccessibilityAction.ACTION_EXPAND.id)) {
                    return super.performAccessibilityAction(host, action, arguments)
                }
                turn(action == AccessibilityAction.ACTION_EXPAND.id)
                return true
            }
        }
        settle()
    }

    fun turn(open: Boolean) {
        this.open = open
        findFocus()?.clearFocus()
        context.service<InputMethodManager>().hideSoftInputFromWindow(windowToken, 0) // it would cover half of it
        slide?.cancel()
        slide = ValueAnimator.ofFloat(share, if (open) 1f else 0f).apply {
            duration = SLIDES_FOR
            interpolator = DecelerateInterpolator()
            addUpdateListener { move(it.animatedValue as Float) }
            start()
        }
        settle()
        turned(open)
    }

    // What is hidden is hidden from TalkBack and the keyboard too.
    private fun settle() {
        content.importantForAccessibility =
            if (open) IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS else IMPORTANT_FOR_ACCESSIBILITY_AUTO
        (content as ViewGroup).descendantFocusability = if (open) FOCUS_BLOCK_DESCENDANTS else FOCUS_BEFORE_DESCENDANTS
        move(share)
    }

    private fun move(share: Float) {
        this.share = share.coerceIn(0f, 1f)
        body.visibility = if (open || this.share > 0) VISIBLE else INVISIBLE
        sheet.translationY = (1 - this.share) * body.height
        requireViewById<View>(R.id.arrow).rotation = 180 * this.share
        invalidate()
    }

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
        measureChildWithMargins(sheet, widthMeasureSpec, 0, heightMeasureSpec, 0)
        (content.layoutParams as LayoutParams).bottomMargin = handle.measuredHeight
        super.onMeasure(widthMeasureSpec, heightMeasureSpec)
    }

    override fun onLayout(changed: Boolean, left: Int, top: Int, right: Int, bottom: Int) {
        super.onLayout(changed, left, top, right, bottom)
        sheet.translationY = (1 - share) * body.height
    }

    override fun drawChild(canvas: Canvas, child: View, drawingTime: Long): Boolean {
        val more = super.drawChild(canvas, child, drawingTime)
        if (child === content && share > 0) canvas.drawColor(Color.argb((share * SHADE).toInt(), 0, 0, 0))
        return more
    }

    /** Whether a point is above the sheet. */
    private fun above(y: Float) = y < sheet.top + sheet.translationY

    private fun onHandle(y: Float) = !above(y) && y < sheet.top + sheet.translationY + handle.height

    override fun onInterceptTouchEvent(event: MotionEvent): Boolean {
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> {
                lastY = event.y
                speed?.recycle()
                speed = if (onHandle(event.y)) VelocityTracker.obtain() else null
                return open && above(event.y)
            }
            MotionEvent.ACTION_MOVE -> if (speed != null && abs(event.y - lastY) > slop) return true
        }
        return false
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        val speed = speed ?: return if (open && above(event.y)) {
            if (event.actionMasked == MotionEvent.ACTION_UP) turn(false)
            true
        } else {
            false
        }
        speed.addMovement(event)
        when (event.actionMasked) {
            MotionEvent.ACTION_MOVE -> {
                slide?.cancel()
                if (body.height > 0) move(share + (lastY - event.y) / body.height)
                lastY = event.y
            }
            MotionEvent.ACTION_UP, MotionEvent.ACTION_CANCEL -> {
                speed.computeCurrentVelocity(1000) // pixels a second
                val upwards = -speed.yVelocity
                turn(if (abs(upwards) > fling) upwards > 0 else share > 0.5f)
            }
        }
        return true
    }

    override fun onSaveInstanceState() = Bundle().apply {
        putParcelable(VIEWS, super.onSaveInstanceState())
        putBoolean(OPEN, open)
    }

    @Suppress("DEPRECATION") // its successor needs Android 13
    override fun onRestoreInstanceState(state: Parcelable) {
        super.onRestoreInstanceState((state as Bundle).getParcelable(VIEWS))
        open = state.getBoolean(OPEN)
        share = if (open) 1f else 0f
        settle()
        turned(open)
    }
}
