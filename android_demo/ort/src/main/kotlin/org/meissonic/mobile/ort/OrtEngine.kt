package org.meissonic.mobile.ort

import ai.onnxruntime.NodeInfo
import ai.onnxruntime.OnnxJavaType
import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtLoggingLevel
import ai.onnxruntime.OrtSession
import ai.onnxruntime.OrtSession.SessionOptions
import ai.onnxruntime.TensorInfo
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.FutureTask
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.BundleError
import org.meissonic.mobile.engine.Bytes
import org.meissonic.mobile.engine.DType
import org.meissonic.mobile.engine.Engine
import org.meissonic.mobile.engine.EngineError
import org.meissonic.mobile.engine.Floats
import org.meissonic.mobile.engine.FunctionFacts
import org.meissonic.mobile.engine.GraphFacts
import org.meissonic.mobile.engine.Ints
import org.meissonic.mobile.engine.Stop
import org.meissonic.mobile.engine.Tensor
import org.meissonic.mobile.engine.TensorFacts
import org.meissonic.mobile.engine.check
import org.meissonic.mobile.engine.choose
import org.meissonic.mobile.engine.fixed

/**
 * Runs a bundle's graphs on onnxruntime, the desktop jar or the Android library.
 *
 * [threads] is the number of threads a graph runs on; 0 lets onnxruntime take every core. [lowMemory] leaves weights
 * mapped from their files: slower, but the system can take the memory back. [npu] runs the graphs that were made for it,
 * which the CPU runs without it, and when it refuses one.
 */
class OrtEngine(
    override val bundle: Bundle,
    private val threads: Int = 0,
    private val lowMemory: Boolean = false,
    private val npu: Npu? = null,
) : Engine {
    /** A graph in memory. It takes the size of [function]. */
    private class Loaded(val function: FunctionFacts?, val session: OrtSession)

    private val sessions = mutableMapOf<String, Loaded>()
    private val refused = mutableSetOf<String>() // by the NPU
    private val lock = ReentrantLock()

    override val loaded: Set<String> get() = lock.withLock { sessions.keys.toSet() }

    override fun open(name: String) {
        lock.withLock { if (name !in sessions) open(name, bundle.manifest.graphs.getValue(name).functions.firstOrNull()) }
    }

    /** The graph for one size; it takes the place of the graph for another, whose weights leave memory first. */
    private fun open(name: String, function: FunctionFacts?): OrtSession {
        sessions[name]?.let { if (it.function == function) return it.session }
        close(name)
        return session(name, function).also { sessions[name] = Loaded(function, it) }
    }

    override fun close(name: String) = lock.withLock { sessions.remove(name)?.session?.close() ?: Unit }

    override fun run(name: String, tensors: Map<String, Tensor>, stop: Stop): Map<String, Tensor> = lock.withLock {
        val graph = bundle.manifest.graphs.getValue(name)
        graph.inputs.forEach { it.check(tensors.getValue(it.name), name) }
        stop.check() // before a load that takes seconds
        val session = open(name, graph.choose(name, tensors))
        try {
            opened(name, graph, session, tensors, stop)
        } catch (error: OrtException) {
            stop.check() // a run that was terminated fails
            val reason = "onnxruntime failed in graph $name: ${firstLine(error)}"
            if (!onNpu(name)) throw EngineError(reason, error)
            close(name)
            refuse(name, reason)
            run(name, tensors, stop)
        }
    }

    private fun opened(
        name: String,
        graph: GraphFacts,
        session: OrtSession,
        tensors: Map<String, Tensor>,
        stop: Stop,
    ): Map<String, Tensor> {
        val feed = mutableMapOf<String, OnnxTensor>()
        try {
            for (input in graph.inputs) feed[input.name] = toOrt(tensors.getValue(input.name))
            // New options for each run, because terminated ones stay terminated.
            return OrtSession.RunOptions().use { options ->
                options.setLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL)
                stop.during({ options.setTerminate(true) }) { session.run(feed, options) }.use { made ->
                    made.associate { (key, value) -> key to fromOrt(name, value as OnnxTensor) }
                }
            }.also { outputs -> graph.outputs.forEach { it.check(outputs.getValue(it.name), name) } }
        } finally {
            feed.values.forEach(OnnxTensor::close)
        }
    }

    private fun onNpu(name: String) = npu != null && bundle.manifest.graphs.getValue(name).forNpu && name !in refused

    private fun refuse(name: String, reason: String) {
        refused += name
        npu?.tell(NpuEvent.Refused(name, reason))
    }

    private fun session(name: String, function: FunctionFacts?): OrtSession {
        val graph = bundle.manifest.graphs.getValue(name)
        val file = bundle.file(function?.name ?: graph.files[0])
        val session = npuSession(name) ?: cpuSession(file)
        try {
            checkSignature(file.name, "input", graph.inputs.map { it.fixed(function) }, session.inputInfo)
            checkSignature(file.name, "output", graph.outputs.map { it.fixed(function) }, session.outputInfo)
        } catch (error: BundleError) {
            session.close()
            throw error
        }
        return session
    }

    /** Null if the graph is the CPU's. */
    private fun npuSession(name: String): OrtSession? {
        if (npu == null || !onNpu(name)) return null
        val session = try {
            npu.open(bundle, name)
        } catch (error: EngineError) {
            refuse(name, error.message.orEmpty())
            return null
        }
        npu.tell(NpuEvent.Opened(name))
        return session
    }

    private fun cpuSession(file: File): OrtSession = try {
        sessionOptions(threads, lowMemory).use { options ->
            environment.createSession(file.path, options) // by path, or the weights could not stay mapped
        }
    } catch (error: OrtException) {
        val madeWith = bundle.manifest.tools["onnxruntime"] ?: "unknown"
        throw EngineError(
            "onnxruntime ${environment.version} cannot open $file: ${firstLine(error)} (the bundle was made with" +
                " onnxruntime $madeWith)",
            error,
        )
    }
}

