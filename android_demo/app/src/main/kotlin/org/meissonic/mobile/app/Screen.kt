package org.meissonic.mobile.app

import android.app.Activity
import android.content.Context
import android.os.Bundle
import android.view.MenuItem
import android.widget.Toast
import java.io.IOException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch
import org.meissonic.mobile.app.model.Draft

/** A screen. It shows states of the process while it is visible and holds no state of its own that matters. */
abstract class Screen(private val layout: Int) : Activity() {
    val app get() = application as Meissonic
    private var visible: CoroutineScope? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(layout)
    }

    override fun onStart() {
        super.onStart()
        visible = CoroutineScope(Dispatchers.Main.immediate)
    }

    override fun onStop() {
        visible?.cancel()
        super.onStop()
    }

    override fun onOptionsItemSelected(item: MenuItem): Boolean {
        if (item.itemId != android.R.id.home) return super.onOptionsItemSelected(item)
        finish()
        return true
    }

    /** Saves the form, and says so if full storage prevents it. */
    protected fun keep(draft: Draft) {
        try {
            app.draftFile.save(draft)
        } catch (error: IOException) {
            tell(getString(R.string.not_saved, error.message))
        }
    }

    fun tell(words: String) = Toast.makeText(this, words, Toast.LENGTH_LONG).show()

    /** Shows a state until the screen is hidden. */
    protected fun <T> watch(states: Flow<T>, show: (T) -> Unit) {
        visible?.launch { states.collect { show(it) } }
    }
}

/** A system service that every device has. */
inline fun <reified T> Context.service(): T = getSystemService(T::class.java) as T
