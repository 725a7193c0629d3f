import { describe, expect, test } from "vitest";
import { maskLeast, randomTokens, type Plan } from "../../src/core/loop";
import type { MaskingSchedule } from "../../src/core/manifest";
import { normals } from "../../src/core/normals";
import { PhiloxNoise, uniforms } from "../../src/core/philox";
import { PreviewTable } from "../../src/core/preview";
import { inInterval, maskLength, temperatures } from "../../src/core/schedule";
import { microSinusoids, stepSinusoids } from "../../src/core/sinusoids";
import { bits, committed, vector } from "./vectors";

interface Numbers {
  temperatures: Record<string, number[]>;
  step_sinusoids: number[];
  share_sinusoids: number[];
  micro_sinusoids: number[];
}

const numbers = vector<Numbers>("numbers.json");

describe("random numbers", () => {
  type Case = { seed: string; step: number; stream: number; bits: number[][] };

  test("uniforms are Python's bit by bit", () => {
    const cases = committed<Case[]>("tests/vectors/philox.json");
    expect(cases).toHaveLength(16);
    for (const { seed, step, stream, bits: wanted } of cases) {
      const made = uniforms(BigInt(seed), step, stream, wanted[0]!.length, wanted.length);
      expect(bits(made)).toEqual(wanted.flat());
    }
  });

  test("seeds above 2^53 that a number would round alike draw differently", () => {
    const [even, odd] = [2n ** 53n, 2n ** 53n + 1n];
    expect(Number(even)).toBe(Number(odd));
    expect(uniforms(even, 0, 0, 8)).not.toEqual(uniforms(odd, 0, 0, 8));
  });

  test("no uniform is 0 or 1", () => {
    expect(uniforms(1n, 0, 0, 100_000).every((value) => value > 0 && value < 1)).toBe(true);
  });
});

describe("students", () => {
  test("normal numbers are Python's bit by bit", () => {
    const cases = committed<{ words: number[]; bits: number[] }[]>("tests/vectors/normals.json");
    expect(cases).toHaveLength(272);
    for (const { words, bits: wanted } of cases) expect(bits(normals(Uint32Array.from(words)))).toEqual(wanted);
    const noise = new PhiloxNoise(2n ** 64n - 1n);
    expect(noise.embedding(1000).slice(0, 7)).toEqual(noise.embedding(7));
  });

  test("the start is the reference's", () => {
    type Case = { seed: string; codes: number; masked: number; before: number[]; after: number[] };
    const cases = committed<Case[]>("tests/vectors/starts.json");
    expect(cases).toHaveLength(4);
    for (const { seed, codes, masked, before, after } of cases) {
      const student = { masked, codebookSize: codes };
      const plan: Plan = {
        steps: 1,
        maskTokenId: codes,
        schedule: "cosine",
        start: 0,
        startingRatio: 1,
        temperature: [2, 0],
        student,
      };
      const made = randomTokens(Int32Array.from(before), new PhiloxNoise(BigInt(seed)), plan, student);
      expect(Array.from(made)).toEqual(after);
    }
  });
});

describe("schedule", () => {
  test("intervals of steps begin and end where the vectors say", () => {
    const cases =
      committed<{ steps: number; from: number; until: number; inside: number[] }[]>("tests/vectors/intervals.json");
    expect(cases).toHaveLength(64);
    for (const { steps, from, until, inside } of cases) {
      const made = [...Array(steps).keys()].filter((step) => inInterval(step, steps, from, until));
      expect(made).toEqual(inside);
    }
  });

  test("mask lengths are the published scheduler's entry by entry", () => {
    const table = committed<Record<MaskingSchedule, Record<string, Record<string, number[]>>>>(
      "tests/golden/mask_lengths.json",
    );
    let entries = 0;
    for (const [name, sizes] of Object.entries(table)) {
      for (const [tokens, counts] of Object.entries(sizes)) {
        for (const [steps, lengths] of Object.entries(counts)) {
          let unknown = Number(tokens);
          const made = lengths.map((_, step) => {
            unknown = maskLength(name as MaskingSchedule, step, Number(steps), Number(tokens), unknown);
            return unknown;
          });
          expect(made, `${name} ${tokens} ${steps}`).toEqual(lengths);
          entries += lengths.length;
        }
      }
    }
    expect(entries).toBe(18_880);
  });

  test("without rounding to float32 some mask lengths would differ", () => {
    const table = committed<Record<string, Record<string, Record<string, number[]>>>>("tests/golden/mask_lengths.json");
    const different = Object.entries(table["linear"]!).flatMap(([tokens, counts]) =>
      Object.entries(counts).filter(([steps, lengths]) =>
        lengths.some((length, step) => Math.floor(Number(tokens) * (1 - (step + 1) / Number(steps))) !== length),
      ),
    );
    expect(different.length).toBeGreaterThan(0);
  });

  test("temperatures are Python's bit by bit", () => {
    for (const [steps, wanted] of Object.entries(numbers.temperatures)) {
      expect(bits(temperatures(Number(steps)))).toEqual(wanted);
    }
  });
});

test("sinusoids are Python's bit by bit", () => {
  expect(bits(stepSinusoids(64, "index").data as Float32Array)).toEqual(numbers.step_sinusoids);
  expect(bits(stepSinusoids(48, "share").data as Float32Array)).toEqual(numbers.share_sinusoids);
  expect(bits(microSinusoids([1024, 768], 6).data as Float32Array)).toEqual(numbers.micro_sinusoids);
});

test("previews are Python's byte by byte", () => {
  type Case = Record<"side" | "width" | "height", number> & Record<"patches" | "tokens" | "pixels", number[]>;
  const cases = committed<Case[]>("tests/vectors/previews.json");
  expect(cases).toHaveLength(4);
  for (const { side, width, height, patches, tokens, pixels } of cases) {
    const table = new PreviewTable(Uint8Array.from(patches), side);
    const made = table.picture(Int32Array.from(tokens), [width, height]);
    expect(made.size).toEqual([width * side, height * side]);
    expect(Array.from(made.rgb)).toEqual(pixels);
  }
});

describe("masking again", () => {
  const mask = (confidence: number[], length: number) =>
    Array.from(maskLeast(new Int32Array(confidence.length).fill(1), new Float32Array(confidence), length, 9));

  test("equal confidences are masked by index, and 0 equals -0", () => {
    expect(mask([0, -0, 1, 0], 2)).toEqual([9, 9, 1, 1]);
  });

  test("known positions, whose confidence is infinite, stay in order among themselves", () => {
    const all = [Infinity, 3, Infinity, Infinity, 1, Infinity, 2, -Infinity, Infinity];
    expect(mask(all, 4)).toEqual([1, 9, 1, 1, 9, 1, 9, 9, 1]);
    expect(mask(all, 6)).toEqual([9, 9, 9, 1, 9, 1, 9, 9, 1]);
  });
});
