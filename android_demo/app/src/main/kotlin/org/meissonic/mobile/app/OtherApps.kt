package org.meissonic.mobile.app

import java.io.IOException

/**
 * Asks a provider of another app: pictures, documents, the device's media.
 *
 * Whatever it throws comes through as it is (a right that was taken back is a SecurityException); here all of it
 * becomes IOException.
 */
inline fun <T> askingAnotherApp(ask: () -> T): T = try {
    ask()
} catch (error: RuntimeException) {
    throw IOException(error.message ?: error.javaClass.simpleName, error)
}
