package org.meissonic.mobile.engine

import java.io.File
import java.io.IOException
import java.security.MessageDigest
import kotlinx.serialization.DeserializationStrategy
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** An open bundle: every file of the manifest exists with the size and SHA-256 that the manifest gives. */
class Bundle private constructor(val folder: File, val manifest: Manifest) {
    /** SHA-256 of the manifest, which names the model in a picture's settings. */
    val sha256: String by lazy { sha256(File(folder, MANIFEST)) }

    fun file(name: String): File = File(folder, name)

    /** The recorded drawing, or null. Throws BundleError. */
    fun golden(): GoldenTrace? = manifest.golden?.let { golden ->
        parse(file(golden.file), GoldenTrace.serializer())
    }

    companion object {
        const val FORMAT = "meissonic-mobile"
        const val VERSION = 1
        const val MANIFEST = "manifest.json"
        const val LARGEST_MANIFEST = 4_000_000L // bytes

        /**
         * Reads the manifest, and verifies every file and that graphs read no others. [onFile] gets each name before its file is hashed, because 1 GB
         * takes seconds on a phone. Throws BundleError with one line that names the file, and InterruptedException once
         * the thread is interrupted.
         */
        fun open(folder: File, onFile: (String) -> Unit = {}): Bundle {
            val manifest = readManifest(folder)
            for ((name, facts) in manifest.files) {
                onFile(name)
                try {
                    verify(folder.canonicalFile, name, facts)
                } catch (error: IOException) {
                    throw unreadable(File(folder, name), name, error)
                }
            }
            for (graph in manifest.graphs.values) {
                for (model in graph.models + graph.contexts.values.map { it[0] }) checkExternal(folder, manifest, model)
            }
            return Bundle(folder, manifest)
        }

        /** Reads the manifest without checking the other files. Throws BundleError. */
        fun readManifest(folder: File): Manifest {
            val file = File(folder, MANIFEST)
            if (!file.isFile) {
                throw BundleError(
                    "$folder is not a bundle: it has no $MANIFEST (make one with python -m export.onnx)",
                    fault = NoBundle,
                )
            }
            val tree = try {
                strictJson(content(file, LARGEST_MANIFEST)) as? JsonObject
            } catch (error: SerializationException) {
                throw BundleError("$file is not valid JSON (${error.message}): export the bundle again", error, NoBundle)
            }
            if (tree == null || string(tree, "format") != FORMAT) {
                throw BundleError(
                    "$file is not a $FORMAT manifest: its \"format\" should be \"$FORMAT\"",
                    fault = NoBundle,
                )
            }
            val version = (tree["version"] as? JsonPrimitive)?.takeIf { !it.isString }?.content?.toIntOrNull()
            if (version != null && version > VERSION) {
                throw BundleError(
                    "$file has version $version, newer than $VERSION: update the app",
                    fault = NewerBundle(version),
                )
            }
            if (version != VERSION) throw BundleError("$file: its \"version\" should be $VERSION: export the bundle again")
            val manifest = decode(file, tree, Manifest.serializer())
            val problem = problems(manifest).firstOrNull()
            if (problem != null) throw BundleError("$file: $problem: export the bundle again")
            if (manifest.coreml) {
                throw BundleError(
                    "$folder holds Core ML packages: export one for this platform: python -m export.onnx",
                    fault = CoreMlBundle,
                )
            }
            return manifest
        }

        private fun string(tree: JsonObject, key: String): String? =
            (tree[key] as? JsonPrimitive)?.takeIf { it.isString }?.content

        /** The JSON of a file of the bundle. Throws BundleError. */
        internal fun <T> parse(file: File, kind: DeserializationStrategy<T>): T {
            val tree = try {
                strictJson(content(file, MAX_TEXT_FILE))
            } catch (error: SerializationException) {
                throw BundleError("$file is not valid JSON (${error.message}): export the bundle again", error)
            }
            return decode(file, tree, kind)
        }

        private fun <T> decode(file: File, tree: JsonElement, kind: DeserializationStrategy<T>): T = try {
            Json.decodeFromJsonElement(kind, tree)
        } catch (error: IllegalArgumentException) { // the class of kotlinx.serialization's exceptions
            val first = error.message.orEmpty().lineSequence().first()
            throw BundleError("$file: $first: export the bundle again", error)
        }

        /** Throws BundleError for a file of more than [limit] bytes. */
        internal fun content(file: File, limit: Long): ByteArray = try {
            file.inputStream().use { it.readAtMost(limit) }
        } catch (error: IOException) {
            throw unreadable(file, file.name, error)
        } ?: throw BundleError("$file is larger than ${limit / 1_000_000} MB: export the bundle again")

        /** Throws BundleError if an ONNX model reads a file that has no hash in the manifest. */
        private fun checkExternal(folder: File, manifest: Manifest, model: String) {
            val file = File(folder, model)
            val locations = try {
                externalFiles(file)
            } catch (error: IOException) {
                throw BundleError("$file is not an ONNX model (${error.message}): export the bundle again", error)
            }
            for (location in locations) {
                val parts = model.split("/").dropLast(1) + location.split("/").filter { it.isNotEmpty() && it != "." }
                if (location.startsWith("/") || parts.joinToString("/") !in manifest.files) {
                    throw BundleError(
                        "$file reads '$location', which the manifest does not list: export the bundle again",
                    )
                }
            }
        }

        private fun verify(root: File, name: String, facts: FileFacts) {
            val file = File(root, name)
            // The target of a symbolic link must not lie outside the bundle.
            if (!file.canonicalFile.toPath().startsWith(root.toPath())) {
                throw BundleError("$file leads outside the bundle: replace the link by the file")
            }
            if (!file.isFile) throw BundleError("$file is missing: copy the bundle again", fault = MissingFile(name))
            if (file.length() != facts.size) {
                val short = file.length() < facts.size
                val kind = if (short) "truncated" else "changed"
                throw BundleError(
                    "$file is $kind: ${file.length()} bytes instead of ${facts.size}: copy the bundle again",
                    fault = if (short) TruncatedFile(name, file.length(), facts.size) else ChangedFile(name),
                )
            }
            if (sha256(file) != facts.sha256) {
                throw BundleError(
                    "$file is changed: its SHA-256 is not the manifest's: copy the bundle again",
                    fault = ChangedFile(name),
                )
            }
        }

        private fun unreadable(file: File, name: String, error: IOException): BundleError {
            val reason = error.message.orEmpty()
            return BundleError("cannot read $file: $reason", error, UnreadableFile(name, reason))
        }
    }
}

/** SHA-256 of a file, in hexadecimal. Throws IOException, and InterruptedException once the thread is interrupted. */
fun sha256(file: File): String {
    val digest = MessageDigest.getInstance("SHA-256")
    file.inputStream().use { stream ->
        val buffer = ByteArray(1 shl 20)
        while (true) {
            if (Thread.interrupted()) throw InterruptedException()
            val count = stream.read(buffer)
            if (count < 0) break
            digest.update(buffer, 0, count)
        }
    }
    return hexadecimal(digest.digest())
}

fun hexadecimal(bytes: ByteArray): String = bytes.joinToString("") { "%02x".format(it) }
