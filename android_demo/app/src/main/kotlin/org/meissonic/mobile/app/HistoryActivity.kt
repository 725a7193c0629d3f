package org.meissonic.mobile.app

import android.app.AlertDialog
import android.content.Intent
import android.graphics.BitmapFactory
import android.os.Bundle
import android.view.ActionMode
import android.view.Menu
import android.view.MenuItem
import android.view.View
import android.view.ViewGroup
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.widget.AbsListView
import android.widget.BaseAdapter
import android.widget.GridView
import android.widget.ImageView
import org.meissonic.mobile.app.model.Drawn

private const val THUMBNAIL = 240 // pixels

/** All pictures, newest first. A tap opens one, a long press chooses several to share or delete. */
class HistoryActivity : Screen(R.layout.history) {
    private val grid get() = find<GridView>(R.id.grid)
    private var entries = emptyList<Drawn>()

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        grid.emptyView = find(R.id.empty)
        grid.setMultiChoiceModeListener(Choosing())
        grid.setOnItemClickListener { _, _, position, _ ->
            startActivity(Intent(this, PictureActivity::class.java).putExtra(PictureActivity.ID, entries[position].id))
        }
    }

    override fun onStart() {
        super.onStart()
        watch(app.gallery.entries) {
            entries = it
            grid.adapter = Thumbnails()
        }
    }

    private fun delete(chosen: List<Drawn>) = confirm(chosen.size) { chosen.forEach(app.gallery::remove) }

    private inner class Choosing : AbsListView.MultiChoiceModeListener {
        private val chosen get() = entries.filterIndexed { position, _ -> grid.isItemChecked(position) }

        override fun onCreateActionMode(mode: ActionMode, menu: Menu): Boolean {
            mode.menuInflater.inflate(R.menu.chosen, menu)
            return true
        }

        override fun onPrepareActionMode(mode: ActionMode, menu: Menu) = false

        override fun onItemCheckedStateChanged(mode: ActionMode, position: Int, id: Long, checked: Boolean) {
            mode.title = "%d".format(grid.checkedItemCount)
        }

        override fun onActionItemClicked(mode: ActionMode, item: MenuItem): Boolean {
            when (item.itemId) {
                R.id.share_chosen -> startActivity(share(this@HistoryActivity, chosen))
                R.id.delete_chosen -> delete(chosen)
            }
            mode.finish()
            return true
        }

        override fun onDestroyActionMode(mode: ActionMode) = Unit
    }

    private inner class Thumbnails : BaseAdapter() {
        override fun getCount() = entries.size

        override fun getItem(position: Int) = entries[position]

        override fun getItemId(position: Int) = position.toLong()

        override fun getView(position: Int, old: View?, parent: ViewGroup): View {
            val view = old as? PictureView ?: PictureView(this@HistoryActivity, null).apply {
                square = true
                scaleType = ImageView.ScaleType.CENTER_CROP
                foreground = getDrawable(R.drawable.chosen)
                layoutParams = AbsListView.LayoutParams(MATCH_PARENT, MATCH_PARENT)
            }
            val drawn = entries[position]
            val options = BitmapFactory.Options().apply { inSampleSize = maxOf(1, drawn.settings.size.width / THUMBNAIL) }
            view.setImageBitmap(BitmapFactory.decodeFile(app.gallery.file(drawn).path, options))
            view.contentDescription = describe(drawn)
            return view
        }
    }
}

/** Asks before pictures are deleted. */
fun Screen.confirm(count: Int, delete: () -> Unit) {
    AlertDialog.Builder(this)
        .setMessage(resources.getQuantityString(R.plurals.delete_pictures, count, count))
        .setNegativeButton(R.string.cancel, null)
        .setPositiveButton(R.string.delete) { _, _ -> delete() }
        .show()
}
