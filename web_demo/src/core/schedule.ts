// How many tokens stay masked after each step, how random the choice is, and which steps are guided.
//
// The published scheduler (MaskGIT's schedule, arXiv 2202.04200) computes in float32. Near an integer the rounding
// decides, so the same operations are done here in the same order. JavaScript has float64 alone: one operation on float32
// numbers, then Math.fround, rounds as float32 does.

import type { MaskingSchedule } from "./manifest";

const { fround } = Math;

/** The share of tokens still masked after `done` of `steps` steps: cos(r pi/2) or 1 - r, in float32. */
export function maskRatio(schedule: MaskingSchedule, done: number, steps: number): number {
  const ratio = fround(done / steps);
  if (schedule === "linear") return fround(1 - ratio);
  const angle = fround(fround(ratio * fround(Math.PI)) / 2);
  // The cosine in float64, rounded, because float32 cosines differ by platform in the last bit.
  return fround(Math.cos(angle));
}

/**
 * How many of `unknown` masked tokens are masked again after step `step` (from 0, the last excluded).
 *
 * At least one token becomes known and at least one stays masked; if nothing is unknown, nothing is masked. `tokens` is
 * the whole grid; `startingRatio` is the share of it that was masked at the start.
 */
export function maskLength(
  schedule: MaskingSchedule,
  step: number,
  steps: number,
  tokens: number,
  unknown: number,
  startingRatio = 1,
): number {
  const ratio = fround(fround(startingRatio) * maskRatio(schedule, step + 1, steps));
  const length = Math.floor(fround(tokens * ratio));
  return Math.min(Math.max(Math.min(length, unknown - 1), 1), unknown);
}

/**
 * Whether step `step` (from 0) of `steps` lies in an interval of shares: start <= step / steps < end.
 *
 * The quotient is in float64, so the end of one interval is the start of the next.
 */
export function inInterval(step: number, steps: number, start: number, end: number): boolean {
  const share = step / steps;
  return start <= share && share < end;
}

/**
 * Linear from `start` to `end` in `steps` values, f32 [N]; bit for bit torch.linspace.
 *
 * Each half counts from its own end; product and sum are rounded once, from float64 to float32.
 */
export function temperatures(steps: number, start = 2, end = 0): Float32Array {
  const [first, last] = [fround(start), fround(end)];
  if (steps === 1) return new Float32Array([first]);
  const step = fround(fround(last - first) / (steps - 1));
  return Float32Array.from({ length: steps }, (_, i) =>
    i < Math.floor(steps / 2) ? first + step * i : last - step * (steps - 1 - i),
  );
}
