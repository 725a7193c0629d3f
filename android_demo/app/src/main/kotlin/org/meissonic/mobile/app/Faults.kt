package org.meissonic.mobile.app

import android.content.Context
import android.text.format.Formatter
import org.meissonic.mobile.engine.ChangedFile
import org.meissonic.mobile.engine.CoreMlBundle
import org.meissonic.mobile.engine.EmptyMask
import org.meissonic.mobile.engine.EngineFailed
import org.meissonic.mobile.engine.Fault
import org.meissonic.mobile.engine.MissingFile
import org.meissonic.mobile.engine.NewerBundle
import org.meissonic.mobile.engine.NoBundle
import org.meissonic.mobile.engine.TextOnly
import org.meissonic.mobile.engine.TooLittleMemory
import org.meissonic.mobile.engine.TruncatedFile
import org.meissonic.mobile.engine.UnreadableFile
import org.meissonic.mobile.engine.UnusableBundle
import org.meissonic.mobile.engine.UserError
import org.meissonic.mobile.engine.WrongValue
import org.meissonic.mobile.store.Problem
import org.meissonic.mobile.store.StoreError

/** An error in the person's language. Details that only its message has follow in English. */
fun Context.words(error: Exception): String = when (error) {
    is UserError -> words(error.fault, error.message.orEmpty())
    is StoreError -> words(error)
    else -> getString(R.string.not_kept, error.message.orEmpty())
}

private fun Context.words(fault: Fault, message: String): String = when (fault) {
    NoBundle -> getString(R.string.fault_no_bundle)
    is NewerBundle -> getString(R.string.fault_newer, fault.version)
    CoreMlBundle -> getString(R.string.fault_core_ml)
    is MissingFile -> getString(R.string.fault_missing, fault.file)
    is TruncatedFile -> getString(R.string.fault_truncated, fault.file, bytes(fault.size), bytes(fault.wanted))
    is ChangedFile -> getString(R.string.fault_changed, fault.file)
    is UnreadableFile -> getString(R.string.fault_unreadable, fault.file) + detail(fault.reason)
    is TooLittleMemory -> getString(R.string.fault_memory, bytes(fault.needed), bytes(fault.available))
    EmptyMask -> getString(R.string.fault_mask)
    TextOnly -> getString(R.string.fault_text_only)
    UnusableBundle -> getString(R.string.fault_unusable) + detail(message)
    WrongValue -> getString(R.string.fault_value) + detail(message)
    EngineFailed -> getString(R.string.fault_engine) + detail(message)
}

private fun Context.words(error: StoreError): String {
    val file = error.file ?: getString(R.string.the_model)
    val lacking = error.lacking
    return when (error.problem) {
        Problem.CONNECTION -> getString(R.string.problem_connection, file) + detail(error.cause?.message)
        Problem.NOT_FOUND -> getString(R.string.problem_not_found, file)
        Problem.ANOTHER_FILE -> getString(R.string.problem_another_file, file)
        Problem.NO_SPACE ->
            if (lacking == null) getString(R.string.problem_full) else getString(R.string.problem_no_space, bytes(lacking))
        Problem.STORAGE -> getString(R.string.problem_storage) + detail(error.cause?.message)
    }
}

private fun Context.detail(words: String?) = if (words.isNullOrEmpty()) "" else "\n" + getString(R.string.detail, words)

/** A number of bytes as a person reads it. */
fun Context.bytes(count: Long): String = Formatter.formatShortFileSize(this, count)
