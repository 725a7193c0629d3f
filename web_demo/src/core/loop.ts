// The masked loop: draw every masked token at once, mask the least confident again, repeat.
//
// Pure arithmetic over a StepFunction that runs the transformer. Python, Kotlin, Swift and TypeScript hold it in the same
// order, under the same names, and give the same tokens (runtime/loop.py lists them). A position is `unknown` (true) while
// its token is the mask; no code keeps the opposite flag.

import { EngineError } from "./errors";
import type { MaskingSchedule } from "./manifest";
import type { Preview } from "./preview";
import { maskLength, maskRatio, temperatures } from "./schedule";

/** The random numbers of one drawing. `count` is the number of positions. */
export interface Noise {
  /** Uniforms f32 [2, count] for drawing the codes. */
  draw(step: number, count: number): Float32Array;

  /** Gumbel noise f32 [count]. */
  confidence(step: number, count: number): Float32Array;

  /** Uniforms f32 [count] for the first masks of image-to-image. */
  masking(count: number): Float32Array;

  /** Uniforms f32 [2, count] for a student's start. */
  randomStart(count: number): Float32Array;

  /** Standard normal numbers f32 [count] for a student's token embeddings; the loop does not use them. */
  embedding(count: number): Float32Array;
}

/** A one-step student: its first pass sees random codes where tokens are unknown, and a share of masks. */
export interface Student {
  masked: number;
  codebookSize: number;
}

/** What the loop does: steps `start` to `steps` - 1 of a schedule of `steps`. */
export interface Plan {
  steps: number;
  maskTokenId: number;
  schedule: MaskingSchedule;
  start: number;
  startingRatio: number; // share of the grid that is masked at the start, for inpainting
  temperature: readonly [number, number]; // of the confidence noise, first and last step
  student?: Student;
}

/** The state after one step. */
export interface Progress {
  step: number; // from 0
  steps: number;
  masked: number; // tokens masked again; 0 after the last step
  tokens: Int32Array; // i32 [H*W], the input of the next step
  candidate: Int32Array; // i32 [H*W], every token drawn: the image decoder makes an exact preview of it
  preview: Preview | null; // of `candidate`; null without a `PreviewTable`
}

/** (step index i, tokens i32 [H*W], uniforms f32 [2, H*W]) -> (drawn i32 [H*W], log_prob f32 [H*W]) */
export type StepFunction = (
  i: number,
  tokens: Int32Array,
  uniforms: Float32Array,
) => Promise<readonly [drawn: Int32Array, logProb: Float32Array]>;

/** The first step of an edit. `strength` (0 to 1) is the share of the steps that run, at least one. */
export function startingStep(steps: number, strength: number): number {
  return steps - Math.min(Math.max(Math.trunc(steps * strength), 1), steps);
}

/**
 * Image-to-image: which of `count` tokens are masked at first.
 *
 * The probability is the schedule's mask ratio at `plan.start`: 1 at step 0, so all are masked there (the published code
 * masks none).
 */
export function maskedAtStart(noise: Noise, plan: Plan, count: number): boolean[] {
  const ratio = maskRatio(plan.schedule, plan.start, plan.steps);
  return Array.from(noise.masking(count), (uniform) => uniform < ratio);
}

/**
 * What a student's first pass sees of `codes` i32 [S]: unknown ones become random, or stay masked.
 *
 * Code = floor(u0 * codebookSize) in float64. Of n unknown positions the floor(masked * n + 1/2) of smallest (u1, index)
 * stay masked.
 */
export function randomTokens(codes: Int32Array, noise: Noise, plan: Plan, student: Student): Int32Array {
  const uniforms = noise.randomStart(codes.length);
  const mask = plan.maskTokenId;
  const drawn = codes.map((code, at) => (code === mask ? Math.floor(uniforms[at]! * student.codebookSize) : code));
  const order = Float32Array.from(codes, (code, at) => (code === mask ? uniforms[codes.length + at]! : Infinity));
  const unknown = codes.filter((code) => code === mask).length;
  return maskLeast(drawn, order, Math.floor(student.masked * unknown + 0.5), mask);
}

/**
 * Runs the loop from `tokens` i32 [H*W] (the mask id where unknown) to the finished tokens i32 [H*W].
 *
 * Known tokens never change. Awaits `onStep` after each step. Throws EngineError if `step` gives a log probability that is
 * NaN or a token outside the codebook, and what the two functions throw.
 */
export async function drawTokens(
  tokens: Int32Array,
  noise: Noise,
  plan: Plan,
  onStep: (progress: Progress) => Promise<void> | void,
  step: StepFunction,
): Promise<Int32Array> {
  let codes = tokens;
  const count = codes.length;
  const temperature = temperatures(plan.steps, ...plan.temperature);
  for (let i = plan.start; i < plan.steps; i++) {
    const unknown = Array.from(codes, (code) => code === plan.maskTokenId);
    if (i === 0 && plan.student) codes = randomTokens(codes, noise, plan, plan.student);
    const [drawn, logProb] = await step(i, codes, noise.draw(i, count));
    check(drawn, logProb, plan, i);
    const candidate = codes.map((code, at) => (unknown[at] ? drawn[at]! : code));
    let masked = 0;
    if (i < plan.steps - 1) {
      const left = unknown.filter(Boolean).length;
      masked = maskLength(plan.schedule, i, plan.steps, count, left, plan.startingRatio);
    }
    if (masked > 0) {
      const gumbel = noise.confidence(i, count);
      const confidence = logProb.map((value, at) =>
        unknown[at] ? value + Math.fround(temperature[i]! * gumbel[at]!) : Infinity,
      );
      codes = maskLeast(candidate, confidence, masked, plan.maskTokenId);
    } else {
      codes = candidate;
    }
    await onStep({ step: i, steps: plan.steps, masked, tokens: codes, candidate, preview: null });
  }
  return codes;
}

/** The codes with the `length` positions of smallest (confidence, index) masked. */
export function maskLeast(
  codes: Int32Array,
  confidence: Float32Array,
  length: number,
  maskTokenId: number,
): Int32Array {
  // Compared, not subtracted, because the difference of two infinities is no number and would end the order.
  const order = Array.from(codes.keys()).sort(
    (a, b) => Number(confidence[a]! > confidence[b]!) - Number(confidence[a]! < confidence[b]!) || a - b,
  );
  const masked = codes.slice();
  for (const at of order.slice(0, length)) masked[at] = maskTokenId;
  return masked;
}

function check(drawn: Int32Array, logProb: Float32Array, plan: Plan, step: number): void {
  if (logProb.some(Number.isNaN)) {
    throw new EngineError(`step ${step} gave a probability that is not a number: export the bundle again`);
  }
  if (drawn.some((token) => token < 0 || token >= plan.maskTokenId)) {
    throw new EngineError(`step ${step} drew a token outside the codebook: export the bundle again`);
  }
}
