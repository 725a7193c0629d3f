package org.meissonic.mobile.engine

import java.util.concurrent.locks.ReentrantLock
import kotlin.time.Duration
import kotlin.time.DurationUnit
import kotlin.time.TimeSource
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.launch

enum class Stage { IMAGE_ENCODER, TEXT_ENCODER, CONDITIONER, STEPS, IMAGE_DECODER }

/** What a drawing tells while it is made. */
sealed interface Progress

/** A stage begins. */
data class StageBegan(val stage: Stage) : Progress

/** Step [step] of [steps] (from 1) is done; [left] is what the further steps will take at the pace so far. */
class Stepped(
    val step: Int,
    val steps: Int,
    val masked: Int,
    val tokens: IntArray, // [H*W], as they go on
    val left: Duration,
    val preview: Picture?,
) : Progress

/** The last word. */
class Finished(val drawing: Drawing) : Progress

/** A finished picture and how it came about. */
class Drawing(
    val picture: Picture,
    val rgb: ByteArray, // u8 [h, w, 3]
    val tokens: IntArray, // [H*W]
    val settings: Settings,
    val cut: Map<String, String>, // what did not fit of "prompt" and "negative prompt"
    val seconds: Map<Stage, Double>,
)

/**
 * One bundle, ready to draw: one drawing at a time.
 *
 * With [keep] graphs stay loaded between stages and drawings: faster for many, but all are in memory. Without it
 * one stage's graphs are in memory at a time: the step's are unloaded while the decoder draws a preview.
 */
class Generator(val bundle: Bundle, opener: GraphOpener, private val keep: Boolean = false) : AutoCloseable {
    private val manifest = bundle.manifest
    private val model = manifest.model
    private val graphs = Graphs(bundle, opener)
    private val tokenizer = Tokenizer.of(bundle)
    private val busy = ReentrantLock()
    private var closed = false

    /** The graphs in memory now. */
    val loaded: Set<String> get() = graphs.loaded

    /**
     * Draws while it is collected, off the collector's thread; cancelling the collector ends the run in progress.
     *
     * [previewEvery] steps a picture of the unfinished drawing comes with the step (0: never); each takes an image
     * decoder's run, and without `keep` loading it and the step again. Fails with UserError.
     */
    fun draw(task: Task, previewEvery: Int = 0): Flow<Progress> = channelFlow {
        val stop = Stop()
        coroutineScope {
            // Cancelled at once, in the canceller's thread, while the drawing's thread is inside a graph.
            val watch = launch(Dispatchers.Unconfined) {
                try {
                    awaitCancellation()
                } finally {
                    stop.stop()
                }
            }
            launch(Dispatchers.IO) {
                send(Finished(drawNow(task, previewEvery, stop) { trySend(it) }))
                watch.cancel()
            }
        }
    }.buffer(Channel.UNLIMITED)

    /** `draw` in the caller's thread. Throws UserError, and Cancelled once [stop] is called. */
    fun drawNow(task: Task, previewEvery: Int = 0, stop: Stop = Stop(), tell: (Progress) -> Unit = {}): Drawing =
        alone { One(settle(task.request, manifest), previewEvery, stop, tell).run(task) }

    /** What does not fit of "prompt" and "negative prompt". Throws RequestError. */
    fun cut(request: Request): Map<String, String> =
        texts(settle(request, manifest)).mapValues { it.value.cut }.filterValues { it.isNotEmpty() }

    /** Unloads everything; waits for the drawing in progress, which its `Stop` shortens. */
    override fun close() {
        busy.lock()
        try {
            closed = true
            graphs.close()
        } finally {
            busy.unlock()
        }
    }

    private fun <T> alone(block: () -> T): T {
        if (!busy.tryLock()) throw RequestError("a drawing is being made: wait for it or stop it")
        try {
            if (closed) throw RequestError("the generator is closed: open the bundle again")
            return block()
        } finally {
            busy.unlock()
        }
    }

    private fun texts(settings: Settings): Map<String, Encoded> = buildMap {
        if (settings.guided) put("negative prompt", tokenizer.encode(settings.negative))
        put("prompt", tokenizer.encode(settings.prompt))
    }

