package org.meissonic.mobile.app

import android.content.Context
import org.meissonic.mobile.app.model.Arriving
import org.meissonic.mobile.app.model.ComputeUnit
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.DrawState
import org.meissonic.mobile.app.model.Drawn
import org.meissonic.mobile.app.model.Failed
import org.meissonic.mobile.app.model.Fallback
import org.meissonic.mobile.app.model.Field
import org.meissonic.mobile.app.model.Idle
import org.meissonic.mobile.app.model.Interrupted
import org.meissonic.mobile.app.model.ModelState
import org.meissonic.mobile.app.model.NoModel
import org.meissonic.mobile.app.model.Ready
import org.meissonic.mobile.app.model.Stopped
import org.meissonic.mobile.app.model.Trouble
import org.meissonic.mobile.app.model.Unfinished
import org.meissonic.mobile.app.model.UnitState
import org.meissonic.mobile.app.model.Working
import org.meissonic.mobile.engine.MAX_GUIDANCE
import org.meissonic.mobile.engine.MAX_STEPS
import org.meissonic.mobile.engine.PictureSettings
import org.meissonic.mobile.engine.Stage
import org.meissonic.mobile.engine.printable

const val PARTS = 1000 // of a progress bar

fun parts(bytes: Long, total: Long): Int = if (total == 0L) 0 else (bytes * PARTS / total).toInt()

/** A state in the person's language. */
fun Context.words(state: DrawState): String = when (state) {
    Idle -> ""
    is Working -> words(state)
    is Done -> {
        val seconds = getString(R.string.done, state.drawn.seconds)
        if (state.cut.isEmpty()) seconds else seconds + "\n" + getString(R.string.cut, state.cut.joinToString(" … "))
    }
    is Failed -> words(state.error)
    Stopped -> getString(R.string.stopped)
    Interrupted -> getString(R.string.interrupted)
}

private fun Context.words(working: Working): String =
    (if (working.count > 1) getString(R.string.picture_number, working.number, working.count) + ": " else "") + stage(working)

private fun Context.stage(working: Working): String = when (working.stage) {
    null -> getString(R.string.checking_model)
    Stage.IMAGE_ENCODER -> getString(R.string.reading_picture)
    Stage.TEXT_ENCODER, Stage.CONDITIONER -> getString(R.string.reading_text)
    Stage.IMAGE_DECODER -> getString(R.string.painting)
    Stage.STEPS -> {
        val left = working.left
        if (left == null) {
            getString(R.string.first_step)
        } else {
            getString(R.string.step, working.step, working.steps) + ", " + secondsLeft(left.inWholeSeconds.toInt())
        }
    }
}

private fun Context.secondsLeft(seconds: Int) = resources.getQuantityString(R.plurals.seconds_left, seconds, seconds)

fun Context.words(state: ModelState): String = when (state) {
    NoModel -> getString(R.string.no_model)
    is Unfinished -> getString(R.string.unfinished, bytes(state.bytes), bytes(state.total))
    is Arriving -> when {
        state.checking -> getString(R.string.checking_files)
        state.total == 0L -> getString(R.string.asking)
        else -> getString(R.string.arriving, bytes(state.bytes), bytes(state.total))
    }
    is Ready -> getString(R.string.ready, printable(state.manifest.model.name), bytes(state.whole.bytes))
    is Trouble -> words(state.error) + "\n\n" + words(state.before)
}

/** Which unit draws with a model for the NPU, and why. */
fun Context.words(state: UnitState): String {
    val fallback = state.choice.fallback
    return when {
        state.compiling -> getString(R.string.unit_compiling)
        fallback is Fallback.Refused -> getString(R.string.unit_refused, fallback.reason)
        fallback is Fallback.Ended -> getString(R.string.unit_ended)
        state.choice.wanted == ComputeUnit.NPU -> getString(R.string.unit_npu)
        else -> getString(R.string.unit_cpu)
    }
}

fun Context.words(field: Field): String = when (field) {
    Field.PROMPT -> getString(R.string.wrong_prompt)
    Field.SEED -> getString(R.string.wrong_seed)
    Field.STEPS -> getString(R.string.wrong_steps, MAX_STEPS)
    Field.GUIDANCE -> getString(R.string.wrong_guidance, MAX_GUIDANCE.toInt())
    Field.PICTURE -> getString(R.string.wrong_picture)
    Field.MASK -> getString(R.string.wrong_mask)
    Field.SIDES -> getString(R.string.wrong_sides)
    Field.MEMORY -> getString(R.string.wrong_memory)
}

/** What made a picture that was drawn by this project. */
fun Context.words(made: PictureSettings): String =
    getString(R.string.made_here, printable(made.prompt), made.seed.toString(), made.steps)

/** What TalkBack reads for a picture. */
fun Context.describe(drawn: Drawn): String = getString(R.string.picture_of, drawn.settings.prompt)

fun Context.facts(drawn: Drawn): String = getString(
    R.string.facts,
    drawn.settings.seed.toString(),
    drawn.settings.steps,
    drawn.settings.guidance,
    with(drawn.settings.size) { "$width × $height" },
    drawn.seconds,
    drawn.model,
)
