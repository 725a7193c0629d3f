package org.meissonic.mobile.store

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import java.io.File
import java.net.InetSocketAddress
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.Executors

/** The JDK's web server for a folder, with the faults of real servers. */
class Server(private val folder: File) : AutoCloseable {
    var ignoresRange = false
    var dropsAfter: Pair<String, Int>? = null // a path, and how many bytes of it are sent
    var sendsInstead = mapOf<String, ByteArray>()
    val asked = CopyOnWriteArrayList<Pair<String, Long>>() // path, first byte

    private val workers = Executors.newCachedThreadPool()
    private val server = HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0).apply {
        executor = workers
        createContext("/") { exchange -> exchange.use(::answer) }
        start()
    }
    val address = "http://127.0.0.1:${server.address.port}/models/cat"

    private fun answer(exchange: HttpExchange) {
        val path = exchange.requestURI.path.removePrefix("/models/cat/")
        val range = exchange.requestHeaders.getFirst("Range")?.removePrefix("bytes=")?.removeSuffix("-")?.toInt() ?: 0
        asked += path to range.toLong()
        val content = sendsInstead[path] ?: File(folder, path).takeIf { it.isFile }?.readBytes()
        if (content == null) return exchange.sendResponseHeaders(404, -1)
        val from = if (ignoresRange) 0 else range
        if (from > 0 && from >= content.size) return exchange.sendResponseHeaders(416, -1)
        if (from > 0) exchange.responseHeaders["Content-Range"] = "bytes $from-${content.size - 1}/${content.size}"
        exchange.sendResponseHeaders(if (from > 0) 206 else 200, (content.size - from).toLong())
        val end = dropsAfter?.takeIf { it.first == path }?.second ?: content.size
        if (end > from) exchange.responseBody.write(content, from, end - from)
    }

    override fun close() {
        server.stop(0)
        workers.shutdownNow()
    }
}
