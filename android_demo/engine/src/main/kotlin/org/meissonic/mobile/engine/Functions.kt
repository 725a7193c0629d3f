package org.meissonic.mobile.engine

/** Sizes of the named dimensions of the graph's inputs, and of the token grid. */
fun GraphFacts.dimensionsOf(tensors: Map<String, Tensor>): Map<String, Int> {
    val found = mutableMapOf<String, Int>()
    tensors["tokens"]?.let { grid -> listOf("height", "width").zip(grid.shape).toMap(found) }
    for (input in inputs) {
        for ((side, size) in input.shape.zip(tensors.getValue(input.name).shape)) side.name?.let { found[it] = size }
    }
    return found
}

/** The first function that agrees with all dimensions of the tensors; null if the graph has none. Throws BundleError. */
fun GraphFacts.choose(graph: String, tensors: Map<String, Tensor>): FunctionFacts? {
    if (functions.isEmpty()) return null
    val dimensions = dimensionsOf(tensors)
    functions.firstOrNull { function -> function.dimensions.all { (side, size) -> (dimensions[side] ?: size) == size } }
        ?.let { return it }
    val sides = functions.flatMap { it.dimensions.keys }
    val wanted = dimensions.filterKeys { it in sides }.map { (side, size) -> "$side $size" }.joinToString()
    throw BundleError("graph $graph has no function for $wanted: export the bundle for this size")
}

/** The tensor in the shape that a function has. */
fun TensorFacts.fixed(function: FunctionFacts?): TensorFacts =
    copy(shape = shape.map { side -> function?.dimensions?.get(side.name)?.let { Dimension(it) } ?: side })
