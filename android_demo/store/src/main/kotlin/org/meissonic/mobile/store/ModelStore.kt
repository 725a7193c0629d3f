package org.meissonic.mobile.store

import java.io.File
import kotlinx.coroutines.flow.Flow
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.Manifest

/** The state of the model's files on this device. */
sealed interface Stored

/** There is none. */
data object Absent : Stored

/** A stopped installation: [bytes] of [total] have arrived. */
data class Partly(val bytes: Long, val total: Long) : Stored

/** A complete model; each file was verified when it was installed. */
data class Whole(val folder: File, val manifest: Manifest) : Stored {
    val bytes: Long get() = manifest.size
}

/**
 * The model of this device, in [root].
 *
 * ```
 * root/model           complete, or absent
 * root/model.partial   an installation in progress or stopped: verified files and one .part
 * root/model.old       the model before, while another takes its place
 * root/model.deleted   a model that is being deleted
 * ```
 *
 * [root] belongs to the store. What a killed process left is put in order by the next call.
 */
class ModelStore(root: File, private val freeSpace: (File) -> Long = File::getUsableSpace) {
    private val places = Places(root)

    fun state(): Stored {
        places.recover()
        manifest(places.model)?.let { return Whole(places.model, it) }
        val total = manifest(places.partial)?.size ?: return Absent
        return Partly(bytes(places.partial), total)
    }

    /**
     * Installs a bundle while it is collected, in another thread. Resumes a stopped installation.
     *
     * The old model stays until the new one is complete. Fails with StoreError, or BundleError for an invalid manifest.
     * Cancelling the collector ends the transfer at once and keeps the part that arrived.
     */
    fun install(source: ModelSource): Flow<Installing> = installing(source, places, freeSpace)

    /** Removes the model and any stopped installation. */
    fun delete() = places.delete()
}

/** Bytes of the bundle's files in a folder, without the manifest. */
internal fun bytes(folder: File): Long =
    folder.walk().filter { it.isFile && it.name != Bundle.MANIFEST }.sumOf { it.length() }