    /** One drawing. */
    private inner class One(
        private val settings: Settings,
        private val previewEvery: Int,
        private val stop: Stop,
        private val tell: (Progress) -> Unit,
    ) {
        private val seconds = mutableMapOf<Stage, Double>()
        private val grid = settings.size.let { Size(it.width / model.tokenSize, it.height / model.tokenSize) }
        private val noise = Noise(settings.seed)

        fun run(task: Task): Drawing = when (task) {
            is TextToImage -> finish(IntArray(grid.width * grid.height) { model.maskTokenId }, plan(0))
            is ImageToImage -> {
                val strength = checkStrength(task.strength ?: manifest.defaults.strength)
                val pixels = task.image.rgb(settings.size)
                val plan = plan(Loop.startingStep(settings.steps, strength))
                finish(Loop.maskSome(encode(pixels), noise, plan), plan)
            }
            is Inpaint -> {
                checkStrength(task.strength)
                val pixels = task.image.rgb(settings.size)
                repaint(pixels, task.mask.mask(settings.size, grid), task.strength)
            }
            is Outpaint -> {
                checkMargins(task.margins, task.image.size, settings.size, model.tokenSize)
                val pixels = task.image.padded(task.margins).rgb(settings.size)
                repaint(pixels, marginMask(grid, task.margins, model.tokenSize), 1.0)
            }
        }

        private fun plan(start: Int, schedule: MaskingSchedule = model.maskingSchedule, ratio: Float = 1f) = Plan(
            steps = settings.steps,
            maskTokenId = model.maskTokenId,
            schedule = schedule,
            start = start,
            startingRatio = ratio,
            temperature = manifest.defaults.temperature.let { it[0] to it[1] },
        )

        // The published inpainting takes the linear schedule, scaled to the share of the picture to repaint.
        private fun repaint(pixels: ByteArray, unknown: BooleanArray, strength: Double): Drawing {
            val ratio = (unknown.count { it }.toDouble() / unknown.size).toFloat()
            val plan = plan(Loop.startingStep(settings.steps, strength), MaskingSchedule.LINEAR, ratio)
            val tokens = encode(pixels)
            return finish(IntArray(tokens.size) { if (unknown[it]) model.maskTokenId else tokens[it] }, plan)
        }

        private fun finish(start: IntArray, plan: Plan): Drawing {
            val texts = texts(settings)
            val made = condition(texts.values.map { it.ids })
            val tokens = stage(Stage.STEPS, *manifest.step.toTypedArray()) { steps(start, plan, made) }
            val rgb = stage(Stage.IMAGE_DECODER, "image_decoder") { decode(tokens) }
            val cut = texts.mapValues { it.value.cut }.filterValues { it.isNotEmpty() }
            return Drawing(Picture.of(rgb, settings.size), rgb, tokens, settings, cut, seconds)
        }

        /** `context` [R, T, D] and `modulation` [N, R, M] of rows [negative, prompt], or [prompt] alone. */
        private fun condition(texts: List<IntArray>): Map<String, Tensor> {
            val rows = if (manifest.twoRows && texts.size == 1) texts + texts else texts
            var tensors: Map<String, Tensor> = mapOf(
                "input_ids" to Ints(rows.flatMap { it.asList() }.toIntArray(), rows.size, rows[0].size),
                "micro_sinusoids" to Sinusoids.micro(settings.size, manifest.defaults.score),
                "step_sinusoids" to Sinusoids.steps(settings.steps),
            )
            tensors = tensors + stage(Stage.TEXT_ENCODER, "text_encoder") { graphs.run("text_encoder", tensors, stop) }
            return stage(Stage.CONDITIONER, "conditioner") { graphs.run("conditioner", tensors, stop) }
        }

        private fun steps(start: IntArray, plan: Plan, made: Map<String, Tensor>): IntArray {
            val modulation = made.getValue("modulation") as Floats
            val fixed = mapOf(
                "context" to made.getValue("context"),
                "guidance" to Floats(floatArrayOf(settings.guidance.toFloat())),
            )
            val begun = TimeSource.Monotonic.markNow()

            fun after(done: StepDone) {
                val count = done.step + 1 - plan.start
                val shown = previewEvery > 0 && done.masked > 0 && (done.step + 1) % previewEvery == 0
                val preview = if (shown) preview(done.candidate) else null
                val left = begun.elapsedNow() / count * (done.steps - done.step - 1)
                tell(Stepped(done.step + 1, done.steps, done.masked, done.tokens, left, preview))
            }
            return Loop.draw(start, noise, plan, ::after) { i, tokens, uniforms ->
                var tensors = fixed + mapOf(
                    "tokens" to Ints(tokens, grid.height, grid.width),
                    "modulation" to modulation[settings.steps - 1 - i],
                    "uniforms" to Floats(uniforms, 2, tokens.size),
                )
                for (name in manifest.step) tensors = tensors + graphs.run(name, tensors, stop)
                Drawn((tensors.getValue("drawn") as Ints).values, (tensors.getValue("log_prob") as Floats).values)
            }
        }

        private fun preview(candidate: IntArray): Picture {
            if (!keep) manifest.step.forEach(graphs::close)
            return unloading(listOf("image_decoder")) { Picture.of(decode(candidate), settings.size) }
        }

        private fun encode(pixels: ByteArray): IntArray {
            if ("image_encoder" !in manifest.graphs) {
                throw RequestError(
                    "this bundle has no image_encoder and draws from text only: export it again with one",
                    TextOnly,
                )
            }
            val image = Bytes(pixels, settings.size.height, settings.size.width, 3)
            return stage(Stage.IMAGE_ENCODER, "image_encoder") {
                (graphs.run("image_encoder", mapOf("image" to image), stop).getValue("tokens") as Ints).values
            }
        }

        private fun decode(tokens: IntArray): ByteArray {
            val made = graphs.run("image_decoder", mapOf("tokens" to Ints(tokens, grid.height, grid.width)), stop)
            return (made.getValue("image") as Bytes).values
        }

        /** Tells of a stage, measures it and unloads its graphs after it. */
        private fun <T> stage(stage: Stage, vararg names: String, run: () -> T): T {
            tell(StageBegan(stage))
            val begun = TimeSource.Monotonic.markNow()
            try {
                return unloading(names.asList(), run)
            } finally {
                seconds[stage] = begun.elapsedNow().toDouble(DurationUnit.SECONDS)
            }
        }

        private fun <T> unloading(names: List<String>, run: () -> T): T = try {
            run()
        } finally {
            if (!keep) names.forEach(graphs::close)
        }
    }
}
