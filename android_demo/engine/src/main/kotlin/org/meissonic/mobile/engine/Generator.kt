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

// Draws with a bundle: image encoder, text encoder, conditioner, the masked loop over the step chain, image decoder.
//
// Tensors travel from graph to graph by name, as the manifest says; the step is a chain of any length.

enum class Stage { IMAGE_ENCODER, TEXT_ENCODER, CONDITIONER, STEPS, IMAGE_DECODER }

/** A finished picture, and how it was made. */
class Drawing(
    val picture: Picture,
    val rgb: ByteArray, // u8 [h, w, 3]
    val tokens: IntArray, // [H*W]
    val settings: Settings,
    val cut: Map<String, String>, // the end of "prompt" and "negative prompt" that did not fit; empty if all did
    val seconds: Map<Stage, Double>, // STEPS is the whole loop
)

/** What a drawing tells while it is made. */
sealed interface DrawingEvent {
    /** A stage begins: its graphs are loaded now, which may take long. */
    data class Began(val stage: Stage) : DrawingEvent

    /** A step ended. [left] is the time that the other steps take at the pace so far. */
    class Step(val progress: Progress, val left: Duration) : DrawingEvent

    /** The exact unfinished picture after a step (from 0). */
    class Preview(val picture: Picture, val step: Int) : DrawingEvent

    /** The last event. */
    class Finished(val drawing: Drawing) : DrawingEvent
}

/**
 * An open bundle, ready to draw one picture at a time.
 *
 * With [keep] graphs stay loaded between stages and drawings: faster for many, but all are in memory. Without it, one
 * stage's graphs are in memory at a time: an exact preview between two steps unloads the step, decodes alone, and the
 * step is loaded again. The small preview of each `Progress` needs no graph. With [keepText] what the graphs made of the
 * texts is kept, so that the next drawing of the same texts, size and steps does not run them again. With [tiny] the
 * bundle's tiny decoder makes the pictures; RequestError if it has none.
 */
