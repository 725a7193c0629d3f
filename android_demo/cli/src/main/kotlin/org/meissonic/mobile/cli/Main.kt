package org.meissonic.mobile.cli

import java.io.File
import java.util.Locale
import java.util.concurrent.Callable
import kotlin.system.exitProcess
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.Cancelled
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.DrawingEvent
import org.meissonic.mobile.engine.Edit
import org.meissonic.mobile.engine.EngineError
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.engine.Margins
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.RequestError
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.Stop
import org.meissonic.mobile.engine.UserError
import org.meissonic.mobile.engine.printable
import org.meissonic.mobile.ort.Npu
import org.meissonic.mobile.ort.NpuEvent
import org.meissonic.mobile.ort.OrtEngine
import picocli.CommandLine
import picocli.CommandLine.Command
import picocli.CommandLine.Option
import picocli.CommandLine.Parameters

private const val WRONG_INPUT = 2
private const val STOPPED = 130
private const val MAX_THREADS = 256
private const val LIBRARY = "ONNXRUNTIME_QNN" // the environment's name for the folder of Qualcomm's library

/** The engines of `python -m runtime` that run ONNX graphs. Picocli shows their names. */
@Suppress("EnumEntryName", "ktlint")
enum class EngineName { onnxruntime, qnn }

/** `java -jar meissonic.jar "PROMPT"`: the flags of `python -m runtime`. */
@Command(
    name = "java -jar meissonic.jar",
    description = ["Draw a picture with an exported bundle, as the Android app does. Defaults come from the bundle."],
    mixinStandardHelpOptions = true,
    version = ["0.2.0"],
    footer = [
        "examples:",
        "  java -jar meissonic.jar \"a red cat with a hat\" --seed 7 --out cat.png",
        "  java -jar meissonic.jar \"a blue cat\" --image cat.png --strength 0.6",
        "  java -jar meissonic.jar \"a yellow sun\" --image cat.png --mask white_where.png",
        "  java -jar meissonic.jar \"a wide meadow\" --image small.png --extend 16 0 16 0",
        "  java -jar meissonic.jar \"a red cat\" --bundle build/android-qnn --engine qnn",
    ],
)
internal class Main : Callable<Int> {
    @Parameters(paramLabel = "PROMPT", description = ["what to draw"])
    lateinit var prompt: String

    @Option(names = ["--bundle"], paramLabel = "DIR", description = ["default: \${DEFAULT-VALUE}"])
    var bundle = File("build/android")

    @Option(names = ["--negative"], paramLabel = "TEXT", description = ["what not to draw"])
    var negative: String? = null

    @Option(names = ["--seed"], description = ["same seed, same picture; default: 0"])
    var seed = "0"

    @Option(names = ["--steps"], description = ["more are slower and better"])
    var steps: Int? = null

    @Option(names = ["--guidance"], description = ["how closely to follow the prompt; 1 or less: no guidance"])
    var guidance: Double? = null

    @Option(names = ["--size"], arity = "2", paramLabel = "PIXELS", description = ["width and height; one of the bundle's"])
    var size: List<Int>? = null

    @Option(names = ["--image"], paramLabel = "FILE", description = ["picture to start from, of the size drawn"])
    var image: File? = null

    @Option(names = ["--mask"], paramLabel = "FILE", description = ["repaint only where this picture is white"])
    var mask: File? = null

    @Option(names = ["--extend"], arity = "4", paramLabel = "PIXELS", description = ["paint left, top, right, bottom of the image"])
    var extend: List<Int>? = null

    @Option(names = ["--strength"], description = ["share of the steps that run on the image, above 0 to 1"])
    var strength: Double? = null

    @Option(names = ["--out"], paramLabel = "FILE.png", description = ["default: \${DEFAULT-VALUE}"])
    var out = File("picture.png")

    @Option(names = ["--tiny-decoder"], description = ["decode with the bundle's tiny decoder: faster, less exact"])
    var tinyDecoder = false

    @Option(names = ["--preview"], paramLabel = "K", description = ["write the unfinished picture every K steps"])
    var preview = 0

    @Option(names = ["--threads"], description = ["default: all cores"])
    var threads = 0

    @Option(names = ["--low-memory"], description = ["map weights from their files and keep one stage in memory, as on a phone"])
    var lowMemory = false

    @Option(
        names = ["--engine"],
        description = [
            "\${COMPLETION-CANDIDATES}; default: \${DEFAULT-VALUE}. qnn: Qualcomm's NPU, emulated, for bundles exported" +
                " with --qnn; the environment's $LIBRARY names the folder of the Python package onnxruntime_qnn",
        ],
    )
    var engine = EngineName.onnxruntime

    override fun call(): Int {
        val request = check().copy(edit = edit())
        val stop = Stop()
        val drawing = Generator(openEngine(), keep = preview > 0 && !lowMemory, tiny = tinyDecoder).use { generator ->
            for ((which, cut) in generator.cut(request)) {
                System.err.println("warning: the $which is too long, this was cut off: \"${printable(cut)}\"")
            }
            interruptible(stop) { generator.draw(request, preview, stop, ::show) }
        }
        writePng(out, drawing.picture)
        println(summary(drawing))
        return 0
    }

