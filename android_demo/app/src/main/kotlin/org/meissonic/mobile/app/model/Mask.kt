package org.meissonic.mobile.app.model

import kotlinx.serialization.Serializable
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Size

internal const val WHITE = -1
internal const val BLACK = 0xFF000000.toInt()

/** The path of a finger: x and y in turn, as shares of width and height; the brush's radius is a share of the shorter side. */
@Serializable
data class Stroke(val points: List<Float>, val radius: Float, val erases: Boolean = false)

/** The mask of some strokes: white where the picture is to be redrawn, else black. */
fun paint(strokes: List<Stroke>, size: Size): Picture {
    val pixels = IntArray(size.width * size.height) { BLACK }
    for (stroke in strokes) {
        val colour = if (stroke.erases) BLACK else WHITE
        val radius = stroke.radius * minOf(size.width, size.height)
        val points = stroke.points.chunked(2).map { (x, y) -> x * size.width to y * size.height }
        if (points.size == 1) capsule(pixels, size, points[0], points[0], radius, colour)
        for ((from, to) in points.zipWithNext()) capsule(pixels, size, from, to, radius, colour)
    }
    return Picture(size, pixels)
}

/** Calls back for every pixel whose centre is within [radius] of the line between two points. */
private fun capsule(
    pixels: IntArray,
    size: Size,
    from: Pair<Float, Float>,
    to: Pair<Float, Float>,
    radius: Float,
    colour: Int,
) {
    val (dx, dy) = to.first - from.first to to.second - from.second
    val length = dx * dx + dy * dy
    val rows = (minOf(from.second, to.second) - radius).toInt()..(maxOf(from.second, to.second) + radius).toInt()
    val columns = (minOf(from.first, to.first) - radius).toInt()..(maxOf(from.first, to.first) + radius).toInt()
    for (y in maxOf(rows.first, 0)..minOf(rows.last, size.height - 1)) {
        for (x in maxOf(columns.first, 0)..minOf(columns.last, size.width - 1)) {
            val (px, py) = x + 0.5f - from.first to y + 0.5f - from.second
            val along = if (length == 0f) 0f else ((px * dx + py * dy) / length).coerceIn(0f, 1f)
            val (ex, ey) = px - along * dx to py - along * dy
            if (ex * ex + ey * ey <= radius * radius) pixels[y * size.width + x] = colour
        }
    }
}
