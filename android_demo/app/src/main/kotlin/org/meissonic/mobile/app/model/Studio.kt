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
import org.meissonic.mobile.engine.Finished
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Stage
import org.meissonic.mobile.engine.StageBegan
import org.meissonic.mobile.engine.Stepped
import org.meissonic.mobile.engine.Task
import org.meissonic.mobile.engine.UserError
import org.meissonic.mobile.engine.checkMemory
import org.meissonic.mobile.engine.settle

/** Where the drawing is. */
sealed interface DrawState

data object Idle : DrawState

/** [stage] is null while the model's files are checked; [left] null until the first step is done. */
data class Working(
    val stage: Stage? = null,
    val step: Int = 0,
    val steps: Int = 0,
    val left: Duration? = null,
    val preview: Picture? = null,
) : DrawState

/** [cut] are the ends of texts that did not fit. */
data class Done(val drawn: Drawn, val cut: Collection<String>) : DrawState

/** [error] is UserError, or IOException where the picture could not be kept. */
data class Failed(val error: Exception) : DrawState

/** A person stopped it. */
data object Stopped : DrawState

/** The process died while it drew; the form is as it was. */
data object Interrupted : DrawState

/**
 * Draws, one picture at a time, for as long as the process lives: screens come and go.
 *
 * [openGenerator] opens the model, hashing its files; it is asked again after [forget]. [freeMemory] is in bytes.
 * [marker] is a file that exists while a drawing is made. Its functions are for one thread, the screen's.
 */
class Studio(
    private val scope: CoroutineScope,
    private val gallery: Gallery,
    private val marker: File,
    private val freeMemory: () -> Long,
    private val openGenerator: () -> Generator,
) {
    private val mutable = MutableStateFlow(if (marker.exists()) Interrupted else Idle)
    val state: StateFlow<DrawState> = mutable

    private var job: Job? = null
    private var generator: Generator? = null

    /** Begins a drawing; false, and nothing else, while one is being made. */
    fun draw(task: Task, previewEvery: Int): Boolean {
        if (state.value is Working) return false
        mutable.value = Working()
        job = scope.launch(start = CoroutineStart.UNDISPATCHED) {
            mutable.value = try {
                withContext(Dispatchers.IO) { writeWhole(marker) {} }
                made(task, previewEvery)
            } catch (_: CancellationException) {
                Stopped
            } catch (error: UserError) {
                Failed(error)
            } catch (error: IOException) {
                Failed(error)
            }
            marker.delete()
        }
        return true
    }

    fun stop() {
        job?.cancel()
    }

    /** Closes the model, of which another may now be there; a drawing in progress is stopped first. */
    suspend fun forget() {
        job?.cancel()
        job?.join()
        generator?.close()
        generator = null
    }

    private suspend fun made(task: Task, previewEvery: Int): DrawState {
        val generator = generator ?: runInterruptible(Dispatchers.IO) { openGenerator() }.also { generator = it }
        val manifest = generator.bundle.manifest
        checkMemory(manifest, settle(task.request, manifest).size, freeMemory())
        var done: DrawState? = null
        generator.draw(task, previewEvery).collect { progress ->
            val before = mutable.value as Working
            when (progress) {
                is StageBegan -> mutable.value = before.copy(stage = progress.stage, left = null)
                is Stepped -> mutable.value = before.copy(
                    step = progress.step,
                    steps = progress.steps,
                    left = progress.left,
                    preview = progress.preview ?: before.preview,
                )
                is Finished -> {
                    val drawing = progress.drawing
                    val drawn = withContext(Dispatchers.IO) { gallery.add(drawing, manifest.model.name) }
                    done = Done(drawn, drawing.cut.values)
                }
            }
        }
        return checkNotNull(done)
    }
}
