// Resizes 8-bit pictures of one channel as Pillow does, bit for bit: weights with 22 fractional bits, columns first, each
// pass rounded to 8 bits.

import type { Size } from "./manifest";

const LOBES = 3;
const BITS = 22;

/** Levels u8 [h, w] of size `from` as u8 [h', w'] of size `to`. */
export function resize(levels: Uint8Array, from: Size, to: Size): Uint8Array {
  const across = from[0] === to[0] ? levels : pass(levels, from[1], from[0], to[0], from[0], 1);
  if (from[1] === to[1]) return across;
  // The second pass runs down the columns: the line step is 1, the step within a line the new width.
  const down = pass(across, to[0], from[1], to[1], 1, to[0]);
  return down.map((_, at) => down[(at % to[0]) * to[1] + Math.floor(at / to[0])]!);
}

/** Resizes `lines` lines of `count` values, found at `line * lineStep + i * step`: [lines, size] row-major. */
function pass(
  levels: Uint8Array,
  lines: number,
  count: number,
  size: number,
  lineStep: number,
  step: number,
): Uint8Array {
  const made = new Uint8Array(lines * size);
  for (let at = 0; at < size; at++) {
    const [first, weights] = weightsOf(at, count, size);
    for (let line = 0; line < lines; line++) {
      let sum = 1 << (BITS - 1);
      for (let i = 0; i < weights.length; i++) sum += levels[line * lineStep + (first + i) * step]! * weights[i]!;
      made[line * size + at] = Math.min(Math.max(sum >> BITS, 0), 255);
    }
  }
  return made;
}

/** The first source position that position `at` uses, and the weights from there on. */
function weightsOf(at: number, count: number, size: number): [number, Int32Array] {
  const scale = count / size;
  const stretch = Math.max(scale, 1);
  const support = LOBES * stretch;
  const center = (at + 0.5) * scale;
  const first = Math.max(Math.trunc(center - support + 0.5), 0);
  const last = Math.min(Math.trunc(center + support + 0.5), count);
  const exact = Array.from({ length: last - first }, (_, i) => filter((i + first - center + 0.5) * (1 / stretch)));
  const total = exact.reduce((sum, weight) => sum + weight, 0);
  return [
    first,
    Int32Array.from(exact, (value) => {
      const weight = (value / total) * (1 << BITS);
      return Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }),
  ];
}

function filter(x: number): number {
  return x >= -LOBES && x < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}
