package org.meissonic.mobile.ort

import java.io.File
import java.io.IOException
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.FileFacts
import org.meissonic.mobile.engine.sha256

/**
 * A graph that was compiled on this device, in a folder of the bundle: its context, and what [Facts] says of it.
 *
 * A process may be killed at any moment, so the folder gets its name last. A context that differs from its facts, or that
 * was compiled from another graph, is not opened, because a damaged one may end the process.
 */
internal class Kept(private val bundle: Bundle, name: String) {
    @Serializable
    private data class Facts(val source: Map<String, FileFacts>, val files: Map<String, FileFacts>)

    private val source = bundle.manifest.graphs.getValue(name).files.associateWith(bundle.manifest.files::getValue)
    private val model = File(source.keys.first()).name
    private val folder = File(bundle.folder, "compiled/$name")
    private val unfinished = File(bundle.folder, "compiled/$name.tmp")

    /** The model of the context; null if there is none that is whole. */
    fun find(): File? {
        val facts = try {
            Json.decodeFromString<Facts>(File(folder, FACTS).readText())
        } catch (_: IOException) {
            return null
        } catch (_: IllegalArgumentException) {
            return null
        }
        val whole = facts.source == source && facts.files == try {
            facts(folder)
        } catch (_: IOException) {
            return null
        }
        return if (whole) File(folder, model) else null
    }

    /** Whether the storage can take a context, which is about as large as the graph. */
    fun hasRoom(): Boolean {
        unfinished.deleteRecursively()
        return bundle.folder.usableSpace > 2 * source.values.sumOf { it.size } && unfinished.mkdirs()
    }

    /** Keeps what [compile] writes when it gets the name of the context's model. */
    fun <T> keep(compile: (File) -> T): T {
        try {
            val compiled = compile(File(unfinished, model))
            try {
                File(unfinished, FACTS).writeText(Json.encodeToString(Facts(source, facts(unfinished))))
                delete()
                unfinished.renameTo(folder)
            } catch (_: IOException) {
                // The graph is compiled again the next time.
            }
            return compiled
        } finally {
            unfinished.deleteRecursively()
        }
    }

    fun delete() {
        folder.deleteRecursively()
    }

    private fun facts(folder: File): Map<String, FileFacts> =
        folder.listFiles().orEmpty().filter { it.name != FACTS }.associate { it.name to FileFacts(it.length(), sha256(it)) }

    private companion object {
        const val FACTS = "facts.json"
    }
}
