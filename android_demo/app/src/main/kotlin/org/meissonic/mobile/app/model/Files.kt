package org.meissonic.mobile.app.model

import java.io.File
import java.io.IOException
import java.io.OutputStream

/** Writes a file whole or not at all. Throws IOException. */
fun writeWhole(file: File, write: (OutputStream) -> Unit) {
    val beside = File(file.path + ".tmp")
    try {
        file.parentFile?.mkdirs()
        beside.outputStream().use(write)
        if (!beside.renameTo(file)) throw IOException("cannot rename $beside")
    } finally {
        beside.delete()
    }
}
