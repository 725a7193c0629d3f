package org.meissonic.mobile.app

import android.net.Uri
import android.os.Bundle
import java.io.IOException
import org.meissonic.mobile.app.model.Drawn

const val SAVE = 2 // the request to choose a place
private const val ASKED = "asked"

/** The save and share buttons of a screen. [saved] is the state of the screen before Android recreated it. */
class Exporter(private val screen: Screen, saved: Bundle?) {
    private val gallery = screen.app.gallery
    private var asked = saved?.getString(ASKED) // the picture to save, while a person chooses the place

    fun onSaveInstanceState(state: Bundle) = state.putString(ASKED, asked)

    fun save(drawn: Drawn) {
        if (!savesWithoutAsking) {
            asked = drawn.id
            screen.startActivityForResult(askWhere(drawn), SAVE)
            return
        }
        telling { saveToPictures(screen.contentResolver, drawn, gallery.file(drawn)) }
    }

    fun share(drawn: Drawn) = screen.startActivity(share(screen, listOf(drawn)))

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