    private fun openEngine(): OrtEngine {
        val opened = Bundle.open(bundle)
        if (engine == EngineName.onnxruntime) return OrtEngine(opened, threads, lowMemory)
        if (!opened.manifest.forNpu) {
            throw RequestError("--engine qnn runs graphs made for an NPU, but this bundle has none: export one with --qnn")
        }
        val library = System.getenv(LIBRARY) ?: throw RequestError(
            "--engine qnn needs Qualcomm's library: pip install onnxruntime-qnn, and name the folder of the package" +
                " onnxruntime_qnn in the environment's $LIBRARY",
        )
        System.err.println("the NPU is emulated: a step takes seconds, and its time says nothing of a phone")
        // As in Python, the CPU does not draw in the NPU's place.
        val npu = Npu(File(library)) { if (it is NpuEvent.Refused) throw EngineError(it.reason) }
        return OrtEngine(opened, threads, lowMemory, npu)
    }

    /** Throws RequestError for arguments that contradict each other. */
    private fun check(): Request {
        for ((flag, value) in listOf("--mask" to mask, "--extend" to extend, "--strength" to strength)) {
            if (value != null && image == null) throw RequestError("$flag needs a picture: add --image FILE")
        }
        if (extend != null && (mask != null || strength != null)) {
            throw RequestError("--extend paints the margins alone: leave out --mask and --strength")
        }
        if (preview < 0) throw RequestError("--preview $preview is negative: give 0 or more")
        if (threads !in 0..MAX_THREADS) {
            throw RequestError("--threads $threads is out of range: give 1 to $MAX_THREADS, or 0 for every core")
        }
        if (out.extension.lowercase() != "png") throw RequestError("--out $out is not a PNG name: end it in .png")
        if (!out.absoluteFile.parentFile.isDirectory) {
            throw RequestError("folder ${out.absoluteFile.parent} does not exist: make it, or choose another --out")
        }
        if (out.isDirectory) throw RequestError("--out $out is a folder: name a file in it")
        val number = seed.toULongOrNull()
            ?: throw RequestError("seed $seed is out of range: give 0 to ${ULong.MAX_VALUE}")
        val wanted = size?.let {
            if (it.any { side -> side <= 0 }) throw RequestError("--size ${it.joinToString(" ")} is not positive")
            Size(it[0], it[1])
        }
        return Request(prompt, negative, number, steps, guidance, wanted)
    }

    private fun edit(): Edit? {
        val picture = readPicture(image ?: return null)
        val margins = extend
        val where = mask
        return when {
            margins != null -> Edit.Outpaint(picture, Margins(margins[0], margins[1], margins[2], margins[3]))
            where != null -> Edit.Inpaint(picture, readPicture(where), strength ?: 1.0)
            else -> Edit.ImageToImage(picture, strength)
        }
    }

    private fun show(event: DrawingEvent) {
        if (event is DrawingEvent.Preview) {
            val name = String.format(Locale.ROOT, "%s.step%03d.png", out.nameWithoutExtension, event.step + 1)
            writePng(File(out.absoluteFile.parentFile, name), event.picture)
        }
        if (event is DrawingEvent.Step && System.console() != null) {
            val (step, steps) = event.progress.step + 1 to event.progress.steps
            System.err.print("\rstep $step/$steps, ${event.left.inWholeSeconds} s left  ")
            if (step == steps) System.err.println()
        }
    }

    private fun summary(drawing: Drawing): String {
        val stages = drawing.seconds.entries.joinToString { (stage, seconds) ->
            String.format(Locale.ROOT, "%s %.2f s", stage.name.lowercase(), seconds)
        }
        return with(drawing.settings) { "$out: $size, $steps steps, seed $seed ($stages)" }
    }
}

/** Ctrl-C ends the run in progress before the JVM exits. */
private fun interruptible(stop: Stop, draw: () -> Drawing): Drawing {
    val drawing = Thread.currentThread()
    val hook = Thread {
        stop.stop()
        drawing.join(10_000)
    }
    Runtime.getRuntime().addShutdownHook(hook)
    try {
        return draw()
    } finally {
        runCatching { Runtime.getRuntime().removeShutdownHook(hook) } // refused while it runs
    }
}

fun main(arguments: Array<String>) {
    val command = CommandLine(Main())
        .setExecutionExceptionHandler { error, _, _ ->
            when (error) {
                is UserError -> System.err.println("error: ${error.message}")
                is Cancelled -> System.err.println("stopped: no picture was written")
                else -> throw error
            }
            if (error is Cancelled) STOPPED else WRONG_INPUT
        }
        .setParameterExceptionHandler { error, _ ->
            System.err.println("error: ${error.message} (see --help)")
            WRONG_INPUT
        }
    exitProcess(command.execute(*arguments))
}
