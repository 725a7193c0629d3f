package org.meissonic.mobile.app

import android.net.Uri
import android.widget.Toast
import java.io.IOException
import org.meissonic.mobile.app.model.Drawn

const val SAVE = 2 // the request to choose a place

/** What the save and share buttons of a screen do. */
class Exporter(private val screen: Screen) {
    private val gallery = screen.app.gallery

    fun save(drawn: Drawn) {
        if (!savesWithoutAsking) {
            asked = drawn.id
            screen.startActivityForResult(askWhere(drawn), SAVE)
            return
        }
        telling { saveToPictures(screen.contentResolver, drawn, gallery.file(drawn)) }
    }

    fun share(drawn: Drawn) = screen.startActivity(share(screen, drawn))

    fun onActivityResult(request: Int, uri: Uri) {
        if (request != SAVE) return
        val drawn = asked?.let(gallery::find) ?: return
        telling { copy(screen.contentResolver, gallery.file(drawn), uri) }
    }

    private fun telling(save: () -> Unit) {
        val words = try {
            save()
            screen.getString(R.string.saved)
        } catch (error: IOException) {
            screen.getString(R.string.not_saved, error.message)
        }
        Toast.makeText(screen, words, Toast.LENGTH_LONG).show()
    }

    private companion object {
        var asked: String? = null // the picture, while its place is chosen: the screen may be made anew meanwhile
    }
}
