package org.meissonic.mobile.engine

import java.io.File
import kotlinx.serialization.json.Json

val json = Json { ignoreUnknownKeys = true }

/** The repository's root, and what `python -m tests.parity.phone_vectors` wrote. */
val repository = File(System.getProperty("repository"))
val vectors = File(System.getProperty("vectors"))

inline fun <reified T> vector(file: File): T {
    check(file.isFile) { "$file is missing: make phone-vectors" }
    return json.decodeFromString(file.readText())
}

fun bits(values: FloatArray): List<Long> = values.map { it.toRawBits().toLong() and 0xFFFFFFFFL }
