package org.meissonic.mobile.app

import android.app.ActivityManager
import android.app.Application
import java.io.File
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.launch
import org.meissonic.mobile.app.model.Arriving
import org.meissonic.mobile.app.model.DraftFile
import org.meissonic.mobile.app.model.Gallery
import org.meissonic.mobile.app.model.Shelf
import org.meissonic.mobile.app.model.Studio
import org.meissonic.mobile.app.model.Working
import org.meissonic.mobile.app.model.ready
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.BundleError
import org.meissonic.mobile.engine.Engine
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.ort.OrtEngine
import org.meissonic.mobile.store.ModelStore

/** The state that lives as long as the process. Screens show it. */
class Meissonic : Application() {
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)

    val draftFile by lazy { DraftFile(File(filesDir, "draft.json")) }
    val picked by lazy { PickedPicture(scope, File(filesDir, "picked.png")) }
    val gallery by lazy { Gallery(File(filesDir, "gallery"), ::encodePng) }
    val studio by lazy { Studio(scope, gallery, File(filesDir, "drawing"), ::freeMemory, ::openGenerator) }
    val shelf by lazy { Shelf(scope, ModelStore(File(filesDir, "models"))) { studio.forget() } }

    /** Whether work runs that must continue while the screen is off. */
    val busy by lazy {
        combine(studio.state, shelf.state) { drawing, model -> drawing is Working || model is Arriving }
            .distinctUntilChanged()
    }

    override fun onCreate() {
        super.onCreate()
        scope.launch { busy.collect { if (it) WorkService.start(this@Meissonic) } }
    }

    /** Bytes that the app can use before Android ends other processes. */
    fun freeMemory(): Long {
        val info = ActivityManager.MemoryInfo()
        service<ActivityManager>().getMemoryInfo(info)
        return info.availMem - info.threshold
    }

    /** Opens an engine for a bundle; tests replace it. */
    internal var openEngine: (Bundle) -> Engine = { OrtEngine(it, lowMemory = true) }

    private fun openGenerator(): Generator {
        val ready = shelf.state.value.ready ?: throw BundleError("there is no model on this device: get one first")
        return Generator(openEngine(Bundle.open(ready.whole.folder)))
    }
}
