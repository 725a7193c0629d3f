package org.meissonic.mobile.app

import android.Manifest.permission.POST_NOTIFICATIONS
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.view.Menu
import android.view.MenuItem
import android.view.View
import android.widget.Button
import android.widget.ImageView
import android.widget.ProgressBar
import android.widget.TextView
import kotlin.random.Random
import kotlin.random.nextULong
import org.meissonic.mobile.app.model.Arriving
import org.meissonic.mobile.app.model.ComputeUnit
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.Draft
import org.meissonic.mobile.app.model.DrawState
import org.meissonic.mobile.app.model.Invalid
import org.meissonic.mobile.app.model.Mode
import org.meissonic.mobile.app.model.ModelState
import org.meissonic.mobile.app.model.NoModel
import org.meissonic.mobile.app.model.UnitState
import org.meissonic.mobile.app.model.Valid
import org.meissonic.mobile.app.model.Working
import org.meissonic.mobile.app.model.check
import org.meissonic.mobile.app.model.ready

private const val CHOOSE = 1
private const val MORE = 4 // pictures
private const val LARGEST_TYPED_SEED = 1_000_000_000uL // short enough to be read out

/** The picture, the prompt under it, and the sheet with everything else; before there is a model, the way to one. */
class MainActivity : Screen(R.layout.main) {
    private lateinit var form: DraftViews
    private lateinit var drawing: DrawingViews
    private lateinit var exporter: Exporter
    private val sheet get() = find<Sheet>(R.id.form)

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        exporter = Exporter(this, savedInstanceState)
        form = DraftViews(this)
        drawing = DrawingViews(this, app.gallery::file)
        on(R.id.begin) { if (app.bundled.exists) installBundled() else getModel() }
        on(R.id.get_model, ::getModel)
        on(R.id.stop_install) { app.shelf.stop() }
        on(R.id.choose) {
            val ask = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("image/*")
            startActivityForResult(ask, CHOOSE)
        }
        on(R.id.use_made) { app.picked.state.value.made?.let { made -> change { it.with(made) } } }
        on(R.id.paint) { startActivity(Intent(this, MaskActivity::class.java)) }
        on(R.id.guide_every_step) { change(Draft::guidingEveryStep) }
        on(R.id.unit_npu) { app.choose(ComputeUnit.NPU) }
        on(R.id.unit_cpu) { app.choose(ComputeUnit.CPU) }
        on(R.id.draw) { if (app.studio.state.value is Working) app.studio.stop() else draw() }
        on(R.id.more) { shown()?.let { draw(it.settings.seed + 1u) } }
        on(R.id.save) { shown()?.let(exporter::save) }
        on(R.id.share) { shown()?.let(exporter::share) }
        form.show(app.draftFile.load())
        if (savedInstanceState == null) receive(intent)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        receive(intent)
    }

    override fun onStart() {
        super.onStart()
        app.shelf.state.value.ready?.let { form.offer(it.manifest) }
        form.show(app.draftFile.load())
        watch(app.picked.state, ::show)
        watch(app.shelf.state, ::show)
        watch(app.units.state, ::show)
        watch(app.studio.state, ::show)
    }

    override fun onStop() {
        keep(form.read(app.draftFile.load()))
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
            R.id.menu_model -> getModel()
            else -> return super.onOptionsItemSelected(item)
        }
        return true
    }

    @Suppress("OVERRIDE_DEPRECATION", "DEPRECATION") // its successor needs Android 13
    override fun onBackPressed() = if (sheet.open) sheet.turn(open = false) else super.onBackPressed()

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val uri = data?.data
        if (result != Activity.RESULT_OK || uri == null) return
        if (request == CHOOSE) start(uri) else exporter.onActivityResult(request, uri)
    }

    /** Takes a picture that another app shares. */
    @Suppress("DEPRECATION") // its successor needs Android 13
    private fun receive(intent: Intent) {
        if (intent.action != Intent.ACTION_SEND) return
        start(intent.getParcelableExtra(Intent.EXTRA_STREAM) as? Uri ?: return)
        sheet.turn(open = true)
    }

    /** Lets the next drawing start from a picture. */
    private fun start(from: Uri) {
        app.picked.take(contentResolver, from)
        // The strokes belong to the picture before.
        change { it.copy(mode = if (it.mode == Mode.TEXT) Mode.REDRAW else it.mode, strokes = emptyList()) }
    }

    /** Changes what the form shows. */
    private fun change(to: (Draft) -> Draft) {
        val draft = to(form.read(app.draftFile.load()))
        keep(draft)
        form.show(draft)
    }

    private fun getModel() = startActivity(Intent(this, ModelActivity::class.java))

    private fun installBundled() {
        app.shelf.install(app.bundled)
        change { if (it.prompt.isBlank()) it.copy(prompt = getString(R.string.example_prompt)) else it }
    }

    /** Draws what the form says; or as many more, with seeds from [more] on. */
    private fun draw(more: ULong? = null) {
        val manifest = app.shelf.state.value.ready?.manifest ?: return
        val draft = form.read(app.draftFile.load())
        keep(draft)
        when (val checked = check(draft, manifest, Random.nextULong(LARGEST_TYPED_SEED), app.picked::picture)) {
            is Invalid -> form.complain(checked.field, drawing::say)
            is Valid -> {
                askToNotify()
                val request = if (more == null) checked.request else checked.request.copy(seed = more)
                app.studio.draw(request, draft.preview, if (more == null) 1 else MORE)
                sheet.turn(open = false)
            }
        }
    }

    // Asked with the first picture; without the permission work has no notification.
    private fun askToNotify() {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU || app.gallery.entries.value.isNotEmpty()) return
        if (checkSelfPermission(POST_NOTIFICATIONS) == PackageManager.PERMISSION_GRANTED) return
        requestPermissions(arrayOf(POST_NOTIFICATIONS), 0)
    }

    private fun show(state: ModelState) {
        val ready = state.ready
        val arriving = state as? Arriving
        find<View>(R.id.welcome).visible(ready == null)
        for (id in listOf(R.id.form, R.id.stage)) find<View>(id).visible(ready != null)
        if (ready != null) return form.offer(ready.manifest)
        val bundled = app.bundled.exists
        find<TextView>(R.id.model_state).text =
            if (state is NoModel && bundled) getString(R.string.welcome_bundled) else words(state)
        find<ProgressBar>(R.id.arriving).show(arriving)
        find<Button>(R.id.begin).apply {
            visible(arriving == null)
            setText(if (bundled) R.string.install_bundled else R.string.get_model)
        }
        find<View>(R.id.get_model).visible(bundled && arriving == null)
        find<View>(R.id.stop_install).visible(arriving != null)
    }

    private fun show(state: UnitState) {
        find<View>(R.id.unit_row).visible(app.shelf.state.value.ready?.manifest?.forNpu == true)
        find<TextView>(R.id.unit_state).text = words(state)
        find<Flow>(R.id.unit).check(if (state.choice.drawing == ComputeUnit.NPU) R.id.unit_npu else R.id.unit_cpu)
    }

    private fun show(state: DrawState) {
        drawing.show(state)
        for (id in listOf(R.id.unit_npu, R.id.unit_cpu)) find<View>(id).isEnabled = state !is Working
    }

    private fun show(picked: Picked) {
        find<ImageView>(R.id.picked).run {
            setImageBitmap(picked.bitmap)
            visible(picked.bitmap != null)
        }
        find<View>(R.id.unreadable).visible(picked.unreadable)
        find<View>(R.id.paint).isEnabled = picked.bitmap != null
        find<View>(R.id.made_row).visible(picked.made != null)
        find<TextView>(R.id.made).text = picked.made?.let(::words)
    }

    private fun shown() = (app.studio.state.value as? Done)?.drawn
}

fun <T : View> Activity.find(id: Int): T = requireViewById(id)

fun Activity.on(id: Int, act: () -> Unit) = find<View>(id).setOnClickListener { act() }

/** Shows how much of a model has arrived. */
fun ProgressBar.show(arriving: Arriving?) {
    visible(arriving != null)
    isIndeterminate = arriving?.total == 0L
    max = PARTS
    progress = arriving?.let { parts(it.bytes, it.total) } ?: 0
}
