package org.meissonic.mobile.engine

/** A loaded graph: the only seam between the loop and what computes. */
interface Graph : AutoCloseable {
    /** Outputs by name. Throws EngineError, or Cancelled once [stop] is called. */
    fun run(inputs: Map<String, Tensor>, stop: Stop): Map<String, Tensor>

    /** Frees the graph; waits for a run in progress, and is harmless the second time. */
    override fun close()
}

/** Opens graphs by name. */
fun interface GraphOpener {
    /** Throws EngineError or BundleError that names the file. */
    fun open(bundle: Bundle, name: String): Graph
}

/** One drawing's way to be stopped, from any thread; it cannot be started again. */
class Stop {
    private var stopped = false
    private var terminate: (() -> Unit)? = null

    /** Ends what runs inside [during], and lets nothing begin there any more. */
    fun stop() = synchronized(this) {
        stopped = true
        terminate?.invoke()
        Unit
    }

    /** Throws Cancelled once stopped. */
    fun check() = synchronized(this) { if (stopped) throw Cancelled() }

    /** Runs [block], which [terminate] ends from another thread. Throws Cancelled instead once stopped. */
    fun <T> during(terminate: () -> Unit, block: () -> T): T {
        synchronized(this) {
            check()
            this.terminate = terminate
        }
        try {
            return block()
        } finally {
            synchronized(this) { this.terminate = null }
        }
    }
}

/** A bundle's graphs, loaded when they first run. For one thread at a time. */
internal class Graphs(private val bundle: Bundle, private val opener: GraphOpener) : AutoCloseable {
    private val open = mutableMapOf<String, Graph>()

    /** The graphs in memory now. */
    val loaded: Set<String> get() = open.keys.toSet()

    /**
     * Runs a graph on the tensors it names (others are ignored). Throws Cancelled, BundleError for a tensor unlike
     * the manifest's, EngineError.
     */
    fun run(name: String, tensors: Map<String, Tensor>, stop: Stop): Map<String, Tensor> {
        val facts = bundle.manifest.graphs.getValue(name)
        val feed = facts.inputs.associate { it.name to tensors.getValue(it.name) }
        for (tensor in facts.inputs) check(name, tensor, feed.getValue(tensor.name))
        stop.check() // before a load that takes seconds
        val made = open.getOrPut(name) { opener.open(bundle, name) }.run(feed, stop)
        for (tensor in facts.outputs) check(name, tensor, made.getValue(tensor.name))
        return made
    }

    /** Unloads a graph and its weights. */
    fun close(name: String) {
        open.remove(name)?.close()
    }

    override fun close() = loaded.forEach(::close)

    private fun check(graph: String, facts: TensorFacts, tensor: Tensor) {
        val same = tensor.dtype == facts.dtype && tensor.shape.size == facts.shape.size &&
            facts.shape.zip(tensor.shape).all { (wanted, side) -> wanted.fixed == null || wanted.fixed == side }
        if (!same) {
            throw BundleError(
                "graph $graph: ${facts.name} would be ${tensor.dtype} ${tensor.shape}, the manifest says" +
                    " ${facts.dtype} ${facts.shape}: the bundle's graphs do not fit together, export it again",
            )
        }
    }
}
