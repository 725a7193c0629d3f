package org.meissonic.mobile.app

import android.net.Uri
import android.os.Bundle
import java.io.IOException
import org.meissonic.mobile.app.model.Drawn

const val SAVE = 2 // the request to choose a place
private const val ASKED = "asked"

/** What the save and share buttons of a screen do. [saved] is the screen's state from before it was made anew. */
class Exporter(private val screen: Screen, saved: Bundle?) {
    private val gallery = screen.app.gallery
    private var asked = saved?.getString(ASKED) // the picture, while its place is chosen

    fun onSaveInstanceState(state: Bundle) = state.putString(ASKED, asked)

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

    private fun telling(save: () -> Unit) = screen.tell(
        try {
            save()
            screen.getString(R.string.saved)
        } catch (error: IOException) {
            screen.getString(R.string.not_saved, error.message)
        },
    )
}
