package org.meissonic.mobile.app

import java.io.IOException

/**
 * Calls a provider of another app: pictures, documents, the device's media.
 *
 * A provider's exceptions reach the caller unchanged (a revoked permission is a SecurityException); here they all become
 * IOException.
 */
inline fun <T> askingAnotherApp(ask: () -> T): T = try {
    ask()
} catch (error: RuntimeException) {
    throw IOException(error.message ?: error.javaClass.simpleName, error)
}
