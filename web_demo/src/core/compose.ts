// Lays what was repainted into the photo.

import type { Size } from "./manifest";

/**
 * The pixels to repaint, [h*w]: those of the unknown tokens of a grid (W, H).
 *
 * With the grey levels u8 [h, w] of a mask, only those from one half (128 of 255) up.
 */
export function coveredPixels(
  unknown: readonly boolean[],
  [width, height]: Size,
  tokenSize: number,
  levels: Uint8Array | null = null,
): Uint8Array {
  const across = width * tokenSize;
  return Uint8Array.from({ length: across * height * tokenSize }, (_, at) => {
    const token = Math.floor(at / across / tokenSize) * width + Math.floor((at % across) / tokenSize);
    return unknown[token] && (levels === null || levels[at]! >= 128) ? 1 : 0;
  });
}

/**
 * The photo u8 [h, w, 3] where it is not `covered` [h*w], inside that the drawing u8 [h, w, 3].
 *
 * Between them is a seam of one token, inside what is covered: a pixel whose nearest one of the photo is d pixels away has
 * d / (tokenSize + 1) of the drawing.
 */
export function compose(
  photo: Uint8Array,
  drawn: Uint8Array,
  covered: Uint8Array,
  size: Size,
  tokenSize: number,
): Uint8Array {
  const parts = tokenSize + 1;
  const shares = depth(covered, size, parts);
  return drawn.map((level, at) => {
    const share = shares[Math.floor(at / 3)]!;
    return Math.floor((level * share + photo[at]! * (parts - share) + Math.floor(parts / 2)) / parts);
  });
}

/**
 * How far each pixel is from the nearest one that is not covered, [h*w], at most `most`.
 *
 * A diagonal neighbor is at distance 1. Nothing lies beyond the edges of the picture.
 */
export function depth(covered: Uint8Array, [width, height]: Size, most: number): Int32Array {
  const found = Int32Array.from(covered, (inside) => (inside ? most : 0));
  const lower = (at: number, x: number, row: number) => {
    let least = found[at]!;
    for (const near of row < 0 ? [] : [x - 1, x, x + 1]) {
      if (near >= 0 && near < width) least = Math.min(least, found[row * width + near]! + 1);
    }
    found[at] = least;
  };
  const beside = (at: number, x: number, step: number) => {
    if (x + step >= 0 && x + step < width) found[at] = Math.min(found[at]!, found[at + step]! + 1);
  };
  // Once from the top left, once from the bottom right: a distance comes from one of the two sides.
  for (let at = 0; at < width * height; at++) {
    lower(at, at % width, Math.floor(at / width) - 1);
    beside(at, at % width, -1);
  }
  for (let at = width * height - 1; at >= 0; at--) {
    const below = Math.floor(at / width) + 1;
    lower(at, at % width, below < height ? below : -1);
    beside(at, at % width, 1);
  }
  return found;
}
