package org.meissonic.mobile.store

import java.io.Closeable
import java.io.File
import java.io.InputStream

/** Where a bundle's files come from: a web server, a folder a person picked. */
interface ModelSource {
    /**
     * A file of the bundle, from byte [from] if the source can, else from its start: see [Opened.from].
     *
     * Blocks. Throws StoreError, or IOException where nothing is known but that it failed.
     */
    fun open(path: String, from: Long): Opened
}

/** A file's bytes from [from] on; closing it ends a read that blocks in another thread. */
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
