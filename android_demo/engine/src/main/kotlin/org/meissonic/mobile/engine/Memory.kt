package org.meissonic.mobile.engine

// A graph's memory beyond its weights, measured on x86 at the real size (1024 px): 1.19 GB for the step, of which weights
// are 0.77; 1.10 GB for the image decoder, of which weights are 0.18.
private const val STEP_BYTES_A_PIXEL = 400L
private const val DECODER_BYTES_A_PIXEL = 880L
private const val PROCESS = 64L shl 20

/** An upper bound of the bytes that a drawing needs, with one stage in memory at a time and weights mapped. */
fun memoryNeeded(manifest: Manifest, size: Size): Long {
    val pixels = size.width.toLong() * size.height
    fun weights(names: List<String>) =
        names.flatMap { manifest.graphs.getValue(it).files }.sumOf { manifest.files.getValue(it).size }
    val step = weights(manifest.step) + STEP_BYTES_A_PIXEL * pixels
    val decoder = weights(listOf("image_decoder")) + DECODER_BYTES_A_PIXEL * pixels
    val text = maxOf(weights(listOf("text_encoder")), weights(listOf("conditioner")))
    return maxOf(step, decoder, text) + PROCESS
}

/** Throws RequestError if [available] bytes are too few. */
fun checkMemory(manifest: Manifest, size: Size, available: Long) {
    val needed = memoryNeeded(manifest, size)
    if (needed > available) {
        throw RequestError(
            "drawing $size needs about ${needed shr 20} MB of memory and ${available shr 20} MB are free: close other" +
                " apps, or choose a smaller size or model",
            TooLittleMemory(needed, available),
        )
    }
}
