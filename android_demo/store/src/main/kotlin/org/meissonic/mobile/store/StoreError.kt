package org.meissonic.mobile.store

/** What stands in the way of a model; a screen says it in the person's language. */
enum class Problem {
    /** The server or folder cannot be reached, or stopped in the middle. What has arrived is kept; the cause says why. */
    CONNECTION,

    /** It answers, but has no such file. */
    NOT_FOUND,

    /** What came is not what the manifest promises. */
    ANOTHER_FILE,

    /** The storage is full. What has arrived is kept. */
    NO_SPACE,

    /** Files cannot be written or renamed. */
    STORAGE,
}

/**
 * A model cannot be installed; the message is one line that names the file and the way out. The rest is for a program
 * that says the same in another language: the [file] it is about, and the [lacking] bytes of storage, where known.
 */
class StoreError(
    val problem: Problem,
    message: String,
    cause: Throwable? = null,
    val file: String? = null,
    val lacking: Long? = null,
) : Exception(message, cause)
