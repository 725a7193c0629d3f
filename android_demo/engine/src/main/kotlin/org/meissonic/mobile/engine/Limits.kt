package org.meissonic.mobile.engine

import java.io.ByteArrayOutputStream
import java.io.InputStream

// Bounds of a bundle as in runtime/manifest.py, far above every real one: a hostile one costs no memory and no time.
internal const val MAX_TEXT_FILE = 64_000_000L // bytes of a vocabulary, merges, golden trace or preview
internal const val MAX_FILE = 1L shl 40 // bytes
internal const val MAX_FILES = 10_000
internal const val MAX_PATH = 1000 // bytes in UTF-8
internal const val MAX_PATH_PART = 255
internal const val MAX_SIDE = 4096 // pixels
internal const val MAX_SIZES = 64
internal const val MAX_TEXT_LENGTH = 4096
internal const val MAX_STEP_GRAPHS = 64
internal const val MAX_DIMENSIONS = 8
internal const val MAX_PATCH = 16 // pixels along one side of a token in a preview
private const val LONGEST_MESSAGE = 1000 // characters
private const val BUFFER = 1 shl 16

/** Every byte of a stream; null if there are more than [limit]. */
fun InputStream.readAtMost(limit: Long): ByteArray? {
    val made = ByteArrayOutputStream()
    val buffer = ByteArray(BUFFER)
    while (true) {
        val count = read(buffer)
        if (count < 0) return made.toByteArray()
        made.write(buffer, 0, count)
        if (made.size() > limit) return null
    }
}

/** One line without characters that steer a terminal, because a bundle may hold any. */
fun printable(message: String): String = buildString {
    for (character in message.take(LONGEST_MESSAGE)) {
        when {
            character.isISOControl() || character.category in STEERING -> append("\\u%04x".format(character.code))
            else -> append(character)
        }
    }
}

private val STEERING = setOf(CharCategory.FORMAT, CharCategory.LINE_SEPARATOR, CharCategory.PARAGRAPH_SEPARATOR)