// The environment matches the process's command line with a regular expression that recurses once a character. Some 3000
// characters, a long prompt, overflow the usual stack of 1 MB and end the process; this thread has a larger one.
internal val environment: OrtEnvironment by lazy {
    val making = FutureTask(OrtEnvironment::getEnvironment)
    Thread(null, making, "onnxruntime", 64L shl 20).start()
    making.get()
}

// Direct buffers, because onnxruntime would copy heap arrays into ones of its own.
private fun toOrt(tensor: Tensor): OnnxTensor {
    val shape = tensor.shape.map(Int::toLong).toLongArray()
    return when (tensor) {
        is Ints -> OnnxTensor.createTensor(environment, direct(4 * tensor.values.size).asIntBuffer().put(tensor.values).rewind(), shape)
        is Floats -> OnnxTensor.createTensor(environment, direct(4 * tensor.values.size).asFloatBuffer().put(tensor.values).rewind(), shape)
        is Bytes -> OnnxTensor.createTensor(environment, direct(tensor.values.size).put(tensor.values).rewind(), shape, OnnxJavaType.UINT8)
    }
}

private fun direct(bytes: Int): ByteBuffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())

private fun fromOrt(graph: String, tensor: OnnxTensor): Tensor {
    val shape = tensor.info.shape.map(Long::toInt).toIntArray()
    return when (dtype(tensor.info)) {
        DType.INT32 -> Ints(tensor.intBuffer.let { buffer -> IntArray(buffer.remaining()).also(buffer::get) }, *shape)
        DType.FLOAT32 -> Floats(tensor.floatBuffer.let { buffer -> FloatArray(buffer.remaining()).also(buffer::get) }, *shape)
        DType.UINT8 -> Bytes(tensor.byteBuffer.let { buffer -> ByteArray(buffer.remaining()).also(buffer::get) }, *shape)
        null -> throw BundleError("graph $graph gives ${tensor.info.type}: export the bundle again")
    }
}

// onnxruntime's passes that widen weights stored in float16.
private const val WIDENING = "ConstantFolding;FuseFp16InitializerToFp32NodeTransformer"

// Whether sums of u8 x s8 products may saturate: x86 without VNNI adds pairs of them in 16 bits (runtime/processor.py).
private val saturating: Boolean by lazy {
    val x86 = System.getProperty("os.arch") in setOf("amd64", "x86_64")
    val flags = runCatching { File("/proc/cpuinfo").readText().split(Regex("\\s")) }.getOrDefault(emptyList())
    x86 && setOf("avx512_vnni", "avx_vnni", "amx_int8").none(flags::contains)
}

/** The options of runtime/onnxruntime_engine.py, which gives the reasons. */
internal fun sessionOptions(threads: Int, mapped: Boolean) = SessionOptions().apply {
    setOptimizationLevel(SessionOptions.OptLevel.ALL_OPT)
    setExecutionMode(SessionOptions.ExecutionMode.SEQUENTIAL)
    setIntraOpNumThreads(threads)
    setMemoryPatternOptimization(false)
    setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL)
    addConfigEntry("session.intra_op.allow_spinning", "0")
    addConfigEntry("session.set_denormal_as_zero", "1")
    if (saturating) addConfigEntry("session.x64quantprecision", "1")
    if (mapped) {
        setCPUArenaAllocator(false)
        setOptimizationLevel(SessionOptions.OptLevel.EXTENDED_OPT)
        addConfigEntry("session.disable_prepacking", "1")
        addConfigEntry("optimization.disable_specified_optimizers", WIDENING)
    }
}

/** Throws BundleError unless the graph's names, types and fixed sizes are the manifest's. */
private fun checkSignature(file: String, kind: String, wanted: List<TensorFacts>, found: Map<String, NodeInfo>) {
    if (found.keys != wanted.map { it.name }.toSet()) {
        val names = found.keys.sorted().joinToString()
        throw BundleError("$file has ${kind}s $names, unlike the manifest: export the bundle again")
    }
    for (tensor in wanted) {
        val info = found.getValue(tensor.name).info as TensorInfo
        val shape = info.shape.toList()
        val same = dtype(info) == tensor.dtype && shape.size == tensor.shape.size &&
            shape.zip(tensor.shape).all { (here, there) -> here < 0 || there.fixed == null || here == there.fixed!!.toLong() }
        if (!same) {
            throw BundleError(
                "$file: $kind ${tensor.name} is ${info.type} $shape, the manifest says ${tensor.dtype}" +
                    " ${tensor.shape}: export the bundle again",
            )
        }
    }
}

private fun dtype(info: TensorInfo): DType? = when (info.type) {
    OnnxJavaType.INT32 -> DType.INT32
    OnnxJavaType.FLOAT -> DType.FLOAT32
    OnnxJavaType.UINT8 -> DType.UINT8
    else -> null
}

/** onnxruntime's message without its error code. */
internal fun firstLine(error: OrtException): String =
    error.message.orEmpty().lineSequence().first().replace(Regex("^Error code - \\w+ - message: "), "")
