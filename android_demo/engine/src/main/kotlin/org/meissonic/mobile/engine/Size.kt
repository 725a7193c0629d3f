package org.meissonic.mobile.engine

import kotlinx.serialization.KSerializer
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.JsonDecoder
import kotlinx.serialization.json.JsonPrimitive

/** Width and height in pixels, or in tokens of a grid; `[W, H]` in JSON. */
@Serializable(SizeSerializer::class)
data class Size(val width: Int, val height: Int) {
    internal val area get() = width * height

    override fun toString() = "${width}x$height"
}

/** One side of a tensor: a number, or a name ("rows", "steps") where it differs from run to run. */
@Serializable(DimensionSerializer::class)
data class Dimension(val fixed: Int?, val name: String? = null) {
    override fun toString() = name ?: fixed.toString()
}

internal object SizeSerializer : KSerializer<Size> {
    private val pair = ListSerializer(StrictIntSerializer)
    override val descriptor = pair.descriptor

    override fun deserialize(decoder: Decoder): Size {
        val sides = decoder.decodeSerializableValue(pair)
        if (sides.size != 2 || sides.any { it <= 0 }) throw SerializationException("$sides is no width and height")
        return Size(sides[0], sides[1])
    }

    override fun serialize(encoder: Encoder, value: Size) =
        encoder.encodeSerializableValue(pair, listOf(value.width, value.height))
}

internal object DimensionSerializer : KSerializer<Dimension> {
    override val descriptor = PrimitiveSerialDescriptor("Dimension", PrimitiveKind.STRING)

    override fun deserialize(decoder: Decoder): Dimension {
        val element = (decoder as JsonDecoder).decodeJsonElement()
        val primitive = element as? JsonPrimitive ?: throw SerializationException("$element is no dimension")
        if (primitive.isString && primitive.content.isNotEmpty()) return Dimension(null, primitive.content)
        val side = primitive.content.toIntOrNull()?.takeIf { it > 0 } ?: throw SerializationException("$element is no dimension")
        return Dimension(side)
    }

    override fun serialize(encoder: Encoder, value: Dimension) =
        value.fixed?.let(encoder::encodeInt) ?: encoder.encodeString(value.toString())
}
