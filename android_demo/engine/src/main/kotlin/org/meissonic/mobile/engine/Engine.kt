package org.meissonic.mobile.engine

/** Runs a bundle's graphs by name: the only seam between the loop and what computes. One thread draws. */
interface Engine : AutoCloseable {
    val bundle: Bundle

    /** The graphs in memory now. */
    val loaded: Set<String>

    /** Loads a graph unless it is loaded. Throws EngineError or BundleError that names the file. */
    fun open(name: String)

    /** Unloads a graph and its weights; waits for a run in progress. */
    fun close(name: String)

    /**
     * Runs a graph on the tensors it names (others are ignored) and returns its outputs by name.
     *
     * Throws Cancelled once [stop] is called, BundleError for a tensor unlike the manifest's, EngineError if the run
     * fails.
     */
    fun run(name: String, tensors: Map<String, Tensor>, stop: Stop): Map<String, Tensor>

    /** Unloads every graph. */
    override fun close() = loaded.forEach(::close)
}

/** Stops one drawing, from any thread; a stopped one cannot go on. */
class Stop {
    private var stopped = false
    private var terminate: (() -> Unit)? = null

    /** Ends what runs inside [during] and refuses further runs. */
    fun stop() = synchronized(this) {
        stopped = true
        terminate?.invoke()
        Unit
    }

    /** Throws Cancelled once stopped. */
    fun check() = synchronized(this) { if (stopped) throw Cancelled() }

    /** Runs [block]; `stop` calls [terminate], which must end it. Throws Cancelled if stopped before. */
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

/** Throws BundleError for a tensor unlike the manifest's. */
fun TensorFacts.check(tensor: Tensor, graph: String) {
    val same = tensor.dtype == dtype && tensor.shape.size == shape.size &&
        shape.zip(tensor.shape).all { (wanted, side) -> wanted.fixed == null || wanted.fixed == side }
    if (!same) {
        throw BundleError(
            "graph $graph: $name would be ${tensor.dtype} ${tensor.shape}, the manifest says $dtype $shape: the" +
                " bundle's graphs do not fit together, export it again",
        )
    }
}
