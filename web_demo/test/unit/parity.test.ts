import { describe, expect, test } from "vitest";
import { Bundle } from "../../src/core/bundle";
import { Stop } from "../../src/core/engine";
import { Generator, type Drawing } from "../../src/core/generator";
import type { Edit, Request } from "../../src/core/request";
import { configure, OrtEngine } from "../../src/ort/engine";
import { rgba } from "./argb";
import { teacherForced } from "./teacher";
import { bundleFiles, vector } from "./vectors";

configure(undefined, 1);

/** A drawing of the Python runtime with the int8 bundle, natively. */
interface Recorded {
  mode: "text" | "image" | "inpaint" | "outpaint";
  prompt: string;
  seed: string;
  steps: number;
  guidance: number;
  tokens: number[][];
  image?: number[];
  image_size?: [number, number];
  mask?: number[];
  strength?: number;
  margins?: [number, number, number, number];
}

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

export function requestOf(run: Recorded, size: readonly [number, number]): Request {
  const image = run.image && rgba(run.image_size!, run.image);
  const [left, top, right, bottom] = run.margins ?? [0, 0, 0, 0];
  const edits: Record<Recorded["mode"], Edit | undefined> = {
    text: undefined,
    image: { mode: "imageToImage", image: image!, strength: run.strength },
    inpaint: { mode: "inpaint", image: image!, mask: rgba(size, run.mask ?? []), strength: run.strength },
    outpaint: { mode: "outpaint", image: image!, margins: { left, top, right, bottom } },
  };
  const { prompt, steps, guidance } = run;
  return { prompt, seed: BigInt(run.seed), steps, guidance, edit: edits[run.mode] };
}
