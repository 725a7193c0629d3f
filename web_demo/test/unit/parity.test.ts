import { describe, expect, test } from "vitest";
import { Bundle } from "../../src/core/bundle";
import { Stop } from "../../src/core/engine";
import { Generator, type Drawing } from "../../src/core/generator";
import type { Request } from "../../src/core/request";
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
