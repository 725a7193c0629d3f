package org.meissonic.mobile.app

import android.app.ActivityManager
import android.app.Application
import android.os.Build
import android.system.Os
import java.io.File
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.launch
import org.meissonic.mobile.app.model.Arriving
import org.meissonic.mobile.app.model.ComputeUnit
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.DraftFile
import org.meissonic.mobile.app.model.DrawState
import org.meissonic.mobile.app.model.Gallery
import org.meissonic.mobile.app.model.Interrupted
import org.meissonic.mobile.app.model.Shelf
import org.meissonic.mobile.app.model.Studio
import org.meissonic.mobile.app.model.UnitChoice
import org.meissonic.mobile.app.model.Working
import org.meissonic.mobile.app.model.ready
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.engine.BundleError
import org.meissonic.mobile.engine.Engine
import org.meissonic.mobile.engine.Generator
import org.meissonic.mobile.ort.Npu
import org.meissonic.mobile.ort.OrtEngine
import org.meissonic.mobile.store.ModelStore

// The compiler takes longer and gives the fastest graph.
private val FASTEST = mapOf("htp_performance_mode" to "burst", "htp_graph_finalization_optimization_mode" to "3")

/** The state that lives as long as the process. Screens show it. */
class Meissonic : Application() {
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)

    val draftFile by lazy { DraftFile(File(filesDir, "draft.json")) }
    val picked by lazy { PickedPicture(scope, File(filesDir, "picked.png")) }
    val gallery by lazy { Gallery(File(filesDir, "gallery"), ::encodePng) }
    val studio by lazy { Studio(scope, gallery, File(filesDir, "drawing"), ::freeMemory, ::openGenerator) }
    val shelf by lazy { Shelf(scope, ModelStore(File(filesDir, "models")), ::release) }
    val units by lazy { UnitChoice(File(filesDir, "unit.json")) }

    /** The model in the app's assets. */
    val bundled get() = AssetSource(assets, bundledIn)

    /** Whether work runs that must continue while the screen is off. */
    val busy by lazy {
        combine(studio.state, shelf.state) { drawing, model -> drawing is Working || model is Arriving }
            .distinctUntilChanged()
    }

    override fun onCreate() {
        super.onCreate()
        scope.launch { busy.collect { if (it) WorkService.start(this@Meissonic) } }
        scope.launch { studio.state.collect(::follow) }
    }

    private fun follow(drawing: DrawState) {
        if (drawing !is Working) units.idle()
        if (shelf.state.value.ready?.manifest?.forNpu != true) return
        if (drawing is Done) units.drew()
        if (drawing is Interrupted) units.ended()
    }

    private suspend fun release() {
        studio.forget()
        units.newModel()
    }

    /** Lets a unit draw from the next picture on. */
    fun choose(unit: ComputeUnit) {
        scope.launch {
            studio.forget()
            units.choose(unit)
        }
    }

    /** Bytes that the app can use before Android ends other processes. */
    fun freeMemory(): Long {
        val info = ActivityManager.MemoryInfo()
        service<ActivityManager>().getMemoryInfo(info)
        return info.availMem - info.threshold
    }

    /** Opens an engine for a bundle, whose graphs for the NPU run there unless it is null; tests replace it. */
    internal var openEngine: (Bundle, Npu?) -> Engine = { bundle, npu -> OrtEngine(bundle, lowMemory = true, npu = npu) }

    /** The folder of the assets that holds a model; tests name another. */
    internal var bundledIn = "model"

    /** Where Qualcomm's libraries are, if not in the app; tests set it. */
    internal var libraries: File? = null

    private fun openGenerator(): Generator {
        val ready = shelf.state.value.ready ?: throw BundleError("there is no model on this device: get one first")
        val npu = if (units.state.value.choice.drawing == ComputeUnit.NPU) npu() else null
        return Generator(openEngine(Bundle.open(ready.whole.folder), npu), keepText = true)
    }

    private fun npu(): Npu {
        val folder = libraries ?: File(applicationInfo.nativeLibraryDir.orEmpty())
        // Where the NPU's own loader looks for the part that runs on it.
        Os.setenv("ADSP_LIBRARY_PATH", folder.path, true)
        val chip = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) Build.SOC_MODEL.lowercase() else null
        return Npu(folder, chip, FASTEST, keep = true, tell = units::hear)
    }
}
