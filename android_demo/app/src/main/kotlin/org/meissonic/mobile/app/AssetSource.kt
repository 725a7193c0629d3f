package org.meissonic.mobile.app

import android.content.res.AssetManager
import java.io.FileNotFoundException
import java.io.IOException
import org.meissonic.mobile.engine.Bundle
import org.meissonic.mobile.store.ModelSource
import org.meissonic.mobile.store.Opened
import org.meissonic.mobile.store.Problem
import org.meissonic.mobile.store.StoreError

/** The bundle that comes with the app, in a [folder] of its assets. */
class AssetSource(private val assets: AssetManager, private val folder: String) : ModelSource {
    /** Whether the app was built with one. */
    val exists: Boolean
        get() = try {
            Bundle.MANIFEST in assets.list(folder).orEmpty()
        } catch (_: IOException) {
            false
        }

    override fun open(path: String, from: Long): Opened {
        val stream = try {
            assets.open("$folder/$path")
        } catch (error: FileNotFoundException) {
            throw StoreError(Problem.NOT_FOUND, "$path is not in the app: install the app again", error, path)
        }
        return Opened(stream.skip(from), stream)
    }
}
