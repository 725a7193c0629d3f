package org.meissonic.mobile.engine

// Previews without the image decoder: a small patch of pixels for each code, laid side by side.

private const val GREY: Byte = 128.toByte() // every channel where a token is masked

/** The patches of a bundle: u8 [codes, [side], [side], 3]. */
class PreviewTable(private val patches: ByteArray, private val side: Int) {
    private val row = 3 * side
    private val codes = patches.size / (row * side)

    /** Tokens i32 [H*W] of a grid as a picture; grey where a token is no code. */
    fun picture(tokens: IntArray, grid: Size): Picture {
        val size = Size(grid.width * side, grid.height * side)
        val rgb = ByteArray(3 * size.area) { GREY }
        for ((at, code) in tokens.withIndex()) {
            if (code >= codes) continue
            val first = at / grid.width * side * grid.width + at % grid.width // in rows of a patch
            for (line in 0 until side) {
                val from = (code * side + line) * row
                patches.copyInto(rgb, (first + line * grid.width) * row, from, from + row)
            }
        }
        return Picture.of(rgb, size)
    }

    companion object {
        /** Null for a bundle without patches. Throws BundleError. */
        fun of(bundle: Bundle): PreviewTable? = bundle.manifest.preview?.let { facts ->
            PreviewTable(Bundle.content(bundle.file(facts.file), MAX_TEXT_FILE), facts.side)
        }
    }
}
