package org.meissonic.mobile.store

import java.io.File
import kotlinx.coroutines.flow.Flow
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.UserError

/** The state of the model's files on this device. */
sealed interface Stored

/** There is none. */
data object Absent : Stored

/** A stopped installation: [bytes] of [total] have arrived. */
data class Partly(val bytes: Long, val total: Long) : Stored

/** A complete model; each file was verified when it was installed. */
data class Whole(val folder: File, val bytes: Long) : Stored

/**
 * The model of this device, in [root].
 *
 * ```
 * root/model           complete, or absent
 * root/model.partial   an installation in progress or stopped: verified files and one .part
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
     * Installs a bundle while it is collected, in another thread. Resumes a stopped installation.
     *
     * The old model stays until the new one is complete. Fails with StoreError, or BundleError for an invalid manifest.
     * Cancelling the collector ends the transfer at once and keeps the part that arrived.
     */
    fun install(source: ModelSource): Flow<Installing> = installing(source, root, partial, model, freeSpace)

    /** Removes the model and any stopped installation. */
    fun delete() {
        model.deleteRecursively()
        partial.deleteRecursively()
    }

    /** Bytes of all files of a folder's manifest; null if it has no readable manifest. */
    private fun size(folder: File): Long? = try {
        if (File(folder, Bundle.MANIFEST).isFile) Bundle.readManifest(folder).files.values.sumOf { it.size } else null
    } catch (_: UserError) {
        null
    }
}

/** Bytes of the bundle's files in a folder, without the manifest. */
internal fun bytes(folder: File): Long =
    folder.walk().filter { it.isFile && it.name != Bundle.MANIFEST }.sumOf { it.length() }
