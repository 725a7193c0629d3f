package org.meissonic.mobile.store

import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.SendChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.launch
import kotlinx.coroutines.runInterruptible
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.BundleError
import org.meissonic.mobile.engine.FileFacts
import org.meissonic.mobile.engine.readAtMost
import org.meissonic.mobile.engine.sha256

/** The progress of an installation. */
sealed interface Installing

/** [bytes] of [total] have arrived. */
data class Transferring(val bytes: Long, val total: Long) : Installing

/** A complete file is being hashed. */
data class Checking(val file: String) : Installing

/** The last event. */
data class Installed(val folder: File) : Installing

private const val BUFFER = 1 shl 16
private const val TOLD_EVERY = 1L shl 18 // bytes

internal fun installing(
    source: ModelSource,
    places: Places,
    freeSpace: (File) -> Long,
): Flow<Installing> = channelFlow {
    try {
        places.recover()
        Installation(source, places.partial, channel, freeSpace).run(places.root)
        places.publish()
        send(Installed(places.model))
    } catch (error: IOException) {
        currentCoroutineContext().ensureActive() // stopping also makes a transfer fail
        throw storage(error, places.root)
    }
}.buffer(Channel.UNLIMITED).flowOn(Dispatchers.IO)

private class Installation(
    private val source: ModelSource,
    private val partial: File,
    private val told: SendChannel<Installing>,
    private val freeSpace: (File) -> Long,
) {
    private var arrived = 0L
    private var total = 0L

    suspend fun run(root: File) {
        root.mkdirs()
        val manifest = readManifest()
        total = manifest.size
        arrived = bytes(partial)
        val free = freeSpace(root)
        val lacking = total - arrived - free
        if (lacking > 0) throw full("${(lacking shr 20) + 1} MB more are needed", lacking)
        told.send(Transferring(arrived, total))
        for ((path, facts) in manifest.files) if (!File(partial, path).isFile) fetch(path, facts)
    }

    /** The manifest of the source. Discards the unfinished files of another bundle. */
    private suspend fun readManifest() = with(File(partial, Bundle.MANIFEST)) {
        val bytes = interruptibly(Bundle.MANIFEST, 0) { opened ->
            val limited = opened.stream.readAtMost(Bundle.LARGEST_MANIFEST)
            limited ?: throw StoreError(
                Problem.ANOTHER_FILE,
                "${Bundle.MANIFEST} is too large for a manifest: check the address",
                file = Bundle.MANIFEST,
            )
        }
        if (!isFile || !readBytes().contentEquals(bytes)) {
            partial.deleteRecursively()
            partial.mkdirs()
            writeBytes(bytes)
        }
        try {
            Bundle.readManifest(partial)
        } catch (error: BundleError) {
            partial.deleteRecursively() // not a manifest, for example a login page
            throw error
        }
    }

    /** Fetches the rest of a file's .part, checks the hash and renames it. */
    private suspend fun fetch(path: String, facts: FileFacts) {
        val file = File(partial, path)
        val part = File(partial, "$path.part")
        file.parentFile!!.mkdirs()
        if (part.length() > facts.size) part.delete()
        if (part.length() < facts.size || facts.size == 0L) transfer(path, part, facts.size)
        told.send(Checking(path))
        if (runInterruptible { sha256(part) } != facts.sha256) {
            arrived -= part.length()
            part.delete()
            throw another(path)
        }
        if (!part.renameTo(file)) throw StoreError(Problem.STORAGE, "cannot rename $part: free some storage")
    }

    private suspend fun transfer(path: String, part: File, size: Long) = interruptibly(path, part.length()) { opened ->
        if (opened.from != part.length()) {
            if (opened.from != 0L) throw IOException("the server sent another part of $path")
            arrived -= part.length() // Range was ignored: from the start
        }
        FileOutputStream(part, opened.from > 0).use { output ->
            var here = opened.from
            var next = arrived + TOLD_EVERY
            val buffer = ByteArray(BUFFER)
            while (true) {
                val count = try {
                    opened.stream.read(buffer)
                } catch (error: IOException) {
                    throw dropped(path, error)
                }
                if (count < 0) break
                here += count
                if (here > size) {
                    arrived -= here - count
                    output.close()
                    part.delete()
                    throw another(path)
                }
                output.write(buffer, 0, count)
                arrived += count
                if (arrived >= next) {
                    told.trySend(Transferring(arrived, total))
                    next = arrived + TOLD_EVERY
                }
            }
            if (here < size) throw dropped(path, null)
        }
        told.trySend(Transferring(arrived, total))
    }

    /** Opens a file and uses it. Cancellation closes it, which ends a blocked read. */
    private suspend fun <T> interruptibly(path: String, from: Long, use: (Opened) -> T): T = coroutineScope {
        val opened = try {
            source.open(path, from)
        } catch (error: IOException) {
            throw StoreError(Problem.CONNECTION, "cannot read $path: ${reason(error)}: try again", error, path)
        }
        val watch = closedOnCancellation(opened)
        try {
            use(opened)
        } catch (error: Exception) {
            currentCoroutineContext().ensureActive()
            throw error
        } finally {
            watch.cancel()
            opened.close()
        }
    }

    // On a thread of Dispatchers.IO, because the canceller's may be the main thread.
    private fun CoroutineScope.closedOnCancellation(opened: Opened) =
        launch(start = CoroutineStart.UNDISPATCHED) {
            try {
                awaitCancellation()
            } finally {
                opened.close()
            }
        }

    private fun another(path: String) = StoreError(
        Problem.ANOTHER_FILE,
        "$path is not the file that the manifest lists: the source is damaged or changing, try again later",
        file = path,
    )

    private fun dropped(path: String, error: IOException?) = StoreError(
        Problem.CONNECTION,
        "the connection was lost in $path: try again, ${arrived shr 20} of ${total shr 20} MB are kept",
        error,
        path,
    )
}

private fun full(what: String, lacking: Long? = null) =
    StoreError(Problem.NO_SPACE, "the storage is full: $what, free some space and try again", lacking = lacking)

// Java reports a full disk only in the system's message.
private fun storage(error: IOException, root: File): StoreError {
    val words = error.message.orEmpty()
    if ("No space left" in words || "ENOSPC" in words || "Disk quota" in words) return full("nothing more can be written")
    return StoreError(Problem.STORAGE, "cannot write to $root: ${reason(error)}", error)
}

private fun reason(error: IOException) = error.message ?: error.javaClass.simpleName
