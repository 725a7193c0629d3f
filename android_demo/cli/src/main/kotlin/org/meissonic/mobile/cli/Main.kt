package org.meissonic.mobile.cli

import java.io.File
import java.util.Locale
import java.util.concurrent.Callable
import kotlin.system.exitProcess
import kotlin.time.Duration
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.Cancelled
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.DrawingEvent
import org.meissonic.mobile.engine.Edit
import org.meissonic.mobile.engine.EngineError
import org.meissonic.mobile.engine.Fit
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.engine.Margins
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.PictureMode
import org.meissonic.mobile.engine.PictureSettings
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.RequestError
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.Stop
import org.meissonic.mobile.engine.UserError
import org.meissonic.mobile.engine.pictureSettings
import org.meissonic.mobile.engine.printable
import org.meissonic.mobile.engine.settingsOf
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
private const val MAX_COUNT = 1000
private const val LIBRARY = "ONNXRUNTIME_QNN" // the environment's name for the folder of Qualcomm's library

private const val TWO_ROWS = "the step of this bundle takes two text rows, so a step without guidance saves no time"

/** The engines of `python -m runtime` that run ONNX graphs. Picocli shows their names. */
@Suppress("EnumEntryName", "ktlint")
enum class EngineName { onnxruntime, qnn }

@Suppress("EnumEntryName", "ktlint")
enum class FitName(val fit: Fit) { crop(Fit.CROP), pad(Fit.PAD), stretch(Fit.STRETCH) }

/** `java -jar meissonic.jar "PROMPT"`: the flags of `python -m runtime`. */
@Command(
    name = "java -jar meissonic.jar",
    description = ["Draw a picture with an exported bundle, as the Android app does. Defaults come from the bundle."],
    mixinStandardHelpOptions = true,
    version = ["0.2.0"],
    footer = [
        "examples:",
        "  java -jar meissonic.jar \"a red cat with a hat\" --seed 7 --out cat.png",
        "  java -jar meissonic.jar \"a red cat\" --steps 8 --guidance-from 0.5",
        "  java -jar meissonic.jar \"a blue cat\" --image cat.png --strength 0.6",
        "  java -jar meissonic.jar \"a yellow sun\" --image cat.png --mask white_where.png",
        "  java -jar meissonic.jar \"a wide meadow\" --image small.png --extend 16 0 16 0",
        "  java -jar meissonic.jar \"a red cat\" --image photo.jpg --fit pad",
        "  java -jar meissonic.jar \"a red cat\" --count 4 --grid --out cat.png",
        "  java -jar meissonic.jar --from cat.png --steps 32",
        "  java -jar meissonic.jar \"a red cat\" --bundle build/android-qnn --engine qnn",
    ],
)
internal class Main : Callable<Int> {
    @Parameters(paramLabel = "PROMPT", arity = "0..1", description = ["what to draw"])
    var prompt: String? = null

    @Option(names = ["--bundle"], paramLabel = "DIR", description = ["default: \${DEFAULT-VALUE}"])
    var bundle = File("build/android")

    @Option(names = ["--negative"], paramLabel = "TEXT", description = ["what not to draw"])
    var negative: String? = null

    @Option(names = ["--seed"], description = ["same seed, same picture; default: 0"])
    var seed: String? = null

    @Option(names = ["--count"], paramLabel = "N", description = ["draw N pictures with consecutive seeds"])
    var count = 1

    @Option(names = ["--grid"], description = ["with --count: also one picture of all, side by side"])
    var grid = false

    @Option(names = ["--from"], paramLabel = "FILE.png", description = ["draw this picture again; other flags change that"])
    var from: File? = null

    @Option(names = ["--steps"], description = ["more are slower and better"])
    var steps: Int? = null

    @Option(names = ["--guidance"], description = ["how closely to follow the prompt; 1 or less: no guidance"])
    var guidance: Double? = null

    @Option(
        names = ["--guidance-from"],
        paramLabel = "SHARE",
        description = ["share of the steps before guidance begins, 0 to 1; a step without it takes half the time"],
    )
    var guidanceFrom: Double? = null

