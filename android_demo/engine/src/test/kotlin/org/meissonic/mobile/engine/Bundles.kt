package org.meissonic.mobile.engine

import java.io.File

val bundleFolder = File(System.getProperty("bundle")).also {
    check(File(it, "manifest.json").isFile) { "$it holds no bundle: make test-android" }
}

/** A copy to damage. */
fun copyOf(folder: File): File = bundleFolder.let {
    it.copyRecursively(folder, overwrite = true)
    folder
}
