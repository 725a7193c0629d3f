package org.meissonic.mobile.app.model

import org.meissonic.mobile.engine.Margins
import org.meissonic.mobile.engine.Size

/** Margins in whole tokens on the sides to extend. They fill half of the width or height, shared if both sides grow. */
fun margins(size: Size, tokenSize: Int, sides: Set<Side>): Margins {
    fun share(side: Side, other: Side, length: Int): Int {
        if (side !in sides) return 0
        val parts = if (other in sides) 4 else 2
        return maxOf(1, length / tokenSize / parts) * tokenSize
    }
    return Margins(
        left = share(Side.LEFT, Side.RIGHT, size.width),
        top = share(Side.TOP, Side.BOTTOM, size.height),
        right = share(Side.RIGHT, Side.LEFT, size.width),
        bottom = share(Side.BOTTOM, Side.TOP, size.height),
    )
}

/** The size inside the margins. */
fun inside(size: Size, margins: Margins) =
    with(margins) { Size(size.width - left - right, size.height - top - bottom) }
