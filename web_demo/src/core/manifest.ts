/** The schema of `manifest.json`, the same on every platform; runtime/manifest.py explains it. */

import * as z from "zod/mini";

z.config({ jitless: true }); // zod's compiled parsers would need a page that allows `eval`

// Bounds of a manifest as in runtime/manifest.py, far above every real one: a hostile one costs no memory and no time.
export const MAX_MANIFEST = 4_000_000; // bytes
export const MAX_TEXT_FILE = 64_000_000; // bytes of a vocabulary, merges, golden trace or preview
export const MAX_FILES = 10_000;
export const MAX_PATH = 1000; // bytes in UTF-8; 255 a part
export const MAX_SIDE = 4096; // pixels
export const MAX_STEPS = 1000;
export const MAX_GUIDANCE = 100;
const MAX_PATCH = 16; // pixels along one side of a token in a preview
const MAX_FILE = 2 ** 40; // bytes
const MAX_SIZES = 64;
const MAX_TEXT_LENGTH = 4096;
const MAX_STEP_GRAPHS = 64;
const MAX_DIMENSIONS = 8;
const INT = 2 ** 31 - 1;

/** A whole number, which `strictJson` gives as a bigint, in a range that a number holds exactly. */
const whole = (least: number, most: number) =>
  z.pipe(z.bigint().check(z.gte(BigInt(least)), z.lte(BigInt(most))), z.transform(Number));
/** Any number in a range. */
const real = (least: number, most: number) =>
  z.pipe(z.pipe(z.union([z.bigint(), z.number()]), z.transform(Number)), z.number().check(z.gte(least), z.lte(most)));
/** An object with any keys, as a Map, because a key may be "constructor". */
const table = <T extends z.ZodMiniType>(values: T, keys: z.ZodMiniType<string, string> = z.string()) =>
  z.pipe(
    z.record(keys, values),
    z.transform((entries) => new Map(Object.entries(entries))),
  );

const name = z.string().check(z.minLength(1));
const positive = whole(1, INT);
const tokenId = whole(0, INT);
const pixels = whole(1, MAX_SIDE);
const size = z.tuple([pixels, pixels]);
const steps = whole(1, MAX_STEPS);
const guidance = real(0, MAX_GUIDANCE);
const path = z.string().check(z.refine(inside, { error: "a path is outside the bundle or not in plain form" }));
const schedule = z.enum(["cosine", "linear"]);
// What tells the model of a step with t steps after it, of N: t itself, or t / N.
const timestep = z.enum(["index", "share"]);
const dtype = z.enum(["int32", "float32", "uint8"]);

// How a one-step student is drawn.
const student = z.strictObject({
  masked: real(0, 1), // share of the unknown tokens that its first pass sees masked
  noise: z._default(real(0, 1 - 2 ** -53), 0), // share of noise in its token embeddings
});

const model = z.strictObject({
  name: z.string(),
  token_size: pixels, // pixels along one side of a VQ token
  compression: whole(1, 2), // VQ tokens along one side of a position inside the blocks
  codebook_size: positive,
  vocab_size: positive,
  mask_token_id: tokenId,
  masking_schedule: schedule,
  timestep: z._default(timestep, "index"),
  student: z.optional(z.nullable(student)),
  text_length: whole(3, MAX_TEXT_LENGTH),
  inner_dim: positive,
  modulation_width: positive,
});

const tensor = z.strictObject({
  name,
  dtype,
  // A side is a number, or a name ("rows", "steps") where it differs from run to run.
  shape: z.array(z.union([positive, name])).check(z.maxLength(MAX_DIMENSIONS)),
});

// From exact to coarse.
const PRECISIONS = ["fp32", "fp16", "qnn", "int8", "palette8", "palette6", "int4", "palette4"];
const precision = PRECISIONS.join("|");

// What runs a graph in fixed shapes: one of its ONNX models, by its path, or a function of a Core ML package.
const entryPoint = z.strictObject({ name, dimensions: table(positive) });

const graph = z.strictObject({
  precision: z.string().check(z.regex(new RegExp(`^(${precision})(\\+(${precision}))*$`))),
  inputs: z.array(tensor),
  outputs: z.array(tensor),
  files: z.array(path).check(z.minLength(1)), // the model or one for each size, then their external data
  functions: z._default(z.array(entryPoint), []),
  compute: z.optional(z.nullable(z.enum(["cpu", "gpu", "ane", "npu"]))),
  // Chip: its compiled model first, then the binaries.
  contexts: z._default(table(z.array(path).check(z.minLength(2))), new Map()),
});

