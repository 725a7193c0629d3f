package org.meissonic.mobile.app.model

import java.io.File
import java.io.IOException
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.withContext
import org.meissonic.mobile.engine.DrawingEvent
import org.meissonic.mobile.engine.EngineError
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Request
import org.meissonic.mobile.engine.Stage
import org.meissonic.mobile.engine.UserError
import org.meissonic.mobile.engine.checkMemory
import org.meissonic.mobile.engine.pictureSettings
import org.meissonic.mobile.engine.printable
import org.meissonic.mobile.engine.settle

/** The state of the drawing. */
sealed interface DrawState

data object Idle : DrawState

/** [stage] is null while the model's files are checked; [left] null until the first step is done. */
data class Working(
    val stage: Stage? = null,
    val step: Int = 0,
    val steps: Int = 0,
    val left: Duration? = null,
    val preview: Picture? = null,
    val number: Int = 1, // of the picture, of so many
    val count: Int = 1,
) : DrawState {
    /** Steps of all pictures. */
    val total get() = count * steps

    /** Steps of all pictures that are done. */
    val done get() = (number - 1) * steps + step
}

/** [drawn] is the last picture; [cut] has the ends of texts that did not fit. */
data class Done(val drawn: Drawn, val cut: Collection<String>) : DrawState

/** [error] is a UserError, or an IOException if the picture could not be saved. */
data class Failed(val error: Exception) : DrawState

/** A person stopped it. */
data object Stopped : DrawState

/** Android ended the process during a drawing; the form is unchanged. */
data object Interrupted : DrawState

/**
 * Draws one picture after another, independent of screens. Call its functions on the main thread.
 *
 * [openGenerator] opens the model and hashes its files; it is called again after [forget]. [freeMemory] is in bytes.
 * [marker] is a file that exists during a drawing.
 */
class Studio(
    private val scope: CoroutineScope,
    private val gallery: Gallery,
    private val marker: File,
    private val freeMemory: () -> Long,
    private val openGenerator: () -> Generator,
) {
    private val mutable = MutableStateFlow(if (marker.delete()) Interrupted else Idle) // reported once
    val state: StateFlow<DrawState> = mutable

    private var job: Job? = null
    private var generator: Generator? = null
    private var pace = Duration.ZERO // of a step

    /**
     * Starts to draw [count] pictures with consecutive seeds. Returns false, and does nothing, while one is being made.
     *
     * Those that are finished stay in the gallery when a later one fails or is stopped.
     */
    fun draw(request: Request, previews: Boolean, count: Int = 1): Boolean {
        if (state.value is Working) return false
        mutable.value = Working(count = count)
        job = scope.launch(start = CoroutineStart.UNDISPATCHED) {
            mutable.value = try {
                withContext(Dispatchers.IO) { writeWhole(marker) {} }
                made(request, previews, count)
            } catch (_: CancellationException) {
                Stopped
            } catch (error: UserError) {
                Failed(error)
            } catch (error: IOException) {
                Failed(error)
            } catch (error: Throwable) { // a bundle is anyone's work: whatever it breaks must not end the app
                Failed(EngineError("this model cannot draw ($error): get another", error))
            }
            marker.delete()
        }
        return true
    }

    fun stop() {
        job?.cancel()
    }

    /** Stops a drawing in progress and closes the model, so that another can replace it. */
    suspend fun forget() {
        job?.cancel()
        job?.join()
        generator?.close()
        generator = null
    }

    private suspend fun made(request: Request, previews: Boolean, count: Int): DrawState {
        val generator = generator ?: runInterruptible(Dispatchers.IO) { openGenerator() }.also { generator = it }
        val manifest = generator.bundle.manifest
        checkMemory(manifest, settle(request, manifest).size, freeMemory())
        var done: DrawState? = null
        for (number in 1..count) {
            val numbered = request.copy(seed = request.seed + (number - 1).toULong())
            mutable.value = (mutable.value as Working).copy(number = number, step = 0)
            done = made(numbered, previews, generator)
        }
        return checkNotNull(done)
    }

    private suspend fun made(request: Request, previews: Boolean, generator: Generator): DrawState {
        var done: DrawState? = null
        generator.events(request).collect { event ->
            val before = mutable.value as Working
            when (event) {
                is DrawingEvent.Began -> mutable.value = before.copy(stage = event.stage, left = null)
                is DrawingEvent.Step -> {
                    val (step, steps) = event.progress.step + 1 to event.progress.steps
                    if (step < steps) pace = event.left / (steps - step)
                    val others = pace * steps * (before.count - before.number)
                    val preview = event.progress.preview.takeIf { previews }
                    mutable.value = before.copy(step = step, steps = steps, left = event.left + others, preview = preview)
                }
                is DrawingEvent.Preview -> Unit // exact ones, which run the decoder
                is DrawingEvent.Finished -> {
                    val drawing = event.drawing
                    val bundle = generator.bundle
                    val drawn = withContext(Dispatchers.IO) {
                        val made = pictureSettings(request, drawing.settings, bundle)
                        gallery.add(drawing, printable(bundle.manifest.model.name), made)
                    }
                    done = Done(drawn, drawing.cut.values)
                }
            }
        }
        return checkNotNull(done)
    }
}
