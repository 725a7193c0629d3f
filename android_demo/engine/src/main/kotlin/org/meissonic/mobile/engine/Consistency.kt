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
private val STEP_WANTED = setOf("drawn", "log_prob")
private val NEEDED = listOf("text_encoder", "conditioner", "image_decoder")
private val COMPUTE = setOf(null, "cpu", "gpu", "ane")
private val HASH = Regex("[0-9a-f]{64}")

/** The contradictions of a manifest, each as a phrase: values out of range, paths outside, broken chains. */
internal fun problems(manifest: Manifest): Sequence<String> = sequence {
    if (manifest.version != Bundle.VERSION) yield("version ${manifest.version} is not ${Bundle.VERSION}")
    yieldAll(numbers(manifest))
    yieldAll(graphs(manifest))
    yieldAll(files(manifest))
    if (manifest.tokenizer.length != manifest.model.textLength) yield("tokenizer length and text_length differ")
    if (manifest.defaults.size !in manifest.sizes) yield("default size ${manifest.defaults.size} is not among sizes")
}

private fun numbers(manifest: Manifest): Sequence<String> = sequence {
    val model = manifest.model
    val positive = mapOf(
        "token_size" to model.tokenSize,
        "compression" to model.compression,
        "codebook_size" to model.codebookSize,
        "vocab_size" to model.vocabSize,
        "text_length" to model.textLength,
        "inner_dim" to model.innerDim,
        "modulation_width" to model.modulationWidth,
        "steps" to manifest.defaults.steps,
    )
    for ((name, value) in positive) if (value <= 0) yield("$name $value is not positive")
    val tokens = with(manifest.tokenizer) { listOf(bos, eos, pad) + listOfNotNull(unk) + special.values }
    if ((tokens + model.maskTokenId).any { it < 0 }) yield("a token id is negative")
    if (manifest.tokenizer.length < 3) yield("tokenizer length ${manifest.tokenizer.length} is less than 3")
    if (manifest.defaults.temperature.size != 2) yield("temperature does not have two values")
    if (manifest.sizes.isEmpty()) yield("sizes is empty")
}

private fun graphs(manifest: Manifest): Sequence<String> = sequence {
    if (manifest.step.isEmpty()) yield("step is empty")
    for (name in NEEDED + manifest.step) if (name !in manifest.graphs) yield("graph '$name' is missing from graphs")
    for ((name, graph) in manifest.graphs) {
        if (graph.precision.split("+").any { it !in PRECISIONS }) yield("graph '$name' has precision ${graph.precision}")
        if (graph.files.isEmpty()) yield("graph '$name' has no files")
        if (graph.compute !in COMPUTE) yield("graph '$name' is for ${graph.compute}")
    }
    for ((name, feed) in FEEDS) if (name in manifest.graphs) yieldAll(chain(manifest, listOf(name), feed.first, feed.second))
    yieldAll(chain(manifest, manifest.step, STEP_GIVEN, STEP_WANTED))
}

private fun chain(manifest: Manifest, names: List<String>, given: Set<String>, wanted: Set<String>) = sequence {
    val made = mutableSetOf<String>()
    for (name in names) {
        val graph = manifest.graphs.getValue(name)
        val lacking = graph.inputs.map { it.name }.filter { it !in given && it !in made }
        for (tensor in lacking) yield("graph '$name' needs '$tensor', which no graph before it gives")
        made += graph.outputs.map { it.name }
    }
    val missing = (wanted - made).sorted()
    if (missing.isNotEmpty()) yield("graph '${names.last()}' does not give ${missing.joinToString()}")
}

private fun files(manifest: Manifest): Sequence<String> = sequence {
    val named = manifest.graphs.values.flatMap { it.files } + manifest.tokenizer.vocab + manifest.tokenizer.merges +
        listOfNotNull(manifest.golden?.file)
    for (path in named + manifest.files.keys) if (!inside(path)) yield("path '$path' is outside the bundle or not plain")
    for (path in named) if (path !in manifest.files) yield("file '$path' has no size and hash in files")
    for ((path, facts) in manifest.files) {
        if (facts.size < 0) yield("file '$path' has size ${facts.size}")
        if (!HASH.matches(facts.sha256)) yield("file '$path' has SHA-256 '${facts.sha256}'")
    }
}

/** Whether a path is relative, with forward slashes and no "..". */
private fun inside(path: String): Boolean =
    path.split("/").all { it.isNotEmpty() && it != "." && it != ".." } && '\\' !in path && ':' !in path
