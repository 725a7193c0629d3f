package org.meissonic.mobile.app

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.drawable.BitmapDrawable
import android.graphics.drawable.TransitionDrawable
import android.view.View
import android.widget.Button
import android.widget.ImageView
import android.widget.ProgressBar
import android.widget.TextView
import java.io.File
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.DrawState
import org.meissonic.mobile.app.model.Drawn
import org.meissonic.mobile.app.model.Working

private const val FADE = 400 // milliseconds from the last preview to the picture
private const val SMALLEST = 0.7f // share of its room that the first preview fills

/** The picture in its room: a preview grows there until the picture takes its place. */
class DrawingViews(private val screen: Activity, private val file: (Drawn) -> File) {
    private val result: ImageView = screen.find(R.id.result)
    private var preview: Bitmap? = null // the last one that was shown

    fun show(state: DrawState) {
        val working = state as? Working
        screen.find<Button>(R.id.draw).setText(if (working == null) R.string.draw else R.string.stop)
        screen.find<ProgressBar>(R.id.progress).apply {
            visible(working != null)
            isIndeterminate = working == null || working.steps == 0
            max = working?.total ?: 0
            progress = working?.done ?: 0
        }
        say(screen.words(state))
        val drawn = (state as? Done)?.drawn
        if (working != null) grow(working) else picture(drawn)
        screen.find<View>(R.id.result_row).visible(drawn != null)
        screen.find<View>(R.id.nothing).visible(result.drawable == null)
    }

    fun say(words: String) = screen.find<TextView>(R.id.status).run {
        text = words
        visible(words.isNotEmpty())
    }

    private fun grow(working: Working) {
        preview = working.preview?.let(::bitmapOf)
        result.setImageBitmap(preview)
        result.contentDescription = preview?.let { screen.getString(R.string.unfinished_picture) }
        val share = SMALLEST + (1 - SMALLEST) * working.step / maxOf(1, working.steps)
        result.animate().cancel()
        result.scaleX = share
        result.scaleY = share
    }

    private fun picture(drawn: Drawn?) {
        val before = preview
        preview = null
        result.contentDescription = drawn?.let(screen::describe)
        val bitmap = drawn?.let { BitmapFactory.decodeFile(file(it).path) }
        if (before == null || bitmap == null) {
            result.setImageBitmap(bitmap)
        } else {
            val large = Bitmap.createScaledBitmap(before, bitmap.width, bitmap.height, true)
            val fade = TransitionDrawable(arrayOf(large, bitmap).map { BitmapDrawable(screen.resources, it) }.toTypedArray())
            result.setImageDrawable(fade)
            fade.startTransition(FADE)
        }
        result.animate().scaleX(1f).scaleY(1f)
    }
}
