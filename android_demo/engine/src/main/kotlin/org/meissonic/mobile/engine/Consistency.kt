package org.meissonic.mobile.engine

// The tensors that a runtime feeds each graph and reads from it. The step is a chain: a graph's other inputs must be
// outputs of earlier graphs.
private val FEEDS = mapOf(
    "text_encoder" to (setOf("input_ids") to setOf("text_hidden", "text_pooled")),
    "conditioner" to
        (setOf("text_hidden", "text_pooled", "micro_sinusoids", "step_sinusoids") to setOf("context", "modulation")),
    "image_decoder" to (setOf("tokens") to setOf("image")),
    "image_encoder" to (setOf("image") to setOf("tokens")),
)
private val STEP_GIVEN = setOf("tokens", "context", "modulation", "guidance", "uniforms")
private const val NOISE_GIVEN = "embedding_noise" // of a student whose embeddings have noise
private val STEP_WANTED = setOf("drawn", "log_prob")
private val NEEDED = listOf("text_encoder", "conditioner", "image_decoder")
private val COMPUTE = setOf(null, "cpu", "gpu", "ane", "npu")
private val HASH = Regex("[0-9a-f]{64}")

/** The contradictions of a manifest, each as a phrase: values out of range, paths outside, broken chains. */
internal fun problems(manifest: Manifest): Sequence<String> = sequence {
    yieldAll(numbers(manifest))
    yieldAll(sizes(manifest))
    yieldAll(texts(manifest.tokenizer))
    yieldAll(graphs(manifest))
    yieldAll(files(manifest))
    if (manifest.tokenizer.length != manifest.model.textLength) yield("tokenizer length and text_length differ")
}

private fun numbers(manifest: Manifest): Sequence<String> = sequence {
    val (model, defaults) = manifest.model to manifest.defaults
    val positive = 1..Int.MAX_VALUE
    val whole = listOf(
        Triple("token_size", model.tokenSize, 1..MAX_SIDE),
        Triple("compression", model.compression, 1..2),
        Triple("codebook_size", model.codebookSize, positive),
        Triple("vocab_size", model.vocabSize, positive),
        Triple("mask_token_id", model.maskTokenId, 0 until model.vocabSize),
        Triple("codebook_size", model.codebookSize, 1..model.vocabSize),
        Triple("text_length", model.textLength, 3..MAX_TEXT_LENGTH),
        Triple("inner_dim", model.innerDim, positive),
        Triple("modulation_width", model.modulationWidth, positive),
        Triple("steps", defaults.steps, 1..MAX_STEPS),
    )
    for ((name, value, range) in whole) if (value !in range) yield("$name $value is out of range")
    if (defaults.guidance !in 0.0..MAX_GUIDANCE) yield("guidance ${defaults.guidance} is out of range")
    model.student?.let {
        if (it.masked !in 0.0..1.0) yield("masked ${it.masked} is out of range")
        if (!(it.noise >= 0 && it.noise < 1)) yield("noise ${it.noise} is out of range")
    }
    if (defaults.score !in -1e6..1e6) yield("score ${defaults.score} is out of range")
    if (!(defaults.strength > 0 && defaults.strength <= 1)) yield("strength ${defaults.strength} is out of range")
    if (defaults.temperature.size != 2) yield("temperature does not have two values")
    if (defaults.temperature.any { it !in 0.0..1000.0 }) yield("a temperature is out of range")
}

private fun sizes(manifest: Manifest): Sequence<String> = sequence {
    val sizes = manifest.sizes
    if (sizes.size !in 1..MAX_SIZES) yield("sizes has ${sizes.size} entries")
    val unit = manifest.model.tokenSize * manifest.model.compression
    for (side in sizes.flatMap { listOf(it.width, it.height) }) {
        if (side > MAX_SIDE) yield("a side of $side pixels is longer than $MAX_SIDE")
        if (side % unit != 0) yield("a side of $side pixels is no multiple of $unit")
    }
    if (manifest.defaults.size !in sizes) yield("default size ${manifest.defaults.size} is not among sizes")
}

private fun texts(facts: TokenizerFacts): Sequence<String> = sequence {
    if ((listOf(facts.bos, facts.eos, facts.pad) + listOfNotNull(facts.unk) + facts.special.values).any { it < 0 }) {
        yield("a token id is negative")
    }
    if ("" in facts.special) yield("a special string is empty")
    for (text in facts.specialNormalized - facts.special.keys) yield("special_normalized has '$text', which is not in special")
}

