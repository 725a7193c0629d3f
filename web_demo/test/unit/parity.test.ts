import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Bundle } from "../../src/core/bundle";
import { Stop } from "../../src/core/engine";
import { Generator, type Drawing } from "../../src/core/generator";
import type { Request } from "../../src/core/request";
import { bytes, ints } from "../../src/core/tensor";
import { configure, OrtEngine } from "../../src/ort/engine";
import { requestOf, type Recorded } from "./recorded";
import { teacherForced } from "./teacher";
import { bundleFiles, vector } from "./vectors";

configure(undefined, 1);

async function open(name: "android" | "fp32"): Promise<Generator> {
  return Generator.of(new OrtEngine(await Bundle.open(bundleFiles(name))), true);
}

async function trace(generator: Generator, request: Request): Promise<[Drawing, number[][]]> {
  const after: number[][] = [];
  const drawing = await generator.draw(request, 0, new Stop(), (event) => {
    if (event.kind === "step") after.push(Array.from(event.progress.tokens));
  });
  return [drawing, after];
}

test("the fp32 bundle gives the golden trace token for token, and each level of its picture within one", async () => {
  const generator = await open("fp32");
  const golden = (await generator.bundle.golden())!;
  const [drawing, after] = await trace(generator, golden);
  expect(after).toEqual(golden.tokens);
  expect(Array.from(drawing.tokens)).toEqual(golden.final_tokens);
  // Native kernels sum in another order, so the bytes are not equal.
  const { rgb } = vector<{ rgb: number[] }>("../web/golden.json");
  expect(drawing.rgb).toHaveLength(rgb.length);
  expect(Math.max(...rgb.map((level, at) => Math.abs(level - drawing.rgb[at]!)))).toBeLessThanOrEqual(1);
  await generator.close();
});

interface SizeRun {
  prompt: string;
  seed: string;
  size: [number, number];
  tokens: number[][];
  image_sha256: string;
  encoded: number[];
}

test("one engine draws every size of a bundle as Python draws it", async () => {
  const engine = new OrtEngine(await Bundle.open(bundleFiles("sizes")));
  const generator = await Generator.of(engine, true);
  const runs = vector<SizeRun[]>("sizes.json");
  expect(new Set(runs.map(({ size }) => String(size)))).toEqual(new Set(engine.bundle.manifest.sizes.map(String)));
  for (const { prompt, seed, size, tokens, image_sha256, encoded } of runs) {
    const [drawing, after] = await trace(generator, { prompt, seed: BigInt(seed), size });
    expect(after).toEqual(tokens);
    expect(createHash("sha256").update(drawing.rgb).digest("hex")).toBe(image_sha256);
    const image = bytes(new Uint8Array(drawing.rgb), size[1], size[0], 3);
    const found = await engine.run("image_encoder", { image }, new Stop());
    expect(Array.from(found.tokens!.data)).toEqual(encoded);
  }
  const odd = { tokens: ints(new Int32Array(9), 3, 3) };
  await expect(engine.run("image_decoder", odd, new Stop())).rejects.toThrow(
    "graph image_decoder has no function for height 3, width 3: export the bundle for this size",
  );
  await generator.close();
});

interface StudentRun {
  prompt: string;
  seed: string;
  steps: number;
  tokens: number[][];
  image_sha256: string;
}

test("a student draws in one pass and in several what Python draws", async () => {
  const generator = await Generator.of(new OrtEngine(await Bundle.open(bundleFiles("student"))), true);
  for (const { prompt, seed, steps, tokens, image_sha256 } of vector<StudentRun[]>("students.json")) {
    const [drawing, after] = await trace(generator, { prompt, seed: BigInt(seed), steps });
    expect(after).toEqual(tokens);
    expect(createHash("sha256").update(drawing.rgb).digest("hex")).toBe(image_sha256);
  }
  await generator.close();
});

test("weights of four bits draw at least 90 % of the tokens of native onnxruntime", async () => {
  const bundle = await Bundle.open(bundleFiles("int4"));
  expect(bundle.manifest.graphs.get("transformer")!.precision).toBe("int4");
  const generator = await Generator.of(new OrtEngine(bundle), true);
  const golden = (await bundle.golden())!;
  const [same, all] = await teacherForced(generator, golden, golden.tokens);
  console.log(`int4, teacher-forced: ${same} of ${all} tokens`);
  expect(same / all).toBeGreaterThanOrEqual(0.9);
  await generator.close();
});

describe("the int8 bundle", () => {
  test("draws at least 94 % of the tokens of native onnxruntime from the same tokens", async () => {
    const generator = await open("android");
    const golden = (await generator.bundle.golden())!;
    const shares = [await teacherForced(generator, golden, golden.tokens)];
    for (const run of vector<Recorded[]>("runs.json")) {
      const size = generator.bundle.manifest.defaults.size;
      shares.push(await teacherForced(generator, requestOf(run, size), run.tokens));
    }
    const [same, all] = shares.reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    console.log(`teacher-forced: ${same} of ${all} tokens, ${((100 * same) / all).toFixed(2)} %`);
    expect(all).toBeGreaterThan(1000);
    expect(same / all).toBeGreaterThanOrEqual(0.94);
    await generator.close();
  });
});
