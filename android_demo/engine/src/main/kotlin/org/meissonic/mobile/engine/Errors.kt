package org.meissonic.mobile.engine

/**
 * An error a person can act on. The message is one line that names the file or value and the way out; [fault] has the same
 * facts for a program that says it in another language.
 */
sealed class UserError(message: String, cause: Throwable? = null) : Exception(printable(message), cause) {
    abstract val fault: Fault
}

/** The bundle is missing, damaged, newer than this runtime, or contradicts itself. */
class BundleError(
    message: String,
    cause: Throwable? = null,
    override val fault: Fault = UnusableBundle,
) : UserError(message, cause)

/** The request cannot be drawn: a value out of range, an image of the wrong size, too little memory. */
class RequestError(message: String, override val fault: Fault = WrongValue) : UserError(message)

/** The engine cannot open or run a graph. */
class EngineError(message: String, cause: Throwable? = null) : UserError(message, cause) {
    override val fault get() = EngineFailed
}

/** The caller stopped the drawing. */
class Cancelled : kotlin.coroutines.cancellation.CancellationException("the drawing was stopped")

/** The kind of an error, with its values. */
sealed interface Fault

/** There is no manifest, or it is not one of a bundle. */
data object NoBundle : Fault

data class NewerBundle(val version: Int) : Fault

/** The bundle is for Apple's devices. */
data object CoreMlBundle : Fault

/** The bundle contradicts itself; only the message says how. */
data object UnusableBundle : Fault

/** [file] is a path inside the bundle, here and in the next three. */
data class MissingFile(val file: String) : Fault

/** [size] and [wanted] are in bytes. */
data class TruncatedFile(val file: String, val size: Long, val wanted: Long) : Fault

data class ChangedFile(val file: String) : Fault

/** [reason] is the system's message. */
data class UnreadableFile(val file: String, val reason: String) : Fault

/** Both in bytes. */
data class TooLittleMemory(val needed: Long, val available: Long) : Fault

/** The mask repaints no token. */
data object EmptyMask : Fault

/** The bundle has no image encoder. */
data object TextOnly : Fault

/** A value out of range or of the wrong size; only the message says which. */
data object WrongValue : Fault

data object EngineFailed : Fault
