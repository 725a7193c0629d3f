package org.meissonic.mobile.store

import java.io.InputStream
import java.net.SocketException
import java.util.concurrent.CountDownLatch

/** Sends [count] bytes of [path] and then nothing, until it is closed. */
class Hanging(private val source: ModelSource, private val path: String, private val count: Int) : ModelSource {
    override fun open(path: String, from: Long): Opened {
        val opened = source.open(path, from)
        if (path != this.path) return opened
        val closed = CountDownLatch(1)
        val start = opened.stream.readNBytes(count).inputStream()
        val stream = object : InputStream() {
            override fun read() = throw UnsupportedOperationException()

            override fun read(buffer: ByteArray, offset: Int, length: Int): Int {
                val some = start.read(buffer, offset, length)
                if (some > 0) return some
                closed.await()
                throw SocketException("closed")
            }
        }
        return Opened(from, stream, closed::countDown)
    }
}
