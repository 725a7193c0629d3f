package org.meissonic.mobile.app

import android.content.ContentResolver
import android.net.Uri
import android.provider.DocumentsContract
import org.meissonic.mobile.store.ModelSource
import org.meissonic.mobile.store.Opened
import org.meissonic.mobile.store.Problem
import org.meissonic.mobile.store.StoreError

/** The bundle folder that a person picked from the device's storage (ACTION_OPEN_DOCUMENT_TREE). */
class DocumentSource(private val resolver: ContentResolver, private val tree: Uri) : ModelSource {
    override fun open(path: String, from: Long): Opened = askingAnotherApp {
        var id = DocumentsContract.getTreeDocumentId(tree)
        for (name in path.split("/")) id = child(id, name) ?: throw missing(path)
        val stream = resolver.openInputStream(DocumentsContract.buildDocumentUriUsingTree(tree, id)) ?: throw missing(path)
        // A provider's stream can be a pipe, which cannot be positioned.
        var left = from
        while (left > 0) {
            val skipped = stream.skip(left)
            if (skipped <= 0) break
            left -= skipped
        }
        Opened(from - left, stream)
    }

    private fun child(parent: String, name: String): String? {
        val columns = arrayOf(DocumentsContract.Document.COLUMN_DOCUMENT_ID, DocumentsContract.Document.COLUMN_DISPLAY_NAME)
        val children = DocumentsContract.buildChildDocumentsUriUsingTree(tree, parent)
        return resolver.query(children, columns, null, null)?.use { cursor ->
            generateSequence { if (cursor.moveToNext()) cursor else null }
                .firstOrNull { it.getString(1) == name }
                ?.getString(0)
        }
    }

    private fun missing(path: String) =
        StoreError(Problem.NOT_FOUND, "$path is missing: choose the folder that holds manifest.json", file = path)
}
