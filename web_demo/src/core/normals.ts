// Standard normal numbers by Box and Muller, bit by bit the same on every platform.
//
// The logarithms and sines of mathematical libraries differ in the last bit. So they are series here, summed with the four
// operations and the square root of float64, which IEEE 754 rounds in one way (runtime/normals.py explains them).

const LOG_2 = 0.6931471805599453;
const HALF_PI = 1.5707963267948966;
const ROOT_2 = 1.4142135623730951;
const TERMS = 11; // of each series

/** log((w + 1/2) / 2^32) of a word w in [0, 2^32). */
export function logUniform(word: number): number {
  const bits = 32 - Math.clz32(word);
  let m = (word + 0.5) / 2 ** bits; // in [1/2, 1); exact
  let e = bits - 32;
  if (m * 2 <= ROOT_2) {
    m *= 2;
    e -= 1;
  }
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let total = 1 / (2 * TERMS - 1);
  for (let k = TERMS - 2; k >= 0; k--) total = 1 / (2 * k + 1) + square * total;
  return e * LOG_2 + 2 * s * total;
}

/** cos and sin of 2 pi (w + 1/2) / 2^32 of a word w: its two upper bits are the quadrant. */
export function cosineSine(word: number): [cosine: number, sine: number] {
  const x = ((word & 0x3fffffff) + 0.5) * 2 ** -30 * HALF_PI;
  const square = x * x;
  let cosine = 1;
  let sine = 1;
  for (let k = TERMS; k >= 1; k--) {
    cosine = 1 - (square / ((2 * k - 1) * (2 * k))) * cosine;
    sine = 1 - (square / (2 * k * (2 * k + 1))) * sine;
  }
  sine *= x;
  switch (word >>> 30) {
    case 0:
      return [cosine, sine];
    case 1:
      return [-sine, cosine];
    case 2:
      return [-cosine, -sine];
    default:
      return [sine, -cosine];
  }
}

/** Blocks of four words, [4 K] -> f32 [4 K]: from words 0 and 1 a cosine and a sine, then from words 2 and 3. */
export function normals(words: Uint32Array): Float32Array {
  const made = new Float32Array(words.length);
  for (let at = 0; at < words.length; at += 2) {
    const radius = Math.sqrt(-2 * logUniform(words[at]!));
    const [cosine, sine] = cosineSine(words[at + 1]!);
    made[at] = radius * cosine;
    made[at + 1] = radius * sine;
  }
  return made;
}
