package org.meissonic.mobile.engine

/** An error a person can act on: the message is one clear line that names the file or value and the way out. */
sealed class UserError(message: String, cause: Throwable? = null) : Exception(message, cause)

/** The bundle is missing, damaged, newer than this runtime, or contradicts itself. */
class BundleError(message: String, cause: Throwable? = null) : UserError(message, cause)

/** What was asked for cannot be drawn: a value out of range, an image of the wrong size, too little memory. */
class RequestError(message: String) : UserError(message)

/** The engine cannot open or run a graph. */
class EngineError(message: String, cause: Throwable? = null) : UserError(message, cause)

/** The caller stopped the drawing. */
class Cancelled : kotlin.coroutines.cancellation.CancellationException("the drawing was stopped")
