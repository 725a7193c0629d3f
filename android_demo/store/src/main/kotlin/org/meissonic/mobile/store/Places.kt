package org.meissonic.mobile.store

import java.io.File
import java.io.IOException
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.Manifest
import org.meissonic.mobile.engine.UserError

/**
 * The folders of a store. A process may be killed at any moment, so each change is one rename or can be done again, and
 * [recover] ends what a kill interrupted.
 */
internal class Places(val root: File) {
    val model = File(root, "model")
    val partial = File(root, "model.partial")
    private val old = File(root, "model.old") // the model before, while another takes its place
    private val deleted = File(root, "model.deleted") // no longer the model, but not yet gone

    /** Ends what a kill interrupted: there is one model again, the new one if it is whole, else the old one. */
    fun recover() = synchronized(LOCK) {
        deleted.deleteRecursively()
        if (!model.exists() && old.exists() && !(whole(partial) && partial.renameTo(model))) old.renameTo(model)
        if (model.exists()) old.deleteRecursively()
        Unit
    }

    /** Puts the unfinished installation, now whole, in the model's place. Throws IOException; then the old model is back. */
    fun publish() = synchronized(LOCK) {
        if (model.exists() && !model.renameTo(old)) throw IOException("cannot rename $model")
        if (!partial.renameTo(model)) {
            old.renameTo(model)
            throw IOException("cannot rename $partial")
        }
        old.deleteRecursively()
        Unit
    }

    /** Removes everything. A model that is half gone must not look whole, so it loses its name first. */
    fun delete() = synchronized(LOCK) {
        recover()
        partial.deleteRecursively()
        if (model.exists() && !model.renameTo(deleted)) model.deleteRecursively()
        old.deleteRecursively()
        deleted.deleteRecursively()
        Unit
    }

    private fun whole(folder: File): Boolean =
        manifest(folder)?.files.orEmpty().let { files ->
            files.isNotEmpty() && files.all { (path, facts) -> File(folder, path).let { it.isFile && it.length() == facts.size } }
        }

    companion object {
        private val LOCK = Any() // a process may have several stores of one folder
    }
}

/** The manifest in a folder; null if it has no readable one. */
internal fun manifest(folder: File): Manifest? = try {
    if (File(folder, Bundle.MANIFEST).isFile) Bundle.readManifest(folder) else null
} catch (_: UserError) {
    null
}
