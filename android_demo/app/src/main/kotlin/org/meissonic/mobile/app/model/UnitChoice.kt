package org.meissonic.mobile.app.model

import java.io.File
import java.io.IOException
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import org.meissonic.mobile.ort.NpuEvent

/** What runs the graphs that a model made for the NPU. */
enum class ComputeUnit { CPU, NPU }

/** Why the CPU draws although a person wants the NPU. */
@Serializable
sealed interface Fallback {
    /** [reason] is one line of the engine. */
    @Serializable
    data class Refused(val reason: String) : Fallback

    /** Android ended the process during the NPU's first picture. */
    @Serializable
    data object Ended : Fallback
}

/** [wanted] by a person; [worked] once the NPU has drawn a picture. */
@Serializable
data class Choice(val wanted: ComputeUnit = ComputeUnit.NPU, val worked: Boolean = false, val fallback: Fallback? = null) {
    val drawing: ComputeUnit get() = if (fallback == null) wanted else ComputeUnit.CPU
}

/** [compiling]: the model is being compiled for the NPU now. */
data class UnitState(val choice: Choice, val compiling: Boolean = false)

/**
 * Chooses the unit that draws with a model for the NPU, and keeps the choice in [file].
 *
 * An NPU that was refused is left alone until a person chooses it again. If it has worked before, the next process tries
 * it again too.
 */
class UnitChoice(private val file: File) {
    private val mutable = MutableStateFlow(UnitState(read()))
    val state: StateFlow<UnitState> = mutable

    fun choose(unit: ComputeUnit) = change { Choice(unit) }

    /** Another model takes the place of the one before. */
    fun newModel() = change { Choice(it.wanted) }

    /** A picture was drawn. */
    fun drew() = change { if (it.drawing == ComputeUnit.NPU) it.copy(worked = true) else it }

    /** The process before was ended during a drawing. */
    fun ended() = change { if (it.drawing == ComputeUnit.NPU && !it.worked) it.copy(fallback = Fallback.Ended) else it }

    /** Any thread may call it. */
    fun hear(event: NpuEvent) {
        mutable.update { it.copy(compiling = event is NpuEvent.Compiling) }
        if (event is NpuEvent.Refused) change { it.copy(fallback = Fallback.Refused(event.reason)) }
    }

    /** No drawing is being made. */
    fun idle() = mutable.update { it.copy(compiling = false) }

    @Synchronized
    private fun change(to: (Choice) -> Choice) {
        val choice = to(state.value.choice)
        if (choice == state.value.choice) return
        mutable.update { it.copy(choice = choice) }
        try {
            val kept = if (choice.worked) choice.copy(fallback = null) else choice
            writeWhole(file) { it.write(Json.encodeToString(kept).toByteArray()) }
        } catch (_: IOException) {
            // The storage is full: only this process remembers the choice.
        }
    }

    private fun read(): Choice = try {
        Json.decodeFromString(file.readText())
    } catch (_: IOException) {
        Choice()
    } catch (_: IllegalArgumentException) {
        Choice() // of another version of the app
    }
}
