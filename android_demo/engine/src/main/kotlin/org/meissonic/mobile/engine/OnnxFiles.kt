package org.meissonic.mobile.engine

import java.io.File
import java.io.IOException
import java.io.RandomAccessFile

// The files beside an ONNX model that it reads, found in its protobuf message: weights and compiled contexts.
//
// onnxruntime opens them by the names in the model, so a manifest has to list each one. Only the fields on the way from
// the model to such a name are read (onnx.proto); a tensor's own bytes are skipped.

/** The locations that tensors and contexts of the model name, as written. Throws IOException for a damaged model. */
internal fun externalFiles(file: File): Set<String> = RandomAccessFile(file, "r").use { OnnxReader(it).locations() }

private const val MAX_NESTING = 100 // of graphs within graphs; protobuf's own readers stop there too

private enum class Part { MODEL, GRAPH, FUNCTION, NODE, ATTRIBUTE, SPARSE, TENSOR, ENTRY }

// Of each message: its fields that lead on, by number.
private val LEADS = mapOf(
    Part.MODEL to mapOf(7 to Part.GRAPH, 25 to Part.FUNCTION),
    Part.GRAPH to mapOf(1 to Part.NODE, 5 to Part.TENSOR, 15 to Part.SPARSE),
    Part.FUNCTION to mapOf(7 to Part.NODE, 11 to Part.ATTRIBUTE),
    Part.NODE to mapOf(5 to Part.ATTRIBUTE),
    Part.ATTRIBUTE to mapOf(
        5 to Part.TENSOR,
        10 to Part.TENSOR,
        6 to Part.GRAPH,
        11 to Part.GRAPH,
        22 to Part.SPARSE,
        23 to Part.SPARSE,
    ),
    Part.SPARSE to mapOf(1 to Part.TENSOR, 2 to Part.TENSOR),
    Part.TENSOR to mapOf(13 to Part.ENTRY),
)

private class OnnxReader(private val file: RandomAccessFile) {
    private val buffer = ByteArray(1 shl 12)
    private var first = 0L // of the file, in the buffer
    private var count = 0

    private val found = mutableSetOf<String>()

    fun locations(): Set<String> {
        if (file.length() == 0L) throw IOException("it is empty")
        read(Part.MODEL, 0, file.length(), 0)
        return found
    }

    private fun read(part: Part, begin: Long, end: Long, depth: Int) {
        if (depth > MAX_NESTING) throw IOException("its graphs are nested too deep")
        if (part == Part.ENTRY) return readEntry(begin, end)
        if (part == Part.ATTRIBUTE) readAttribute(begin, end)
        val leads = LEADS.getValue(part)
        fields(begin, end) { number, first, last -> leads[number]?.let { read(it, first, last, depth + 1) } }
    }

    /** Adds the value of an entry (StringStringEntryProto) whose key is "location". */
    private fun readEntry(begin: Long, end: Long) {
        val pair = arrayOfNulls<String>(3)
        fields(begin, end) { number, first, last -> if (number < pair.size) pair[number] = text(first, last) }
        if (pair[1] == "location") add(pair[2].orEmpty())
    }

    /** Adds the binary that an EPContext names. */
    private fun readAttribute(begin: Long, end: Long) {
        val strings = arrayOfNulls<String>(5)
        fields(begin, end) { number, first, last -> if (number == 1 || number == 4) strings[number] = text(first, last) }
        if (strings[1] == "ep_cache_context") add(strings[4].orEmpty())
    }

    private fun add(location: String) {
        found += location
        if (found.size > MAX_FILES) throw IOException("it names more than $MAX_FILES files")
    }

    private fun text(begin: Long, end: Long): String {
        if (end - begin > MAX_PATH) return "a name of ${end - begin} bytes" // is in no manifest
        return ByteArray((end - begin).toInt()) { byte(begin + it).toByte() }.decodeToString()
    }

    /** Calls back for the strings and messages of a message: field number, begin and end of the content. */
    private fun fields(begin: Long, end: Long, field: (number: Int, begin: Long, end: Long) -> Unit) {
        at = begin
        while (at < end) {
            val key = number(end).toInt() // 32 bits, as protobuf reads a tag
            val length = when (val wire = key and 7) {
                WIRE_NUMBER -> {
                    number(end)
                    continue
                }
                WIRE_BYTES -> number(end)
                WIRE_64 -> 8
                WIRE_32 -> 4
                else -> throw IOException("wire type $wire at byte $at")
            }
            if (length < 0 || length > end - at) throw IOException("it ends within the field at byte $at")
            val first = at
            val next = at + length
            if (key and 7 == WIRE_BYTES) field(key ushr 3, first, next)
            at = next
        }
    }

    private var at = 0L // in the file

    private fun number(end: Long): Long {
        var value = 0L
        for (place in 0 until 10) {
            if (at >= end) break
            val byte = byte(at++)
            value = value or ((byte and 127).toLong() shl 7 * place)
            if (byte < 128) return value
        }
        throw IOException("no number at byte $at")
    }

    private fun byte(place: Long): Int {
        if (place !in first until first + count) {
            file.seek(place)
            first = place
            count = file.read(buffer)
            if (count <= 0) throw IOException("it ends at byte $place")
        }
        return buffer[(place - first).toInt()].toInt() and 0xFF
    }

    private companion object {
        const val WIRE_NUMBER = 0
        const val WIRE_64 = 1
        const val WIRE_BYTES = 2
        const val WIRE_32 = 5
    }
}