    @Option(
        names = ["--guidance-until"],
        paramLabel = "SHARE",
        description = ["share of the steps after which guidance ends, 0 to 1; default: 1"],
    )
    var guidanceUntil: Double? = null

    @Option(names = ["--size"], arity = "2", paramLabel = "PIXELS", description = ["width and height; one of the bundle's"])
    var size: List<Int>? = null

    @Option(names = ["--image"], paramLabel = "FILE", description = ["picture to start from, of any size"])
    var image: File? = null

    @Option(
        names = ["--fit"],
        description = ["\${COMPLETION-CANDIDATES}: how the image gets the size drawn: cut its edges, add margins, or distort it; default: crop"],
    )
    var fit: FitName? = null

    @Option(
        names = ["--no-compose"],
        description = ["leave the picture as the model draws it: pixels outside the mask change a little"],
    )
    var noCompose = false

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

    private var pace = Duration.ZERO // of a step

    override fun call(): Int {
        val again = from?.let { file ->
            settingsOf(contentOf(file))
                ?: throw RequestError("$file does not say what made it: give a PNG that this project drew, unchanged")
        }
        val first = check(again)
        val request = first.copy(edit = edit(again))
        val stop = Stop()
        val written = mutableListOf<Picture>()
        val keep = preview > 0 && !lowMemory
        Generator(openEngine(), keep, keepText = count > 1, tiny = tinyDecoder).use { generator ->
            if (again != null && again.model != generator.bundle.sha256) {
                System.err.println("warning: $bundle is not the bundle that drew the picture: the new one will differ")
            }
            if (generator.bundle.manifest.twoRows && (request.guidanceFrom to request.guidanceUntil) != (0.0 to 1.0)) {
                System.err.println("warning: $TWO_ROWS")
            }
            for ((which, cut) in generator.cut(request)) {
                System.err.println("warning: the $which is too long, this was cut off: \"${printable(cut)}\"")
            }
            try {
                interruptible(stop) {
                    for (number in 1..count) {
                        val numbered = request.copy(seed = request.seed + (number - 1).toULong())
                        val drawing = generator.draw(numbered, preview, stop) { show(it, number) }
                        writePng(file(number), drawing.picture, pictureSettings(numbered, drawing.settings, generator.bundle))
                        written += drawing.picture
                        println(summary(drawing, file(number)))
                    }
                }
            } catch (stopped: Cancelled) {
                if (written.isEmpty()) throw stopped
                val last = if (written.size > 1) " to ${file(written.size)}" else ""
                throw StoppedLater("${file(1)}$last finished")
            } finally {
                if (grid && written.isNotEmpty()) {
                    writePng(gridFile, tiled(written))
                    println("$gridFile: ${written.size} pictures")
                }
            }
        }
        return 0
    }

    /** The file of a picture, counted from 1. */
    private fun file(number: Int) =
        if (count == 1) out else File(out.parentFile, "${out.nameWithoutExtension}-$number.png")

    /** The file of all pictures side by side. */
    private val gridFile get() = File(out.parentFile, "${out.nameWithoutExtension}-grid.png")

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

