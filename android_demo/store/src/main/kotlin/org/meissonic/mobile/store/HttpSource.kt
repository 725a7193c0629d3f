package org.meissonic.mobile.store

import java.io.IOException
import java.net.HttpURLConnection
import java.net.MalformedURLException
import java.net.URI
import java.net.URISyntaxException
import java.net.URL

private const val CONNECT_TIMEOUT = 15_000 // milliseconds
private const val READ_TIMEOUT = 30_000
private val CONTENT_RANGE = Regex("bytes (\\d+)-.*")

/** A bundle's folder on a web server: [address] with a file's path after it. */
class HttpSource(private val address: String) : ModelSource {
    private val base = try {
        URL(address.trim().trimEnd('/') + "/").also { if (it.protocol !in setOf("https", "http")) throw MalformedURLException() }
    } catch (error: MalformedURLException) {
        throw StoreError(Problem.NOT_FOUND, "$address is not a web address: give one that begins with https://", error)
    }

    override fun open(path: String, from: Long): Opened {
        val connection = connect(path)
        if (from > 0) connection.setRequestProperty("Range", "bytes=$from-")
        try {
            return when (val status = connection.responseCode) {
                // A server may ignore Range and send the whole file.
                HttpURLConnection.HTTP_OK -> opened(connection, 0)
                HttpURLConnection.HTTP_PARTIAL -> opened(connection, begin(connection, path))
                RANGE_NOT_SATISFIABLE -> throw StoreError(
                    Problem.ANOTHER_FILE,
                    "the server's $path is shorter than the manifest says: the bundle there is damaged",
                    file = path,
                )
                HttpURLConnection.HTTP_NOT_FOUND, HttpURLConnection.HTTP_GONE -> throw StoreError(
                    Problem.NOT_FOUND,
                    "there is no $path at $address: check the address",
                    file = path,
                )
                else -> throw IOException("the server answered $status")
            }
        } catch (error: Exception) {
            connection.disconnect()
            throw error
        }
    }

    private fun connect(path: String): HttpURLConnection {
        val escaped = try {
            URI(null, null, path, null).rawPath
        } catch (error: URISyntaxException) {
            throw StoreError(Problem.NOT_FOUND, "$path is not a path: the bundle is damaged", error, path)
        }
        val connection = URL(base, escaped).openConnection() as HttpURLConnection
        connection.connectTimeout = CONNECT_TIMEOUT
        connection.readTimeout = READ_TIMEOUT
        connection.setRequestProperty("Accept-Encoding", "identity") // lengths are those of the file
        return connection
    }

    private fun begin(connection: HttpURLConnection, path: String): Long {
        val range = connection.getHeaderField("Content-Range").orEmpty()
        return CONTENT_RANGE.matchEntire(range)?.groupValues?.get(1)?.toLongOrNull()
            ?: throw IOException("the server sent part of $path without saying which ($range)")
    }

    // Android's disconnect ends a read in another thread at once; the JDK's waits for it, READ_TIMEOUT at most.
    private fun opened(connection: HttpURLConnection, from: Long) =
        Opened(from, connection.inputStream, connection::disconnect)

    private companion object {
        const val RANGE_NOT_SATISFIABLE = 416
    }
}
