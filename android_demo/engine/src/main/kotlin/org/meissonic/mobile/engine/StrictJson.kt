package org.meissonic.mobile.engine

import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import kotlinx.serialization.KSerializer
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonDecoder
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonPrimitive

// JSON of a bundle, which anyone may have written. kotlinx.serialization accepts more than RFC 8259 does ("4" as a number,
// lone surrogates), and four languages must accept the same manifests.

private const val MAX_DEPTH = 32 // levels of nested objects and arrays
private const val MAX_DIGITS = 4300 // of a whole number, as in Python

/** The JSON in UTF-8 [bytes]. Throws SerializationException for what RFC 8259, the depth or finite numbers exclude. */
internal fun strictJson(bytes: ByteArray): JsonElement {
    val text = utf8(bytes) ?: throw SerializationException("it is not UTF-8")
    Grammar(text).check()
    return Json.parseToJsonElement(text)
}

/** The text; null if the bytes are not UTF-8. */
internal fun utf8(bytes: ByteArray): String? = try {
    Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString()
} catch (_: CharacterCodingException) {
    null
}

private class Grammar(private val text: String) {
    private var at = 0

    fun check() {
        value(0)
        space()
        if (at < text.length) refuse()
    }

    private fun value(level: Int) {
        if (level >= MAX_DEPTH) throw SerializationException("nested deeper than $MAX_DEPTH levels")
        space()
        when (text.getOrNull(at)) {
            '{' -> sequence('}') {
                string()
                space()
                take(':')
                value(level + 1)
            }
            '[' -> sequence(']') { value(level + 1) }
            '"' -> string()
            't' -> word("true")
            'f' -> word("false")
            'n' -> word("null")
            else -> number()
        }
    }

    private fun sequence(end: Char, entry: () -> Unit) {
        at++
        space()
        if (text.getOrNull(at) == end) {
            at++
            return
        }
        while (true) {
            space()
            entry()
            space()
            if (text.getOrNull(at) == end) break
            take(',')
        }
        at++
    }

    private fun string() {
        take('"')
        while (true) {
            val character = text.getOrNull(at++) ?: refuse()
            when {
                character == '"' -> return
                character < ' ' -> refuse()
                character != '\\' -> Unit
                else -> escape()
            }
        }
    }

    private fun escape() {
        val kind = text.getOrNull(at++) ?: refuse()
        if (kind in "\"\\/bfnrt") return
        if (kind != 'u') refuse()
        val code = code()
        if (code.isLowSurrogate()) refuse()
        if (!code.isHighSurrogate()) return
        take('\\')
        take('u')
        if (!code().isLowSurrogate()) refuse()
    }

    private fun code(): Char {
        val digits = text.substring(at, minOf(at + 4, text.length))
        if (digits.length < 4 || digits.any { it !in '0'..'9' && it !in 'a'..'f' && it !in 'A'..'F' }) refuse()
        at += 4
        return digits.toInt(16).toChar()
    }

    private fun number() {
        val begin = at
        if (text.getOrNull(at) == '-') at++
        val first = at
        digits()
        if (text[first] == '0' && at > first + 1) refuse()
        val whole = at
        if (text.getOrNull(at) == '.') {
            at++
            digits()
        }
        if (text.getOrNull(at) == 'e' || text.getOrNull(at) == 'E') {
            at++
            if (text.getOrNull(at) == '+' || text.getOrNull(at) == '-') at++
            digits()
        }
        if (whole - first > MAX_DIGITS) throw SerializationException("a number has more than $MAX_DIGITS digits")
        if (at > whole && !text.substring(begin, at).toDouble().isFinite()) throw SerializationException("a number is not finite")
    }

    private fun digits() {
        val begin = at
        while (at < text.length && text[at] in '0'..'9') at++
        if (at == begin) refuse()
    }

    private fun word(word: String) {
        if (!text.startsWith(word, at)) refuse()
        at += word.length
    }

    private fun take(character: Char) {
        if (text.getOrNull(at) != character) refuse()
        at++
    }

    private fun space() {
        while (at < text.length && text[at] in " \t\r\n") at++
    }

    private fun refuse(): Nothing = throw SerializationException("unexpected text at character $at")
}

/** A whole number, not in quotes and without a fraction or an exponent. */
typealias StrictInt = @Serializable(StrictIntSerializer::class) Int

typealias StrictLong = @Serializable(StrictLongSerializer::class) Long

typealias StrictULong = @Serializable(StrictULongSerializer::class) ULong

/** A number, not in quotes. */
typealias StrictDouble = @Serializable(StrictDoubleSerializer::class) Double

/** Reads only the texts that [parse] accepts, and writes as [plain] does. */
internal abstract class StrictSerializer<T : Any>(
    private val name: String,
    private val plain: KSerializer<T>,
    private val parse: (String) -> T?,
) : KSerializer<T> {
    override val descriptor = PrimitiveSerialDescriptor("Strict$name", PrimitiveKind.STRING)

    override fun deserialize(decoder: Decoder): T {
        val element = (decoder as JsonDecoder).decodeJsonElement()
        val value = (element as? JsonPrimitive)?.takeIf { !it.isString }?.let { parse(it.content) }
        return value ?: throw SerializationException("${element.toString().take(LONGEST_SHOWN)} is no $name")
    }

    override fun serialize(encoder: Encoder, value: T) = encoder.encodeSerializableValue(plain, value)
}

private const val LONGEST_SHOWN = 40 // characters

internal object StrictIntSerializer : StrictSerializer<Int>("32-bit number", Int.serializer(), String::toIntOrNull)

internal object StrictLongSerializer : StrictSerializer<Long>("64-bit number", Long.serializer(), String::toLongOrNull)

internal object StrictULongSerializer :
    StrictSerializer<ULong>("number from 0 to 2^64 - 1", ULong.serializer(), String::toULongOrNull)

internal object StrictDoubleSerializer : StrictSerializer<Double>("number", Double.serializer(), { text ->
    text.toDoubleOrNull()?.takeIf { text != "NaN" && it.isFinite() }
})
