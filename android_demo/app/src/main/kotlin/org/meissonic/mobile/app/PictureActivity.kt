package org.meissonic.mobile.app

import android.content.Intent
import android.graphics.BitmapFactory
import android.os.Bundle
import android.view.Menu
import android.view.MenuItem
import android.widget.ImageView
import android.widget.TextView
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.Mode

/** One picture of the history, with its actions. */
class PictureActivity : Screen(R.layout.picture) {
    private lateinit var exporter: Exporter
    private val drawn get() = app.gallery.find(intent.getStringExtra(ID).orEmpty())

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        exporter = Exporter(this, savedInstanceState)
        val drawn = drawn ?: return finish()
        find<ImageView>(R.id.result).apply {
            setImageBitmap(BitmapFactory.decodeFile(app.gallery.file(drawn).path))
            contentDescription = describe(drawn)
        }
        find<TextView>(R.id.words).text = drawn.settings.prompt
        find<TextView>(R.id.facts).text = facts(drawn)
        on(R.id.save) { exporter.save(drawn) }
        on(R.id.share) { exporter.share(drawn) }
        on(R.id.use) { goOn { it.with(drawn.settings) } }
        on(R.id.draw_on) {
            app.picked.take(app.gallery.file(drawn))
            goOn { it.with(drawn.settings).copy(mode = Mode.REDRAW, strokes = emptyList()) }
        }
    }

    override fun onCreateOptionsMenu(menu: Menu): Boolean {
        menuInflater.inflate(R.menu.picture, menu)
        return true
    }

    override fun onOptionsItemSelected(item: MenuItem): Boolean {
        if (item.itemId != R.id.delete) return super.onOptionsItemSelected(item)
        confirm(1) {
            drawn?.let(app.gallery::remove)
            finish()
        }
        return true
    }

    override fun onSaveInstanceState(outState: Bundle) {
        exporter.onSaveInstanceState(outState)
        super.onSaveInstanceState(outState)
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        data?.data?.let { if (result == RESULT_OK) exporter.onActivityResult(request, it) }
    }

    private fun goOn(change: (Draft) -> Draft) {
        keep(change(app.draftFile.load()))
        startActivity(Intent(this, MainActivity::class.java).addFlags(Intent.FLAG_ACTIVITY_CLEAR_TOP))
    }

    companion object {
        const val ID = "id"
    }
}
