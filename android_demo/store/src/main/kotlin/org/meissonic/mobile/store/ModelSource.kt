package org.meissonic.mobile.store

import java.io.Closeable
import java.io.File
import java.io.InputStream

/** The source of a bundle's files: a web server, or a folder a person picked. */
fun interface ModelSource {
    /**
     * Opens a file of the bundle at byte [from] if the source can, else at its start: see [Opened.from].
     *
     * Blocks. Throws StoreError, or IOException for an unknown cause.
     */
    fun open(path: String, from: Long): Opened
}

/** A file's bytes from [from] on. Closing it ends a blocked read in another thread. */
class Opened(val from: Long, val stream: InputStream, private val end: () -> Unit = stream::close) : Closeable {
    override fun close() = end()
}

/** A folder on this device. */
class FolderSource(private val folder: File) : ModelSource {
    override fun open(path: String, from: Long): Opened {
        val file = File(folder, path)
        if (!file.isFile) {
            throw StoreError(
                Problem.NOT_FOUND,
                "$file is missing: choose the folder that holds manifest.json",
                file = path,
            )
        }
        val stream = file.inputStream()
        stream.channel.position(from)
        return Opened(from, stream)
    }
}
