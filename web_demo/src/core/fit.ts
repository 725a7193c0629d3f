// Brings a picture of any size to the one that is drawn.

import { resize } from "./lanczos";
import type { Size } from "./manifest";

/**
 * `crop` scales the largest part of the picture's middle that has the shape drawn, `pad` all of it into the middle of plain
 * margins, `stretch` both sides alone.
 */
export type Fit = "crop" | "pad" | "stretch";

/** Levels u8 [h, w] of one channel in `size`, in margins of the level `margin`. */
export function fit(levels: Uint8Array, from: Size, size: Size, how: Fit, margin: number): Uint8Array {
  if (how === "stretch") return resize(levels, from, size);
  if (how === "crop") {
    const part = inscribed(size, from);
    return resize(copied(levels, from, middle(part, from), part), part, size);
  }
  const inner = inscribed(from, size);
  const scaled = resize(levels, from, inner);
  const [left, top] = middle(inner, size);
  const padded = new Uint8Array(size[0] * size[1]).fill(margin);
  for (let y = 0; y < inner[1]; y++) {
    padded.set(scaled.subarray(y * inner[0], (y + 1) * inner[0]), (y + top) * size[0] + left);
  }
  return padded;
}

/** The largest size of the shape of `shape` inside `frame`, rounded half up, at least one pixel. */
export function inscribed([width, height]: Size, [across, down]: Size): Size {
  const rounded = (product: number, side: number) => Math.max(Math.floor((2 * product + side) / (2 * side)), 1);
  return width * down > across * height
    ? [across, rounded(across * height, width)]
    : [rounded(down * width, height), down];
}

/** The corner of a part in the middle. */
function middle(part: Size, whole: Size): readonly [left: number, top: number] {
  return [Math.floor((whole[0] - part[0]) / 2), Math.floor((whole[1] - part[1]) / 2)];
}

function copied(levels: Uint8Array, from: Size, [left, top]: readonly [number, number], part: Size): Uint8Array {
  if (part[0] === from[0] && part[1] === from[1]) return levels;
  const made = new Uint8Array(part[0] * part[1]);
  for (let y = 0; y < part[1]; y++) {
    const begin = (y + top) * from[0] + left;
    made.set(levels.subarray(begin, begin + part[0]), y * part[0]);
  }
  return made;
}
