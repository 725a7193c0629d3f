package org.meissonic.mobile.app

import java.util.concurrent.CountDownLatch
import org.meissonic.mobile.engine.Engine
import org.meissonic.mobile.engine.Stop
import org.meissonic.mobile.engine.Tensor

/** A point at which a drawing waits: the run of [graph] that follows [after] others, until it is stopped or released. */
class Hold(private val graph: String?, private val after: Int) {
    private val ended = CountDownLatch(1)
    private var runs = 0

    @Volatile
    var reached = false
        private set

    fun release() = ended.countDown()

    fun pass(name: String, stop: Stop) {
        if (name != graph || runs++ != after) return
        stop.during(::release) {
            reached = true
            ended.await()
        }
        stop.check()
    }
}

/** An engine whose runs pass a hold first. */
class HoldingEngine(private val engine: Engine, private val hold: Hold) : Engine by engine {
    override fun run(name: String, tensors: Map<String, Tensor>, stop: Stop): Map<String, Tensor> {
        hold.pass(name, stop)
        return engine.run(name, tensors, stop)
    }
}
