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
import org.meissonic.mobile.engine.Cancelled
import org.meissonic.mobile.engine.DType
import org.meissonic.mobile.engine.EngineError
import org.meissonic.mobile.engine.Floats
import org.meissonic.mobile.engine.Graph
import org.meissonic.mobile.engine.GraphOpener
import org.meissonic.mobile.engine.Ints
import org.meissonic.mobile.engine.Stop
import org.meissonic.mobile.engine.Tensor
import org.meissonic.mobile.engine.TensorFacts

/**
 * Opens a bundle's graphs with onnxruntime: the desktop jar or the Android library, they have the same classes.
 *
 * [threads] a graph runs on; 0: as onnxruntime thinks best. [lowMemory] leaves weights mapped from their files:
 * slower by a sixth, but the memory is the system's to take back.
 */
class OrtOpener(private val threads: Int = 0, private val lowMemory: Boolean = false) : GraphOpener {
    override fun open(bundle: Bundle, name: String): Graph {
        val facts = bundle.manifest.graphs.getValue(name)
        val file = bundle.file(facts.files[0])
        val session = try {
            sessionOptions(threads, lowMemory).use { options ->
                environment.createSession(file.path, options) // by path: only so can the weights stay mapped
            }
        } catch (error: OrtException) {
            val madeWith = bundle.manifest.tools["onnxruntime"] ?: "unknown"
            throw EngineError(
                "onnxruntime ${environment.version} cannot open $file: ${firstLine(error)} (the bundle was made with" +
                    " onnxruntime $madeWith)",
                error,
            )
        }
        try {
            checkSignature(file.name, "input", facts.inputs, session.inputInfo)
            checkSignature(file.name, "output", facts.outputs, session.outputInfo)
        } catch (error: BundleError) {
            session.close()
            throw error
        }
        return OrtGraph(name, session)
    }
}

// When it is made, it matches the process's command line with a regular expression that recurses a character at a
// time: some 3000 characters, a long prompt, overflow the usual stack of 1 MB and end the process.
private val environment: OrtEnvironment by lazy {
    val making = FutureTask(OrtEnvironment::getEnvironment)
    Thread(null, making, "onnxruntime", 64L shl 20).start()
    making.get()
}

/** One session. */
private class OrtGraph(private val name: String, private val session: OrtSession) : Graph {
    private val lock = ReentrantLock()
    private var closed = false

    override fun run(inputs: Map<String, Tensor>, stop: Stop): Map<String, Tensor> = lock.withLock {
        if (closed) throw EngineError("graph $name is closed: open it again")
        val feed = mutableMapOf<String, OnnxTensor>()
        try {
            for ((key, tensor) in inputs) feed[key] = toOrt(tensor)
            // Fresh each time: terminated options stay terminated.
            OrtSession.RunOptions().use { options ->
                options.setLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL)
                stop.during({ options.setTerminate(true) }) { session.run(feed, options) }.use { made ->
                    made.associate { (key, value) -> key to fromOrt(value as OnnxTensor) }
                }
            }
        } catch (error: OrtException) {
            stop.check() // a run that was terminated fails
            throw EngineError("onnxruntime failed in graph $name: ${firstLine(error)}", error)
        } finally {
            feed.values.forEach(OnnxTensor::close)
        }
    }

    override fun close() = lock.withLock {
        if (!closed) session.close()
        closed = true
    }

    // Direct buffers are read where they are; of heap arrays onnxruntime would make a copy itself.
    private fun toOrt(tensor: Tensor): OnnxTensor {
        val shape = tensor.shape.map(Int::toLong).toLongArray()
        return when (tensor) {
            is Ints -> OnnxTensor.createTensor(environment, direct(4 * tensor.values.size).asIntBuffer().put(tensor.values).rewind(), shape)
            is Floats -> OnnxTensor.createTensor(environment, direct(4 * tensor.values.size).asFloatBuffer().put(tensor.values).rewind(), shape)
            is Bytes -> OnnxTensor.createTensor(environment, direct(tensor.values.size).put(tensor.values).rewind(), shape, OnnxJavaType.UINT8)
        }
    }

    private fun direct(bytes: Int): ByteBuffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())

    private fun fromOrt(tensor: OnnxTensor): Tensor {
        val shape = tensor.info.shape.map(Long::toInt).toIntArray()
        return when (dtype(tensor.info)) {
            DType.INT32 -> Ints(tensor.intBuffer.let { buffer -> IntArray(buffer.remaining()).also(buffer::get) }, *shape)
            DType.FLOAT32 -> Floats(tensor.floatBuffer.let { buffer -> FloatArray(buffer.remaining()).also(buffer::get) }, *shape)
            DType.UINT8 -> Bytes(tensor.byteBuffer.let { buffer -> ByteArray(buffer.remaining()).also(buffer::get) }, *shape)
            null -> throw BundleError("graph $name gives ${tensor.info.type}: export the bundle again")
        }
    }
}

// onnxruntime's passes that widen weights which are stored in half precision.
private const val WIDENING = "ConstantFolding;FuseFp16InitializerToFp32NodeTransformer"

// Whether sums of u8 x s8 products may saturate: x86 without VNNI adds them in pairs in 16 bits (runtime/processor.py).
private val saturating: Boolean by lazy {
    val x86 = System.getProperty("os.arch") in setOf("amd64", "x86_64")
    val flags = runCatching { File("/proc/cpuinfo").readText().split(Regex("\\s")) }.getOrDefault(emptyList())
    x86 && setOf("avx512_vnni", "avx_vnni", "amx_int8").none(flags::contains)
}

/** As runtime/onnxruntime_engine.py has them, where the reasons are. */
private fun sessionOptions(threads: Int, mapped: Boolean) = SessionOptions().apply {
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

/** The graph's own names, types and fixed sizes must be the manifest's. */
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

/** What onnxruntime says, without its code. */
private fun firstLine(error: OrtException): String =
    error.message.orEmpty().lineSequence().first().replace(Regex("^Error code - \\w+ - message: "), "")
