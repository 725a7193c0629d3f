package org.meissonic.mobile.app

import android.app.AlertDialog
import android.content.Intent
import android.graphics.BitmapFactory
import android.os.Bundle
import android.widget.ImageView
import android.widget.TextView
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.Drawn
import org.meissonic.mobile.app.model.Mode

/** One picture of the history, with its actions. */
class PictureActivity : Screen(R.layout.picture) {
    private lateinit var exporter: Exporter

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        exporter = Exporter(this, savedInstanceState)
        val drawn = app.gallery.find(intent.getStringExtra(ID).orEmpty()) ?: return finish()
        find<ImageView>(R.id.result).apply {
            setImageBitmap(BitmapFactory.decodeFile(app.gallery.file(drawn).path))
            contentDescription = describe(drawn)
        }
        find<TextView>(R.id.words).text = drawn.settings.prompt
        find<TextView>(R.id.facts).text = facts(drawn)
        on(R.id.save) { exporter.save(drawn) }
        on(R.id.share) { exporter.share(drawn) }
        on(R.id.use) { goOn { settings(it, drawn) } }
        on(R.id.draw_on) {
            app.picked.take(app.gallery.file(drawn))
            goOn { settings(it, drawn).copy(mode = Mode.REDRAW, strokes = emptyList()) }
        }
        on(R.id.delete) {
            AlertDialog.Builder(this)
                .setMessage(R.string.delete_picture)
                .setNegativeButton(R.string.cancel, null)
                .setPositiveButton(R.string.delete) { _, _ ->
                    app.gallery.remove(drawn)
                    finish()
                }
                .show()
        }
    }

    override fun onSaveInstanceState(outState: Bundle) {
        exporter.onSaveInstanceState(outState)
        super.onSaveInstanceState(outState)
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        data?.data?.let { if (result == RESULT_OK) exporter.onActivityResult(request, it) }
    }

    private fun settings(draft: Draft, drawn: Drawn) = draft.copy(
        prompt = drawn.settings.prompt,
        negative = drawn.settings.negative,
        seed = drawn.settings.seed.toString(),
        steps = drawn.settings.steps.toString(),
        guidance = drawn.settings.guidance.toString(),
        size = drawn.settings.size,
    )

    private fun goOn(change: (Draft) -> Draft) {
        keep(change(app.draftFile.load()))
        startActivity(Intent(this, MainActivity::class.java).addFlags(Intent.FLAG_ACTIVITY_CLEAR_TOP))
    }

    companion object {
        const val ID = "id"
    }
}
