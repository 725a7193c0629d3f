package org.meissonic.mobile.app.model

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.BundleError
import org.meissonic.mobile.engine.Manifest
import org.meissonic.mobile.store.Checking
import org.meissonic.mobile.store.Installed
import org.meissonic.mobile.store.ModelSource
import org.meissonic.mobile.store.ModelStore
import org.meissonic.mobile.store.Partly
import org.meissonic.mobile.store.StoreError
import org.meissonic.mobile.store.Transferring
import org.meissonic.mobile.store.Whole

/** What a person is told of the model. */
sealed interface ModelState

data object NoModel : ModelState

/** An installation was stopped and can go on. */
data class Unfinished(val bytes: Long, val total: Long) : ModelState

data class Arriving(val bytes: Long, val total: Long, val checking: Boolean = false) : ModelState

data class Ready(val manifest: Manifest, val whole: Whole) : ModelState

/** The last installation failed with [error], StoreError or BundleError; [before] is what there is now. */
data class Trouble(val error: Exception, val before: ModelState) : ModelState

/** The model that can be drawn with, if there is one. */
val ModelState.ready: Ready? get() = this as? Ready ?: (this as? Trouble)?.before as? Ready

/**
 * The model of this device and what happens to it. Its functions are for one thread, the screen's.
 *
 * [release] is waited for before files are replaced or deleted: nothing may hold them then.
 */
class Shelf(
    private val scope: CoroutineScope,
    private val store: ModelStore,
    private val release: suspend () -> Unit,
) {
    private val mutable = MutableStateFlow(here())
    val state: StateFlow<ModelState> = mutable

    private var job: Job? = null

    /** Begins or goes on with an installation; false, and nothing else, while one runs. */
    fun install(source: ModelSource): Boolean {
        if (state.value is Arriving) return false
        mutable.value = Arriving(0, 0)
        job = scope.launch(start = CoroutineStart.UNDISPATCHED) {
            release()
            mutable.value = try {
                store.install(source).collect { told ->
                    val before = mutable.value as Arriving
                    when (told) {
                        is Transferring -> mutable.value = Arriving(told.bytes, told.total)
                        is Checking -> mutable.value = before.copy(checking = true)
                        is Installed -> Unit
                    }
                }
                here()
            } catch (_: CancellationException) {
                here()
            } catch (error: StoreError) {
                Trouble(error, here())
            } catch (error: BundleError) {
                Trouble(error, here())
            }
        }
        return true
    }

    fun stop() {
        job?.cancel()
    }

    /** Deletes the model, and what has arrived of one. */
    fun delete() {
        val running = job
        job = scope.launch(start = CoroutineStart.UNDISPATCHED) {
            running?.cancel()
            running?.join()
            release()
            withContext(Dispatchers.IO) { store.delete() }
            mutable.value = here()
        }
    }

    private fun here(): ModelState = when (val stored = store.state()) {
        is Whole -> Ready(Bundle.readManifest(stored.folder), stored)
        is Partly -> Unfinished(stored.bytes, stored.total)
        else -> NoModel
    }
}
