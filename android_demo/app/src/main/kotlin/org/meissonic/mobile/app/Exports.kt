package org.meissonic.mobile.app

import android.content.ClipData
import android.content.ContentResolver
import android.content.ContentValues
import android.content.Context
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.os.Environment
import android.provider.MediaStore
import java.io.File
import java.io.IOException
import org.meissonic.mobile.app.model.Drawn

/** Whether the app can save to the device's pictures without asking for a place: since Android 10. */
val savesWithoutAsking get() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q

/** Saves to the device's pictures. Throws IOException. */
fun saveToPictures(resolver: ContentResolver, drawn: Drawn, file: File) = askingAnotherApp {
    val values = ContentValues().apply {
        put(MediaStore.MediaColumns.DISPLAY_NAME, "meissonic-${drawn.id}.png")
        put(MediaStore.MediaColumns.MIME_TYPE, "image/png")
        put(MediaStore.MediaColumns.RELATIVE_PATH, Environment.DIRECTORY_PICTURES + "/Meissonic")
        put(MediaStore.MediaColumns.IS_PENDING, 1)
    }
    val uri = resolver.insert(MediaStore.Images.Media.EXTERNAL_CONTENT_URI, values)
        ?: throw IOException("the device refuses the picture")
    try {
        copy(resolver, file, uri)
        resolver.update(uri, ContentValues().apply { put(MediaStore.MediaColumns.IS_PENDING, 0) }, null, null)
    } catch (error: IOException) {
        resolver.delete(uri, null, null)
        throw error
    }
}

/** Asks where to save a picture. */
fun askWhere(drawn: Drawn): Intent = Intent(Intent.ACTION_CREATE_DOCUMENT)
    .addCategory(Intent.CATEGORY_OPENABLE)
    .setType("image/png")
    .putExtra(Intent.EXTRA_TITLE, "meissonic-${drawn.id}.png")

/** Copies a file to another app's place. Throws IOException. */
fun copy(resolver: ContentResolver, file: File, to: Uri) {
    val stream = askingAnotherApp { resolver.openOutputStream(to) } ?: throw IOException("$to cannot be written")
    stream.use { output -> file.inputStream().use { it.copyTo(output) } }
}

/** Offers the apps that accept pictures. */
fun share(context: Context, pictures: List<Drawn>): Intent {
    val uris = pictures.map { PictureProvider.uri(context, it) }
    val send = if (uris.size == 1) {
        Intent(Intent.ACTION_SEND).putExtra(Intent.EXTRA_STREAM, uris.single())
    } else {
        Intent(Intent.ACTION_SEND_MULTIPLE).putParcelableArrayListExtra(Intent.EXTRA_STREAM, ArrayList(uris))
    }
    send.setType("image/png").addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
    send.clipData = ClipData(null, arrayOf("image/png"), ClipData.Item(uris.first())) // what the chooser grants
        .apply { uris.drop(1).forEach { addItem(ClipData.Item(it)) } }
    return Intent.createChooser(send, context.getString(R.string.share))
}
