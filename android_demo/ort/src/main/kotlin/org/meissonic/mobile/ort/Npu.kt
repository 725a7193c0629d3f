package org.meissonic.mobile.ort

import ai.onnxruntime.OrtEpDevice
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtSession
import java.io.File
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.EngineError

// Qualcomm's NPU, by the provider of the package onnxruntime-qnn, which onnxruntime loads at run time.

// Contexts name their provider, and those of a bundle were made by this one.
private const val PROVIDER = "QNNExecutionProvider"

// No operator may run on the CPU unseen, and none in half precision.
private const val STRICT = "session.disable_cpu_ep_fallback"
private val NO_HALF = mapOf("enable_htp_fp16_precision" to "0")

/** What opening and running graphs on the NPU tells, in the thread that draws. */
sealed interface NpuEvent {
    /** The graph is compiled on this device, which takes minutes for a large one. */
    data class Compiling(val graph: String) : NpuEvent

    /** The graph is ready to run on the NPU. */
    data class Opened(val graph: String) : NpuEvent

    /** The CPU runs the graph; [reason] is one line. */
    data class Refused(val graph: String, val reason: String) : NpuEvent
}

/**
 * Where Qualcomm's libraries are, and how graphs are opened with them.
 *
 * [folder] holds the provider and the back end. [chip] is this device's, as the manifest calls it ("sm8650"), or null if
 * it is unknown. [options] are the provider's. With [keep] a graph compiled on this device is kept beside the model.
 * [tell] may throw: then the graph is not opened.
 */
class Npu(
    private val folder: File,
    private val chip: String? = null,
    private val options: Map<String, String> = emptyMap(),
    private val keep: Boolean = false,
    internal val tell: (NpuEvent) -> Unit = {},
) {
    /**
     * A session of a graph that was made for the NPU: of the context for this chip if the bundle has one, else compiled.
     * Throws EngineError with one line.
     */
    internal fun open(bundle: Bundle, name: String): OrtSession {
        val graph = bundle.manifest.graphs.getValue(name)
        val context = graph.contexts[chip]?.first()
        return if (context != null) open(bundle.file(context)) else compiled(bundle, name)
    }

    private fun compiled(bundle: Bundle, name: String): OrtSession {
        val model = bundle.file(bundle.manifest.graphs.getValue(name).files[0])
        val kept = if (keep) Kept(bundle, name) else null
        kept?.find()?.let { context ->
            try {
                return open(context)
            } catch (_: EngineError) {
                kept.delete() // of an older library
            }
        }
        devices() // throws before a person is told to wait
        tell(NpuEvent.Compiling(name))
        if (kept == null || !kept.hasRoom()) return open(model)
        return kept.keep { context ->
            val settings = mapOf(
                "ep.context_enable" to "1",
                "ep.context_file_path" to context.path,
                "ep.context_embed_mode" to "0",
            )
            open(model, settings)
        }
    }

    private fun open(model: File, settings: Map<String, String> = emptyMap()): OrtSession {
        val backend = library("libQnnHtp.so")
        val devices = devices()
        try {
            sessionOptions(threads = 0, mapped = false).use { session ->
                for ((key, value) in settings + (STRICT to "1")) session.addConfigEntry(key, value)
                session.addExecutionProvider(devices, options + NO_HALF + ("backend_path" to backend.path))
                return environment.createSession(model.path, session)
            }
        } catch (error: OrtException) {
            throw EngineError("the NPU's library cannot open ${model.path}: ${firstLine(error)}", error)
        }
    }

    /** What the provider runs on. Registers its library, which onnxruntime takes once a process. */
    private fun devices(): List<OrtEpDevice> {
        val provider = library("libonnxruntime_providers_qnn.so").canonicalFile
        fun found() = environment.epDevices.filter { it.epName == PROVIDER && it.epMetadata["library_path"] == provider.path }
        try {
            return found().ifEmpty {
                environment.registerExecutionProviderLibrary(PROVIDER, provider.path)
                found()
            }.ifEmpty { throw EngineError("$provider finds no NPU in this device") }
        } catch (error: OrtException) {
            throw unloadable(provider, firstLine(error), error)
        } catch (error: LinkageError) { // this onnxruntime knows no such providers, or it is missing itself
            throw unloadable(provider, error.toString(), error)
        }
    }

    private fun unloadable(provider: File, reason: String, error: Throwable) =
        EngineError("onnxruntime cannot load $provider ($reason): use the version that it was built for", error)

    private fun library(name: String) = File(folder, name).also {
        if (!it.isFile) throw EngineError("Qualcomm's library $it is missing")
    }
}