const tokenizer = z.strictObject({
  vocab: path,
  merges: path,
  length: whole(3, MAX_TEXT_LENGTH),
  bos: tokenId,
  eos: tokenId,
  pad: tokenId,
  unk: z.optional(z.nullable(tokenId)), // none: equal to eos, as published
  special: table(tokenId),
  special_normalized: z._default(z.array(name), []),
});

const defaults = z.strictObject({
  size,
  steps,
  guidance,
  temperature: z.tuple([real(0, 1000), real(0, 1000)]),
  negative: z.string(),
  score: real(-1e6, 1e6), // the aesthetic score, which is the fifth micro-condition
  strength: real(Number.MIN_VALUE, 1), // of image-to-image
});

const file = z.strictObject({
  size: whole(0, MAX_FILE), // bytes
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});

export const manifestSchema = z.strictObject({
  format: z.literal("meissonic-mobile"),
  version: whole(1, 1),
  model,
  sizes: z.array(size).check(z.minLength(1), z.maxLength(MAX_SIZES)),
  graphs: table(graph),
  step: z.array(name).check(z.minLength(1), z.maxLength(MAX_STEP_GRAPHS)),
  files: table(file, path),
  tokenizer,
  defaults,
  // Patches that make a preview of tokens: u8 [codebook_size, side, side, 3].
  preview: z.optional(z.nullable(z.strictObject({ file: path, side: whole(1, MAX_PATCH) }))),
  golden: z.optional(z.nullable(z.strictObject({ file: path }))),
  source: z.strictObject({ checkpoint: z.string(), sha256: z.string() }),
  tools: table(z.string()),
  parity: z.optional(z.record(z.string(), z.unknown())),
});

/** One drawing, step by step, that every runtime must reproduce. */
export const goldenSchema = z.strictObject({
  prompt: z.string(),
  negative: z.string(),
  seed: z.bigint().check(z.gte(0n), z.lt(1n << 64n)),
  steps,
  guidance,
  size,
  prompt_ids: z.array(tokenId),
  negative_ids: z.array(tokenId),
  masked: z.array(tokenId), // tokens masked again after each step; 0 after the last
  tokens: z.array(z.array(tokenId)), // the grid after each step, row-major
  final_tokens: z.array(tokenId),
  image_sha256: z.string(), // of the raw RGB bytes, row-major
});

export const vocabSchema = table(tokenId);

export type Manifest = z.infer<typeof manifestSchema>;
export type GraphFacts = z.infer<typeof graph>;
export type FunctionFacts = z.infer<typeof entryPoint>;
export type TensorFacts = z.infer<typeof tensor>;
export type TokenizerFacts = z.infer<typeof tokenizer>;
export type GoldenTrace = z.infer<typeof goldenSchema>;
export type MaskingSchedule = z.infer<typeof schedule>;
export type Timestep = z.infer<typeof timestep>;
export type DType = z.infer<typeof dtype>;
/** Width and height. */
export type Size = readonly [width: number, height: number];

/** Bytes of all files. */
export function bundleSize(manifest: Manifest): number {
  return [...manifest.files.values()].reduce((sum, file) => sum + file.size, 0);
}

/** Whether Core ML runs the graphs. */
export function forCoreMl(manifest: Manifest): boolean {
  return [...manifest.graphs.values()].some(({ functions, files }) =>
    functions.some((entry) => !files.includes(entry.name)),
  );
}

/** A graph's ONNX models, one for each size if sizes share the graph; the first is that of the default. */
export function modelsOf(graph: GraphFacts): string[] {
  return graph.functions.length > 0 ? graph.functions.map((entry) => entry.name) : graph.files.slice(0, 1);
}

/** Whether the step takes two text rows, guided or not. */
export function twoRows(manifest: Manifest): boolean {
  const inputs = manifest.step.flatMap((name) => manifest.graphs.get(name)!.inputs);
  return inputs.some((tensor) => tensor.name === "context" && tensor.shape[0] === 2);
}

/** Whether a path is relative, with forward slashes, no ".." and no control character. */
function inside(path: string): boolean {
  const length = (text: string) => new TextEncoder().encode(text).length;
  const plain = path.split("/").every((part) => part !== "." && part !== ".." && part !== "" && length(part) <= 255);
  return plain && length(path) <= MAX_PATH && !/[\\:\u0000-\u001f\u007f]/.test(path);
}