    /** What to draw, without the picture to start from. Throws RequestError for arguments that contradict each other. */
    private fun check(again: PictureSettings?): Request {
        val edits = listOf("--mask" to mask, "--extend" to extend, "--strength" to strength, "--fit" to fit)
        for ((flag, value) in edits + ("--no-compose" to noCompose.takeIf { it })) {
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
        if (count !in 1..MAX_COUNT) throw RequestError("--count $count is out of range: give 1 to $MAX_COUNT")
        if (grid && count == 1) throw RequestError("--grid shows several pictures: add --count N")
        val files = (1..count).map(::file) + if (grid) listOf(gridFile) else listOf()
        for (file in files) if (file.isDirectory) throw RequestError("--out $file is a folder: name a file in it")
        for ((flag, read) in listOf("--from" to from, "--image" to image, "--mask" to mask)) {
            if (read != null && files.any { it.canonicalFile == read.canonicalFile }) {
                throw RequestError("--out would replace $read, which $flag reads: name another file")
            }
        }
        val typed = seed?.let {
            it.toULongOrNull() ?: throw RequestError("seed $it is out of range: give 0 to ${ULong.MAX_VALUE}")
        }
        val number = typed ?: again?.seed ?: 0u
        if (ULong.MAX_VALUE - number < (count - 1).toULong()) {
            throw RequestError("seed $number has no ${count - 1} seeds after it: give a smaller one")
        }
        val wanted = size?.let {
            if (it.any { side -> side <= 0 }) throw RequestError("--size ${it.joinToString(" ")} is not positive")
            Size(it[0], it[1])
        }
        return Request(
            prompt = prompt ?: again?.prompt ?: throw RequestError("there is no prompt: say what to draw (see --help)"),
            negative = negative ?: again?.negativePrompt,
            seed = number,
            steps = steps ?: again?.steps,
            guidance = guidance ?: again?.guidance,
            size = wanted ?: again?.size,
            fit = fit?.fit ?: again?.fit ?: Fit.CROP,
            compose = !noCompose && again?.compose != false,
            guidanceFrom = guidanceFrom ?: again?.guidanceFrom ?: 0.0,
            guidanceUntil = guidanceUntil ?: again?.guidanceUntil ?: 1.0,
        )
    }

    private fun edit(again: PictureSettings?): Edit? {
        val before = again?.mode ?: PictureMode.TEXT
        if (image == null && before != PictureMode.TEXT) {
            throw RequestError("$from was drawn on another picture: add it with --image FILE")
        }
        val plain = mask == null && extend == null
        if (plain && before == PictureMode.INPAINT) throw RequestError("$from was drawn with a mask: add it with --mask FILE")
        if (plain && strength == null && before == PictureMode.OUTPAINT && again?.margins == null) {
            throw RequestError("$from does not name its margins: add them with --extend L T R B")
        }
        val picture = readPicture(image ?: return null)
        val margins = extend?.let { Margins(it[0], it[1], it[2], it[3]) } ?: again?.margins?.takeIf { plain && strength == null }
        val where = mask
        fun share(mode: PictureMode) = strength ?: again?.strength?.takeIf { before == mode }
        return when {
            margins != null -> Edit.Outpaint(picture, margins)
            where != null -> Edit.Inpaint(picture, readPicture(where), share(PictureMode.INPAINT) ?: 1.0)
            else -> Edit.ImageToImage(picture, share(PictureMode.IMAGE))
        }
    }

    /** Shows the progress of a picture, counted from 1. */
    private fun show(event: DrawingEvent, number: Int) {
        if (event is DrawingEvent.Preview) {
            val name = String.format(Locale.ROOT, "%s.step%03d.png", file(number).nameWithoutExtension, event.step + 1)
            writePng(File(out.absoluteFile.parentFile, name), event.picture)
        }
        if (event is DrawingEvent.Step && System.console() != null) {
            val (step, steps) = event.progress.step + 1 to event.progress.steps
            if (step < steps) pace = event.left / (steps - step)
            val left = (event.left + pace * steps * (count - number)).inWholeSeconds
            val which = if (count > 1) "picture $number/$count, " else ""
            System.err.print("\r${which}step $step/$steps, $left s left  ")
            if (step == steps) System.err.println()
        }
    }

    private fun summary(drawing: Drawing, file: File): String {
        val stages = drawing.seconds.entries.joinToString { (stage, seconds) ->
            String.format(Locale.ROOT, "%s %.2f s", stage.name.lowercase(), seconds)
        }
        return with(drawing.settings) {
            "$file: $size, ${if (steps == 1) "1 step" else "$steps steps"}, seed $seed ($stages)"
        }
    }
}

/** The drawing was stopped after others had finished: the message says which. */
private class StoppedLater(message: String) : Exception(message)

/** Ctrl-C ends the run in progress before the JVM exits. */
private fun interruptible(stop: Stop, draw: () -> Unit) {
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
                is StoppedLater -> System.err.println("stopped: ${error.message}")
                else -> throw error
            }
            if (error is UserError) WRONG_INPUT else STOPPED
        }
        .setParameterExceptionHandler { error, _ ->
            System.err.println("error: ${error.message} (see --help)")
            WRONG_INPUT
        }
    exitProcess(command.execute(*arguments))
}
