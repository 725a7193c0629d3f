package org.meissonic.mobile.store

import java.io.File
import kotlinx.coroutines.flow.Flow
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.UserError

/** What is on this device of a model. */
sealed interface Stored

/** Nothing. */
data object Absent : Stored

/** An installation that was stopped: [bytes] of [total] are here. */
data class Partly(val bytes: Long, val total: Long) : Stored

/** All of it, each file as the manifest says when it was installed. */
data class Whole(val folder: File, val bytes: Long) : Stored

/**
 * The model of this device, in [root].
 *
 * ```
 * root/model           whole, or not there
 * root/model.partial   an installation in progress or stopped: verified files, and one .part
 * ```
 */
class ModelStore(private val root: File, private val freeSpace: (File) -> Long = File::getUsableSpace) {
    private val model = File(root, "model")
    private val partial = File(root, "model.partial")

    fun state(): Stored {
        size(model)?.let { total -> return Whole(model, total) }
        val total = size(partial) ?: return Absent
        return Partly(bytes(partial), total)
    }

    /**
     * Installs a bundle while it is collected, off the collector's thread, from where a stopped installation was.
     *
     * A model that was there stays until the new one is whole. Fails with StoreError, or BundleError for a manifest
     * that is none; cancelling the collector ends the transfer at once and keeps what has arrived.
     */
    fun install(source: ModelSource): Flow<Installing> = installing(source, root, partial, model, freeSpace)

    /** Removes the model and any stopped installation. */
    fun delete() {
        model.deleteRecursively()
        partial.deleteRecursively()
    }

    /** Bytes of all files that a folder's manifest names; null without a manifest that can be read. */
    private fun size(folder: File): Long? = try {
        if (File(folder, Bundle.MANIFEST).isFile) Bundle.readManifest(folder).files.values.sumOf { it.size } else null
    } catch (_: UserError) {
        null
    }
}

/** Bytes of a bundle's files that are here, its manifest not counted. */
internal fun bytes(folder: File): Long =
    folder.walk().filter { it.isFile && it.name != Bundle.MANIFEST }.sumOf { it.length() }