private fun graphs(manifest: Manifest): Sequence<String> = sequence {
    if (manifest.step.size !in 1..MAX_STEP_GRAPHS) yield("step has ${manifest.step.size} entries")
    if (manifest.step.toSet().size < manifest.step.size) yield("a graph is twice in step")
    for (name in NEEDED + manifest.step) if (name !in manifest.graphs) yield("graph '$name' is missing from graphs")
    for ((name, graph) in manifest.graphs) {
        if (name.isEmpty()) yield("a graph has no name")
        if (graph.precision.split("+").any { it !in PRECISIONS }) yield("graph '$name' has precision ${graph.precision}")
        if (graph.files.isEmpty()) yield("graph '$name' has no files")
        if (graph.compute !in COMPUTE) yield("graph '$name' is for ${graph.compute}")
        if (graph.contexts.any { (chip, files) -> chip.isEmpty() || files.size < 2 }) yield("graph '$name' has an incomplete context")
        if (graph.contexts.isNotEmpty() && !graph.forNpu) yield("graph '$name' has contexts, but its compute is not npu")
        for (function in graph.functions) {
            val unnamed = function.name.isEmpty() || "" in function.dimensions
            if (unnamed || function.dimensions.values.any { it <= 0 }) yield("graph '$name' has a function of no shape")
        }
        val models = graph.functions.map { it.name }.filter { it in graph.files }
        if (models.isNotEmpty() && models.toSet().size < graph.functions.size) {
            yield("graph '$name' has functions that are not different files of it")
        }
        if (models.isNotEmpty() && graph.forNpu) yield("graph '$name' has several sizes, but its compute is npu")
        yieldAll((graph.inputs + graph.outputs).asSequence().mapNotNull(::problem))
    }
    for ((name, feed) in FEEDS) if (name in manifest.graphs) yieldAll(chain(manifest, listOf(name), feed.first, feed.second))
    val given = if ((manifest.model.student?.noise ?: 0.0) > 0) STEP_GIVEN + NOISE_GIVEN else STEP_GIVEN
    yieldAll(chain(manifest, manifest.step, given, STEP_WANTED))
}

private fun problem(tensor: TensorFacts): String? {
    val steps = tensor.shape.firstOrNull()?.fixed ?: 1
    return when {
        tensor.name.isEmpty() -> "a tensor has no name"
        tensor.shape.size > MAX_DIMENSIONS -> "tensor '${tensor.name}' has ${tensor.shape.size} dimensions"
        tensor.shape.isEmpty() && tensor.name != "guidance" -> "tensor '${tensor.name}' has no dimensions"
        tensor.name == "step_sinusoids" && steps > MAX_STEPS -> "$steps steps a call are more than $MAX_STEPS"
        else -> null
    }
}

private fun chain(manifest: Manifest, names: List<String>, given: Set<String>, wanted: Set<String>) = sequence {
    val made = mutableSetOf<String>()
    for (name in names) {
        val graph = manifest.graphs.getValue(name)
        for (tensors in listOf(graph.inputs, graph.outputs)) {
            if (tensors.distinctBy { it.name }.size < tensors.size) yield("graph '$name' names a tensor twice")
        }
        val lacking = graph.inputs.map { it.name }.filter { it !in given && it !in made }
        for (tensor in lacking) yield("graph '$name' wants '$tensor', which nothing before it gives")
        made += graph.outputs.map { it.name }
    }
    val missing = (wanted - made).sorted()
    if (missing.isNotEmpty()) yield("graph '${names.last()}' does not give ${missing.joinToString()}")
}

private fun files(manifest: Manifest): Sequence<String> = sequence {
    val named = manifest.graphs.values.flatMap { it.files + it.contexts.values.flatten() } + manifest.tokenizer.vocab + manifest.tokenizer.merges +
        listOfNotNull(manifest.golden?.file)
    if (manifest.files.size > MAX_FILES) yield("files has ${manifest.files.size} entries")
    for (path in named + manifest.files.keys) if (!inside(path)) yield("path '$path' is outside the bundle or not in plain form")
    for (path in named) if (path !in manifest.files) yield("file '$path' has no size and hash in files")
    for ((path, facts) in manifest.files) {
        if (facts.size !in 0..MAX_FILE) yield("file '$path' has size ${facts.size}")
        if (!HASH.matches(facts.sha256)) yield("file '$path' has SHA-256 '${facts.sha256}'")
    }
}

/** Whether a path is relative, with forward slashes, no ".." and no control character. */
private fun inside(path: String): Boolean =
    path.split("/").all { it != "." && it != ".." && it.toByteArray().size in 1..MAX_PATH_PART } &&
        path.toByteArray().size <= MAX_PATH && path.none { it == '\\' || it == ':' || it < ' ' || it == '\u007f' }