class Generator(
    private val engine: Engine,
    private val keep: Boolean = false,
    private val keepText: Boolean = false,
    tiny: Boolean = false,
) : AutoCloseable {
    val bundle = engine.bundle
    private val manifest = bundle.manifest
    private val tokenizer = Tokenizer.of(bundle)
    private val previewTable = PreviewTable.of(bundle)
    private val decoder = if (tiny) "tiny_decoder" else "image_decoder"
    private val busy = ReentrantLock()
    private var closed = false
    private var keptText: Pair<Settings, Map<String, Tensor>>? = null // for these settings with any seed

    init {
        if (decoder !in manifest.graphs) {
            throw RequestError(
                "this bundle has no tiny_decoder: leave it out, or export with --tiny-decoder DIR",
            )
        }
    }

    /** The graphs in memory now. */
    val loaded: Set<String> get() = engine.loaded

    /** Unloads every graph; waits for the drawing in progress, which its `Stop` ends. No drawing can follow. */
    override fun close() {
        busy.lock()
        try {
            closed = true
            keptText = null
            engine.close()
        } finally {
            busy.unlock()
        }
    }

    /** Draws while it is collected, in another thread; cancelling the collector ends the run in progress. See [draw]. */
    fun events(request: Request, previewEvery: Int = 0): Flow<DrawingEvent> = channelFlow {
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
                send(DrawingEvent.Finished(draw(request, previewEvery, stop) { trySend(it) }))
                watch.cancel()
            }
        }
    }.buffer(Channel.UNLIMITED)

    /**
     * Draws in the caller's thread. [onEvent] gets every event but `Finished`.
     *
     * Every [previewEvery] steps (0: never) it gets the exact unfinished picture: each runs the image decoder and, without
     * `keep`, loads it and the step again. Throws UserError, and Cancelled once [stop] is called. A second drawing while
     * one is being made throws RequestError and leaves the first alone.
     */
    fun draw(
        request: Request,
        previewEvery: Int = 0,
        stop: Stop = Stop(),
        onEvent: (DrawingEvent) -> Unit = {},
    ): Drawing {
        if (!busy.tryLock()) throw RequestError("a drawing is being made: wait for it or stop it")
        try {
            if (closed) throw RequestError("the generator is closed: open the bundle again")
            return Run(settle(request, manifest), previewEvery, stop, onEvent).draw(request)
        } catch (error: Cancelled) {
            throw error
        } catch (error: RuntimeException) { // of tensors that the manifest allows and that do not fit together
            throw EngineError("the bundle's graphs do not fit together ($error): export the bundle again", error)
        } finally {
            busy.unlock()
        }
    }

    /** The end of "prompt" and "negative prompt" that does not fit. Throws RequestError. */
    fun cut(request: Request): Map<String, String> = cut(encodeTexts(settle(request, manifest)))

    private fun cut(texts: Map<String, Encoded>) = texts.mapValues { it.value.cut }.filterValues { it.isNotEmpty() }

    /** Ids i32 [T] and the end that was cut of each text, in the order the graphs take them. */
    private fun encodeTexts(settings: Settings): Map<String, Encoded> = buildMap {
        if (settings.guided) put("negative prompt", tokenizer.encode(settings.negative))
        put("prompt", tokenizer.encode(settings.prompt))
    }

    /** One drawing. */
    private inner class Run(
        private val settings: Settings,
        private val previewEvery: Int,
        private val stop: Stop,
        private val onEvent: (DrawingEvent) -> Unit,
    ) {
        private val grid = grid(settings, manifest)
        private val seconds = mutableMapOf<Stage, Double>()

        fun draw(request: Request): Drawing {
            val canvas = canvas(settings, manifest, request.edit, request.fit)
            val texts = encodeTexts(settings)
            val encoded = canvas.pixels?.let(::encode)
            val conditions = conditionOnce(texts.values.map { it.ids })
            val tokens = runLoop(canvas.plan, canvas.tokens(encoded), conditions)
            val drawn = stage(Stage.IMAGE_DECODER, listOf(decoder)) { decode(tokens) }
            val covered = canvas.covered.takeIf { request.compose }
            val rgb = if (covered == null || canvas.pixels == null) {
                drawn
            } else {
                compose(canvas.pixels.values, drawn, covered, settings.size, manifest.model.tokenSize)
            }
            return Drawing(Picture.of(rgb, settings.size), rgb, tokens, settings, cut(texts), seconds)
        }

        /** A picture u8 [h, w, 3] as tokens i32 [H*W]. */
        private fun encode(pixels: Bytes): IntArray = stage(Stage.IMAGE_ENCODER, listOf("image_encoder")) {
            (engine.run("image_encoder", mapOf("image" to pixels), stop).getValue("tokens") as Ints).values
        }

        /** Tokens i32 [H*W] as a picture u8 [h, w, 3]. */
        private fun decode(tokens: IntArray): ByteArray {
            val tensors = mapOf("tokens" to Ints(tokens, grid.height, grid.width))
            return (engine.run(decoder, tensors, stop).getValue("image") as Bytes).values
        }

        /** What [condition] gives, kept from the last drawing if nothing but the seed differs. */
        private fun conditionOnce(texts: List<IntArray>): Map<String, Tensor> {
            val same = settings.copy(seed = 0u)
            keptText?.let { (settings, conditions) -> if (settings == same) return conditions }
            keptText = null // frees it before the graphs run
            val conditions = condition(texts)
            if (keepText) keptText = same to conditions
            return conditions
        }

        /**
         * Runs the graphs that depend on the prompt alone.
         *
         * Returns `context` f32 [R, T, D] and `modulation` f32 [N, R, M]. Rows are [negative, prompt] with guidance,
         * [prompt] without, and [prompt, prompt] without if the step takes exactly two.
         */
        private fun condition(texts: List<IntArray>): Map<String, Tensor> {
            val rows = if (manifest.twoRows && !settings.guided) texts + texts else texts
            var tensors: Map<String, Tensor> = mapOf(
                "input_ids" to Ints(rows.flatMap { it.asList() }.toIntArray(), rows.size, rows[0].size),
                "micro_sinusoids" to microSinusoids(settings.size, manifest.defaults.score),
                "step_sinusoids" to stepSinusoids(settings.steps, manifest.model.timestep),
            )
            tensors += stage(Stage.TEXT_ENCODER, listOf("text_encoder")) { engine.run("text_encoder", tensors, stop) }
            return stage(Stage.CONDITIONER, listOf("conditioner")) { engine.run("conditioner", tensors, stop) }
        }

        /** Runs the step chain on the tensors it names. Returns them with those it gives (`drawn`, `log_prob`). */
        private fun runStep(tensors: Map<String, Tensor>): Map<String, Tensor> =
            manifest.step.fold(tensors) { known, name -> known + engine.run(name, known, stop) }

        /** The finished tokens i32 [H*W]. */
        private fun runLoop(plan: Plan, tokens: IntArray, conditions: Map<String, Tensor>): IntArray {
            val (context, modulation) = listOf("context", "modulation").map { conditions.getValue(it) as Floats }
            val rows = if (manifest.twoRows) 2 else 1 // of a step without guidance: the prompt's, which is the last
            val prompt = context.last(rows)
            val noise = PhiloxNoise(settings.seed)
            val guidance = Floats(floatArrayOf(settings.guidance.toFloat()))
            val begun = TimeSource.Monotonic.markNow()

            fun onStep(progress: Progress) {
                val done = progress.step + 1
                val told = progress.with(previewTable?.picture(progress.candidate, grid))
                onEvent(DrawingEvent.Step(told, begun.elapsedNow() / (done - plan.start) * (plan.steps - done)))
                if (previewEvery > 0 && progress.masked > 0 && done % previewEvery == 0) {
                    val rgb = withOnly(listOf(decoder)) { decode(progress.candidate) }
                    onEvent(DrawingEvent.Preview(Picture.of(rgb, settings.size), progress.step))
                }
            }
            return stage(Stage.STEPS, manifest.step) {
                drawTokens(tokens, noise, plan, ::onStep) { i, codes, uniforms ->
                    val first = i == 0 && plan.student != null // a student's first pass has no guidance
                    val guided = settings.guidedAt(i) && !first
                    val ofStep = modulation[if (first) 0 else settings.steps - 1 - i]
                    val out = runStep(
                        mapOf(
                            "context" to if (guided) context else prompt,
                            "modulation" to if (guided) ofStep else ofStep.last(rows),
                            "guidance" to guidance,
                            "tokens" to Ints(codes, grid.height, grid.width),
                            "uniforms" to Floats(uniforms, 2, codes.size),
                        ) + embeddingNoise(noise, i),
                    )
                    (out.getValue("drawn") as Ints).values to (out.getValue("log_prob") as Floats).values
                }
            }
        }

        /** `embedding_noise` f32 [H, W, D] of a student that takes it: normal in its first pass, later zero as its teacher. */
        private fun embeddingNoise(noise: Noise, step: Int): Map<String, Tensor> {
            val student = manifest.model.student
            if (student == null || student.noise == 0.0) return emptyMap()
            val (width, count) = manifest.model.innerDim to grid.area * manifest.model.innerDim
            val values = if (step == 0) noise.embedding(count) else FloatArray(count)
            return mapOf("embedding_noise" to Floats(values, grid.height, grid.width, width))
        }

        /** Tells of a stage and measures it; [graphs] are its own. */
        private fun <T> stage(stage: Stage, graphs: List<String>, run: () -> T): T {
            onEvent(DrawingEvent.Began(stage))
            val begun = TimeSource.Monotonic.markNow()
            try {
                return withOnly(graphs, run)
            } finally {
                seconds[stage] = begun.elapsedNow().toDouble(DurationUnit.SECONDS)
            }
        }

        /** Unless graphs are kept, unloads all others before the run, and [graphs] after it. */
        private fun <T> withOnly(graphs: List<String>, run: () -> T): T {
            if (keep) return run()
            (engine.loaded - graphs.toSet()).forEach(engine::close)
            try {
                return run()
            } finally {
                graphs.forEach(engine::close)
            }
        }
    }
}
