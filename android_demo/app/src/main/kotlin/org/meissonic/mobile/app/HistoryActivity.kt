package org.meissonic.mobile.app

import android.content.Intent
import android.graphics.BitmapFactory
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.widget.AbsListView
import android.widget.BaseAdapter
import android.widget.GridView
import android.widget.ImageView
import org.meissonic.mobile.app.model.Drawn

private const val THUMBNAIL = 240 // pixels

/** All pictures, newest first. */
class HistoryActivity : Screen(R.layout.history) {
    private val grid get() = find<GridView>(R.id.grid)

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        grid.emptyView = find(R.id.empty)
        grid.setOnItemClickListener { _, _, position, _ ->
            startActivity(Intent(this, PictureActivity::class.java).putExtra(PictureActivity.ID, entries[position].id))
        }
    }

    private var entries = emptyList<Drawn>()

    override fun onStart() {
        super.onStart()
        watch(app.gallery.entries) {
            entries = it
            grid.adapter = Thumbnails()
        }
    }

    private inner class Thumbnails : BaseAdapter() {
        override fun getCount() = entries.size

        override fun getItem(position: Int) = entries[position]

        override fun getItemId(position: Int) = position.toLong()

        override fun getView(position: Int, old: View?, parent: ViewGroup): View {
            val view = old as? ImageView ?: ImageView(this@HistoryActivity).apply {
                scaleType = ImageView.ScaleType.CENTER_CROP
                val side = (120 * resources.displayMetrics.density).toInt()
                layoutParams = AbsListView.LayoutParams(ViewGroup.LayoutParams.MATCH_PARENT, side)
            }
            val drawn = entries[position]
            val options = BitmapFactory.Options().apply { inSampleSize = maxOf(1, drawn.settings.size.width / THUMBNAIL) }
            view.setImageBitmap(BitmapFactory.decodeFile(app.gallery.file(drawn).path, options))
            view.contentDescription = describe(drawn)
            return view
        }
    }
}
