// Philox4x32-10: random numbers by counter, the same on every platform and in any order.
//
// J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). A number depends on
// (seed, index, step, stream) alone, so a step can be repeated by itself and every language agrees.

import type { Noise } from "./loop";
import { normals } from "./normals";

// Multipliers and Weyl key increments of the paper.
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;

const DRAW = 0;
const CONFIDENCE = 1;
const MASKING = 2;
const RANDOM_START = 3;
const EMBEDDING = 4; // streams

// ((x >> 8) + 0.5) * 2^-24 rounds to 1 for the largest x: the largest float32 below 1 takes its place.
const ULP = 2 ** -24;
const BELOW_ONE = 1 - ULP;

/** The high 32 bits of a product of two 32-bit numbers, from products of halves that a double holds exactly. */
function high(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  return a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(((middle & 0xffff) + a0 * b1) / 0x10000);
}

type Words = [number, number, number, number];

/** Ten rounds over a counter of four 32-bit words with a key of two. */
export function philox4x32(counter: Words, key: readonly [number, number]): Words {
  let [x0, x1, x2, x3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const first = high(M0, x0);
    const second = high(M1, x2);
    [x0, x1, x2, x3] = [second ^ x1 ^ k0, Math.imul(M1, x2), first ^ x3 ^ k1, Math.imul(M0, x0)];
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  return [x0 >>> 0, x1 >>> 0, x2 >>> 0, x3 >>> 0];
}

/**
 * Words u32 [count, 4] of the counters (index, step, stream, 0).
 *
 * `seed` is in [0, 2^64): low 32 bits are the first key word, high 32 the second. A number would round it above 2^53.
 */
export function blocks(seed: bigint, step: number, stream: number, count: number): Uint32Array {
  const key = [Number(seed & 0xffffffffn), Number(seed >> 32n)] as const;
  const words = new Uint32Array(4 * count);
  for (let index = 0; index < count; index++) words.set(philox4x32([index, step, stream, 0], key), 4 * index);
  return words;
}

/** Uniform numbers f32 [words, count] in (0, 1), row-major, one word of the `blocks` a row. */
export function uniforms(seed: bigint, step: number, stream: number, count: number, words = 1): Float32Array {
  const bits = blocks(seed, step, stream, count);
  const values = new Float32Array(words * count);
  for (let at = 0; at < values.length; at++) {
    const word = bits[4 * (at % count) + Math.floor(at / count)]!;
    values[at] = Math.min(Math.fround((word >>> 8) + 0.5) * ULP, BELOW_ONE);
  }
  return values;
}

/** The random numbers of one drawing (see `Noise`). */
export class PhiloxNoise implements Noise {
  constructor(private readonly seed: bigint) {}

  /** Two uniforms a position, f32 [2, count]: row 0 chooses the block of codes, row 1 the code in it. */
  draw(step: number, count: number): Float32Array {
    return uniforms(this.seed, step, DRAW, count, 2);
  }

  /** Gumbel noise f32 [count]: -log(-log(u)) in float64, rounded to float32. */
  confidence(step: number, count: number): Float32Array {
    return uniforms(this.seed, step, CONFIDENCE, count).map((u) => -Math.log(-Math.log(u)));
  }

  /** Uniforms f32 [count] that choose the tokens masked at the start of image-to-image. */
  masking(count: number): Float32Array {
    return uniforms(this.seed, 0, MASKING, count);
  }

  /** Uniforms f32 [2, count] of a student's start: row 0 chooses the code, row 1 what stays masked. */
  randomStart(count: number): Float32Array {
    return uniforms(this.seed, 0, RANDOM_START, count, 2);
  }

  /** Standard normal numbers f32 [count] for a student's token embeddings, four of a counter. */
  embedding(count: number): Float32Array {
    return normals(blocks(this.seed, 0, EMBEDDING, Math.ceil(count / 4))).slice(0, count);
  }
}
