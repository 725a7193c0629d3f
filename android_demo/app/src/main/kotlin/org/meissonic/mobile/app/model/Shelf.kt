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

/** The state of the model that the screens show. */
sealed interface ModelState

data object NoModel : ModelState

/** A stopped installation, which can be resumed. */
data class Unfinished(val bytes: Long, val total: Long) : ModelState

data class Arriving(val bytes: Long, val total: Long, val checking: Boolean = false) : ModelState

data class Ready(val manifest: Manifest, val whole: Whole) : ModelState

/** The last installation failed with [error], a StoreError or BundleError; [before] is the state it left. */
data class Trouble(val error: Exception, val before: ModelState) : ModelState

/** The model that is ready to draw, if there is one. */
val ModelState.ready: Ready? get() = this as? Ready ?: (this as? Trouble)?.before as? Ready

/**
 * Installs and deletes the model of this device. Call its functions on the main thread.
 *
 * It waits for [release] before it replaces or deletes files, because nothing may hold them then.
 */
class Shelf(
    private val scope: CoroutineScope,
    private val store: ModelStore,
    private val release: suspend () -> Unit,
) {
    private val mutable = MutableStateFlow(here())
    val state: StateFlow<ModelState> = mutable

    private var job: Job? = null

    /** Starts or resumes an installation. Returns false, and does nothing, while one runs. */
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
            } catch (error: Throwable) { // a source is anyone's work: whatever it breaks must not end the app
                Trouble(BundleError("this model cannot be installed ($error): get another", error), here())
            }
        }
        return true
    }

    fun stop() {
        job?.cancel()
    }

    /** Deletes the model and any unfinished installation. */
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
        is Whole -> Ready(stored.manifest, stored)
        is Partly -> Unfinished(stored.bytes, stored.total)
        else -> NoModel
    }
}
