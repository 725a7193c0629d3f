// Contradictions of a manifest that its schema does not see.

import { MAX_FILES, MAX_STEPS, type Manifest, type TensorFacts } from "./manifest";

// The tensors that a runtime feeds each graph and reads from it. The step is a chain: a graph's other inputs must be
// outputs of earlier graphs.
const FEEDS: Record<string, [given: string[], wanted: string[]]> = {
  text_encoder: [["input_ids"], ["text_hidden", "text_pooled"]],
  conditioner: [
    ["text_hidden", "text_pooled", "micro_sinusoids", "step_sinusoids"],
    ["context", "modulation"],
  ],
  image_decoder: [["tokens"], ["image"]],
  image_encoder: [["image"], ["tokens"]],
};
const STEP_GIVEN = ["tokens", "context", "modulation", "guidance", "uniforms"];
const STEP_WANTED = ["drawn", "log_prob"];
const NEEDED = ["text_encoder", "conditioner", "image_decoder"];

/** Each contradiction as a phrase. */
export function* problems(manifest: Manifest): Generator<string> {
  const { model, graphs, step, files, tokenizer } = manifest;
  if (model.mask_token_id >= model.vocab_size) yield "mask_token_id is not below vocab_size";
  if (model.codebook_size > model.vocab_size) yield "codebook_size is above vocab_size";
  const unit = model.token_size * model.compression;
  for (const side of manifest.sizes.flat()) if (side % unit) yield `a side of ${side} pixels is no multiple of ${unit}`;
  const [width, height] = manifest.defaults.size;
  if (!manifest.sizes.some((size) => size[0] === width && size[1] === height)) {
    yield `default size ${width}x${height} is not among sizes`;
  }

  for (const name of [...NEEDED, ...step]) if (!graphs.has(name)) return yield `graph '${name}' is missing from graphs`;
  if (new Set(step).size < step.length) yield "a graph is twice in step";
  for (const [name, graph] of graphs) {
    if (name === "") yield "a graph has no name";
    if (graph.contexts.has("")) yield `graph '${name}' has a context for no chip`;
    if (graph.contexts.size > 0 && graph.compute !== "npu") {
      yield `graph '${name}' has contexts, but its compute is not npu`;
    }
    if (graph.functions.some((entry) => entry.dimensions.has(""))) yield `graph '${name}' has a dimension of no name`;
    const models = graph.functions.map((entry) => entry.name).filter((name) => graph.files.includes(name));
    if (models.length > 0 && new Set(models).size < graph.functions.length) {
      yield `graph '${name}' has functions that are not different files of it`;
    }
    if (models.length > 0 && graph.compute === "npu") yield `graph '${name}' has several sizes, but its compute is npu`;
    for (const tensor of [...graph.inputs, ...graph.outputs]) yield* problemsOf(tensor);
  }
  for (const [name, feed] of Object.entries(FEEDS)) if (graphs.has(name)) yield* chain(manifest, [name], ...feed);
  const noisy = (model.student?.noise ?? 0) > 0;
  yield* chain(manifest, step, noisy ? [...STEP_GIVEN, "embedding_noise"] : STEP_GIVEN, STEP_WANTED);

  if (files.size > MAX_FILES) yield `files has ${files.size} entries`;
  const named = [...graphs.values()].flatMap((graph) => [...graph.files, ...[...graph.contexts.values()].flat()]);
  named.push(tokenizer.vocab, tokenizer.merges, ...(manifest.golden ? [manifest.golden.file] : []));
  for (const path of named) if (!files.has(path)) yield `file '${path}' has no size and hash in files`;

  if (tokenizer.length !== model.text_length) yield "tokenizer length and text_length differ";
  if (tokenizer.special.has("")) yield "a special string is empty";
  for (const text of tokenizer.special_normalized) {
    if (!tokenizer.special.has(text)) yield `special_normalized has '${text}', which is not in special`;
  }
}

function* problemsOf({ name, shape }: TensorFacts): Generator<string> {
  if (shape.length === 0 && name !== "guidance") yield `tensor '${name}' has no dimensions`;
  const steps = shape[0];
  if (name === "step_sinusoids" && typeof steps === "number" && steps > MAX_STEPS) {
    yield `${steps} steps a call are more than ${MAX_STEPS}`;
  }
}

function* chain(manifest: Manifest, names: string[], given: string[], wanted: string[]): Generator<string> {
  const known = new Set(given);
  const made = new Set<string>();
  for (const name of names) {
    const graph = manifest.graphs.get(name)!;
    for (const tensors of [graph.inputs, graph.outputs]) {
      if (new Set(tensors.map((tensor) => tensor.name)).size < tensors.length)
        yield `graph '${name}' names a tensor twice`;
    }
    for (const tensor of graph.inputs) {
      if (!known.has(tensor.name)) yield `graph '${name}' wants '${tensor.name}', which nothing before it gives`;
    }
    for (const tensor of graph.outputs) {
      known.add(tensor.name);
      made.add(tensor.name);
    }
  }
  const missing = wanted.filter((name) => !made.has(name));
  if (missing.length > 0) yield `graph '${names.at(-1)}' does not give ${missing.join(", ")}`;
}
