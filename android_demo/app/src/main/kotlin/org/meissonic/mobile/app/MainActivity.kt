package org.meissonic.mobile.app

import android.Manifest.permission.POST_NOTIFICATIONS
import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.os.Build
import android.os.Bundle
import android.view.Menu
import android.view.MenuItem
import android.view.View
import android.widget.Button
import android.widget.ImageView
import android.widget.ProgressBar
import android.widget.ScrollView
import android.widget.TextView
import kotlin.random.Random
import kotlin.random.nextULong
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.DrawState
import org.meissonic.mobile.app.model.Fit
import org.meissonic.mobile.app.model.ModelState
import org.meissonic.mobile.app.model.Unfit
import org.meissonic.mobile.app.model.UnitState
import org.meissonic.mobile.app.model.Working
import org.meissonic.mobile.app.model.check
import org.meissonic.mobile.app.model.ready
import org.meissonic.mobile.engine.settle

private const val CHOOSE = 1
private const val PREVIEWS = 4 // in a drawing; each unloads the step and loads it again
private const val MORE = 4 // pictures
private const val LARGEST_TYPED_SEED = 1_000_000_000uL // short enough to be read out

/** The form, the progress and the picture. */
class MainActivity : Screen(R.layout.main) {
    private lateinit var form: DraftViews
    private lateinit var draft: Draft
    private lateinit var exporter: Exporter
    private var begun = false // whether the next picture is the first of its drawing

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        exporter = Exporter(this, savedInstanceState)
        form = DraftViews(this)
        on(R.id.get_model) { startActivity(Intent(this, ModelActivity::class.java)) }
        on(R.id.choose) {
            val ask = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("image/*")
            startActivityForResult(ask, CHOOSE)
        }
        on(R.id.paint) { startActivity(Intent(this, MaskActivity::class.java)) }
        on(R.id.draw) { if (app.studio.state.value is Working) app.studio.stop() else draw() }
        on(R.id.more) { shown()?.let { draw(it.settings.seed + 1u) } }
        on(R.id.save) { shown()?.let(exporter::save) }
        on(R.id.share) { shown()?.let(exporter::share) }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && savedInstanceState == null) {
            requestPermissions(arrayOf(POST_NOTIFICATIONS), 0) // asked once; without the permission work has no notification
        }
    }

    override fun onStart() {
        super.onStart()
        draft = app.draftFile.load()
        app.shelf.state.value.ready?.let { form.offer(it.manifest) }
        form.show(draft)
        watch(app.picked.state, ::show)
        watch(app.shelf.state, ::show)
        watch(app.units.state, ::show)
        watch(app.studio.state, ::show)
    }

    override fun onStop() {
        keep()
        super.onStop()
    }

    override fun onSaveInstanceState(outState: Bundle) {
        exporter.onSaveInstanceState(outState)
        super.onSaveInstanceState(outState)
    }

    override fun onCreateOptionsMenu(menu: Menu): Boolean {
        menuInflater.inflate(R.menu.main, menu)
        return true
    }

    override fun onOptionsItemSelected(item: MenuItem): Boolean {
        when (item.itemId) {
            R.id.menu_history -> startActivity(Intent(this, HistoryActivity::class.java))
            R.id.menu_model -> startActivity(Intent(this, ModelActivity::class.java))
            else -> return super.onOptionsItemSelected(item)
        }
        return true
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val uri = data?.data
        if (result != Activity.RESULT_OK || uri == null) return
        if (request != CHOOSE) return exporter.onActivityResult(request, uri)
        app.picked.take(contentResolver, uri)
        keep(app.draftFile.load().copy(strokes = emptyList())) // the strokes belong to the picture before
    }

    /** Draws what the form says; or as many more, with seeds from [more] on. */
    private fun draw(more: ULong? = null) {
        val manifest = app.shelf.state.value.ready?.manifest ?: return
        keep()
        when (val checked = check(draft, manifest, Random.nextULong(LARGEST_TYPED_SEED), app.picked::picture)) {
            is Unfit -> form.complain(checked.field, ::say)
            is Fit -> {
                val steps = settle(checked.request, manifest).steps
                val request = if (more == null) checked.request else checked.request.copy(seed = more)
                app.studio.draw(request, if (draft.preview) maxOf(1, steps / PREVIEWS) else 0, if (more == null) 1 else MORE)
                begun = true
            }
        }
    }

    private fun keep() {
        draft = form.read(app.draftFile.load())
        keep(draft)
    }

    private fun show(state: ModelState) {
        val ready = state.ready
        find<TextView>(R.id.model_state).apply {
            text = words(state)
            visible(ready == null)
        }
        find<View>(R.id.get_model).visible(ready == null)
        find<View>(R.id.form).visible(ready != null)
        if (ready != null) form.offer(ready.manifest)
    }

    private fun show(state: UnitState) = find<TextView>(R.id.unit_state).run {
        text = words(state)
        visible(app.shelf.state.value.ready?.manifest?.forNpu == true)
    }

    private fun show(state: DrawState) {
        val working = state as? Working
        find<Button>(R.id.draw).setText(if (working == null) R.string.draw else R.string.stop)
        find<ProgressBar>(R.id.progress).apply {
            visible(working != null)
            isIndeterminate = working == null || working.steps == 0
            max = working?.total ?: 0
            progress = working?.done ?: 0
        }
        say(words(state))
        val drawn = (state as? Done)?.drawn
        val preview = working?.preview
        when {
            drawn != null -> picture(BitmapFactory.decodeFile(app.gallery.file(drawn).path), describe(drawn))
            preview != null -> picture(bitmapOf(preview), getString(R.string.unfinished_picture))
            else -> picture(null, null)
        }
        find<View>(R.id.result_row).visible(drawn != null)
    }

    private fun picture(bitmap: Bitmap?, words: String?) {
        find<ImageView>(R.id.result).run {
            setImageBitmap(bitmap)
            contentDescription = words
            visible(bitmap != null)
        }
        if (bitmap == null || !begun) return
        begun = false
        find<ScrollView>(R.id.scroll).run { post { smoothScrollTo(0, find<View>(R.id.draw).top) } } // the picture is below
    }

    private fun show(picked: Picked) {
        find<ImageView>(R.id.picked).run {
            setImageBitmap(picked.bitmap)
            visible(picked.bitmap != null)
        }
        find<View>(R.id.unreadable).visible(picked.unreadable)
        find<View>(R.id.paint).isEnabled = picked.bitmap != null
    }

    private fun say(words: String) = find<TextView>(R.id.status).run {
        text = words
        visible(words.isNotEmpty())
    }

    private fun shown() = (app.studio.state.value as? Done)?.drawn
}

fun <T : View> Activity.find(id: Int): T = requireViewById(id)

fun Activity.on(id: Int, act: () -> Unit) = find<View>(id).setOnClickListener { act() }
