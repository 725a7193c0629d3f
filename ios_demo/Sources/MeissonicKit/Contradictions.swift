extension Manifest {
    /// The tensors that a runtime feeds each graph and reads from it. The step is a chain: a graph's other inputs must be
    /// outputs of earlier graphs.
    private static let feeds: [(graph: String, given: Set<String>, wanted: Set<String>)] = [
        ("text_encoder", ["input_ids"], ["text_hidden", "text_pooled"]),
        (
            "conditioner", ["text_hidden", "text_pooled", "micro_sinusoids", "step_sinusoids"],
            ["context", "modulation"]
        ),
        ("image_decoder", ["tokens"], ["image"]),
        ("tiny_decoder", ["tokens"], ["image"]),
        ("image_encoder", ["image"], ["tokens"]),
    ]

    /// The first contradiction in the manifest, as a phrase; nil if there is none.
    func contradiction() -> String? {
        for needed in ["text_encoder", "conditioner", "image_decoder"] + step where graphs[needed] == nil {
            return "graph '\(needed)' is missing from graphs"
        }
        if Set(step).count < step.count { return "a graph is twice in step" }
        let named =
            graphs.values.flatMap { $0.files + $0.contexts.values.joined() }.sorted()
            + [tokenizer.vocab, tokenizer.merges] + [preview?.file, golden].compactMap { $0 }
        for path in named where !files.has(path) {
            return "file '\(path)' has no size and hash in files"
        }
        if let preview {
            let size = 3 * preview.side * preview.side * model.codebookSize
            guard files[preview.file]?.size == size else {
                return "file '\(preview.file)' has not the \(size) bytes of the preview"
            }
        }
        for (name, given, wanted) in Manifest.feeds where graphs[name] != nil {
            if let problem = gap(in: [name], given: given, wanted: wanted) { return problem }
        }
        var stepGiven: Set = ["tokens", "context", "modulation", "guidance", "uniforms"]
        if let student = model.student, student.noise > 0 { stepGiven.insert("embedding_noise") }
        if let problem = gap(in: step, given: stepGiven, wanted: ["drawn", "log_prob"]) { return problem }
        if tokenizer.length != model.textLength { return "tokenizer length and text_length differ" }
        if Int(model.maskTokenID) >= model.vocabSize { return "mask_token_id is not below vocab_size" }
        if model.codebookSize > model.vocabSize { return "codebook_size is above vocab_size" }
        let unit = model.tokenSize * model.compression
        if sizes.contains(where: { $0.width % unit != 0 || $0.height % unit != 0 }) {
            return "a side of sizes is no multiple of \(unit) pixels"
        }
        if !sizes.contains(defaults.size) { return "default size \(defaults.size) is not among sizes" }
        return nil
    }

    private func gap(in chain: [String], given: Set<String>, wanted: Set<String>) -> String? {
        var made = Set<String>()
        for name in chain {
            guard let graph = graphs[name] else { continue }
            for tensors in [graph.inputs, graph.outputs] where Set(tensors.map(\.name)).count < tensors.count {
                return "graph '\(name)' names a tensor twice"
            }
            for tensor in graph.inputs where !given.contains(tensor.name) && !made.contains(tensor.name) {
                return "graph '\(name)' wants '\(tensor.name)', which nothing before it gives"
            }
            made.formUnion(graph.outputs.map(\.name))
        }
        let missing = wanted.subtracting(made).sorted()
        return missing.isEmpty ? nil : "graph '\(chain.last ?? "")' does not give \(missing.joined(separator: ", "))"
    }
}
