package org.meissonic.mobile.engine

/** A tensor in row-major order. */
sealed class Tensor(val shape: List<Int>, count: Int) {
    abstract val dtype: DType

    init {
        require(shape.fold(1) { product, side -> product * side } == count) { "$shape has not $count entries" }
    }
}

class Ints(val values: IntArray, vararg shape: Int) : Tensor(shape.toList(), values.size) {
    override val dtype get() = DType.INT32
}

class Floats(val values: FloatArray, vararg shape: Int) : Tensor(shape.toList(), values.size) {
    override val dtype get() = DType.FLOAT32

    /** Entry [index] along the first axis. */
    operator fun get(index: Int): Floats {
        val rest = shape.drop(1).toIntArray()
        val count = values.size / shape[0]
        return Floats(values.copyOfRange(index * count, (index + 1) * count), *rest)
    }

    /** The last entry along the first axis, [rows] times: of text rows the prompt's. */
    fun last(rows: Int): Floats {
        val entry = this[shape[0] - 1]
        val all = FloatArray(rows * entry.values.size) { entry.values[it % entry.values.size] }
        return Floats(all, rows, *entry.shape.toIntArray())
    }
}

class Bytes(val values: ByteArray, vararg shape: Int) : Tensor(shape.toList(), values.size) {
    override val dtype get() = DType.UINT8
}
