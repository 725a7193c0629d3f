package org.meissonic.mobile.app

import android.app.AlertDialog
import android.content.Intent
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.EditText
import android.widget.ProgressBar
import android.widget.TextView
import org.meissonic.mobile.app.model.Arriving
import org.meissonic.mobile.app.model.ModelState
import org.meissonic.mobile.app.model.NoModel
import org.meissonic.mobile.app.model.Trouble
import org.meissonic.mobile.app.model.Unfinished
import org.meissonic.mobile.app.model.ready
import org.meissonic.mobile.engine.memoryNeeded
import org.meissonic.mobile.store.HttpSource
import org.meissonic.mobile.store.StoreError

private const val IMPORT = 1
private const val ADDRESS = "address"

/** Downloads, resumes, imports and deletes the model. */
class ModelActivity : Screen(R.layout.model) {
    private val address get() = find<EditText>(R.id.address)
    private val kept get() = getSharedPreferences("model", MODE_PRIVATE)

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        if (savedInstanceState == null) address.setText(kept.getString(ADDRESS, ""))
        on(R.id.download) { download() }
        on(R.id.import_folder) { startActivityForResult(Intent(Intent.ACTION_OPEN_DOCUMENT_TREE), IMPORT) }
        on(R.id.install_bundled) { app.shelf.install(app.bundled) }
        on(R.id.stop) { app.shelf.stop() }
        on(R.id.delete) {
            AlertDialog.Builder(this)
                .setMessage(R.string.delete_model_question)
                .setNegativeButton(R.string.cancel, null)
                .setPositiveButton(R.string.delete) { _, _ -> app.shelf.delete() }
                .show()
        }
    }

    override fun onStart() {
        super.onStart()
        watch(app.shelf.state, ::show)
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val tree = data?.data
        if (request == IMPORT && result == RESULT_OK && tree != null) {
            app.shelf.install(DocumentSource(contentResolver, tree))
        }
    }

    private fun download() {
        val typed = address.text.toString().trim()
        try {
            app.shelf.install(HttpSource(typed))
            kept.edit().putString(ADDRESS, typed).apply()
        } catch (_: StoreError) {
            address.error = getString(R.string.wrong_address)
        }
    }

    private fun show(state: ModelState) {
        val arriving = state as? Arriving
        find<TextView>(R.id.state).text = words(state)
        find<ProgressBar>(R.id.progress).show(arriving)
        val before = (state as? Trouble)?.before ?: state
        find<Button>(R.id.download).setText(if (before is Unfinished) R.string.go_on else R.string.download)
        find<View>(R.id.sources).visible(arriving == null)
        find<View>(R.id.install_bundled).visible(app.bundled.exists)
        find<View>(R.id.stop).visible(arriving != null)
        find<View>(R.id.delete).visible(arriving == null && before !is NoModel)
        find<TextView>(R.id.memory).apply {
            visible(state.ready != null)
            text = state.ready?.let {
                val needed = memoryNeeded(it.manifest, it.manifest.defaults.size)
                getString(R.string.memory, bytes(needed), bytes(app.freeMemory()))
            }
        }
    }
}
