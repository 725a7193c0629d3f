package org.meissonic.mobile.app

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import java.io.File
import java.io.FileNotFoundException
import org.meissonic.mobile.app.model.Drawn

/** Lets the app that receives a shared picture read it. */
class PictureProvider : ContentProvider() {
    override fun onCreate() = true

    override fun getType(uri: Uri) = "image/png"

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (mode != "r") throw FileNotFoundException("$uri can only be read")
        return ParcelFileDescriptor.open(file(uri), ParcelFileDescriptor.MODE_READ_ONLY)
    }

    override fun query(uri: Uri, columns: Array<String>?, where: String?, with: Array<String>?, order: String?): Cursor {
        val file = file(uri)
        val names = columns ?: arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE)
        val cursor = MatrixCursor(names, 1)
        cursor.addRow(
            names.map {
                when (it) {
                    OpenableColumns.DISPLAY_NAME -> file.name
                    OpenableColumns.SIZE -> file.length()
                    else -> null
                }
            },
        )
        return cursor
    }

    override fun insert(uri: Uri, values: ContentValues?) = null

    override fun update(uri: Uri, values: ContentValues?, where: String?, with: Array<String>?) = 0

    override fun delete(uri: Uri, where: String?, with: Array<String>?) = 0

    // The identifier is looked up in the gallery and never used as a path.
    private fun file(uri: Uri): File {
        val gallery = (context!!.applicationContext as Meissonic).gallery
        val drawn = gallery.find(uri.lastPathSegment.orEmpty().removeSuffix(".png"))
            ?: throw FileNotFoundException("$uri is not in the gallery")
        return gallery.file(drawn)
    }

    companion object {
        fun uri(context: Context, drawn: Drawn): Uri =
            Uri.Builder().scheme("content").authority("${context.packageName}.pictures").appendPath("${drawn.id}.png").build()
    }
}
