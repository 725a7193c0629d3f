package org.meissonic.mobile.engine

// What a graph holds beside its weights, from figures of the real size (README, "The real size"; 1024 px):
// the step 1.19 GB with 0.77 of weights, the image decoder 1.10 with 0.18.
private const val STEP_BYTES_A_PIXEL = 400L
private const val DECODER_BYTES_A_PIXEL = 880L
private const val PROCESS = 64L shl 20

/** Bytes that drawing at [size] takes at most, one graph in memory at a time, weights mapped. */
fun memoryNeeded(manifest: Manifest, size: Size): Long {
    val pixels = size.width.toLong() * size.height
    fun weights(names: List<String>) =
        names.flatMap { manifest.graphs.getValue(it).files }.sumOf { manifest.files.getValue(it).size }
    val step = weights(manifest.step) + STEP_BYTES_A_PIXEL * pixels
    val decoder = weights(listOf("image_decoder")) + DECODER_BYTES_A_PIXEL * pixels
    val text = maxOf(weights(listOf("text_encoder")), weights(listOf("conditioner")))
    return maxOf(step, decoder, text) + PROCESS
}

/** Throws RequestError, before anything is loaded, where [available] bytes are too few. */
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
