package org.meissonic.mobile.store

import org.meissonic.mobile.engine.printable

/** Why a model cannot be installed. A screen says it in the person's language. */
enum class Problem {
    /** The server or folder cannot be reached, or stopped sending. The part that arrived is kept; the cause says why. */
    CONNECTION,

    /** The source has no such file. */
    NOT_FOUND,

    /** The file differs from the manifest's. */
    ANOTHER_FILE,

    /** The storage is full. The part that arrived is kept. */
    NO_SPACE,

    /** Files cannot be written or renamed. */
    STORAGE,
}

/**
 * A model cannot be installed. The message is one line that names the file and the way out. For a program that says it in
 * another language: the [file], and the [lacking] bytes of storage, if known.
 */
class StoreError(
    val problem: Problem,
    message: String,
    cause: Throwable? = null,
    val file: String? = null,
    val lacking: Long? = null,
) : Exception(printable(message), cause)
