// Turns pictures into arrays and masks into tokens.

import { RequestError } from "./errors";
import { fit, type Fit } from "./fit";
import { resize } from "./lanczos";
import type { Size } from "./manifest";
import { bytes, type Tensor } from "./tensor";

/** Pixels as red, green, blue, alpha, u8 [h, w, 4], alpha not multiplied in: what a canvas's ImageData holds. */
export interface Picture {
  size: Size;
  rgba: Uint8Array | Uint8ClampedArray;
}

/** Pixels around a picture. */
export interface Margins {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const WHITE = 255;
const BLACK = 0;

/** A picture fitted to `size` as u8 [h, w, 3], transparency laid on white, in white margins. */
export function pictureArray(picture: Picture, size: Size, how: Fit = "crop"): Tensor {
  const rgb = new Uint8Array(size[0] * size[1] * 3);
  for (let channel = 0; channel < 3; channel++) {
    const levels = new Uint8Array(picture.size[0] * picture.size[1]);
    for (let at = 0; at < levels.length; at++) levels[at] = over(WHITE, picture.rgba, at, channel);
    fit(levels, picture.size, size, how, WHITE).forEach((level, at) => (rgb[3 * at + channel] = level));
  }
  return bytes(rgb, size[1], size[0], 3);
}

/**
 * A mask in gray, fitted to `size` like its picture: u8 [h, w]. White repaints, margins keep.
 *
 * Transparent pixels keep. A mask of another size than the picture's, `of`, is first stretched to it.
 */
export function maskLevels(mask: Picture, of: Size, size: Size, how: Fit = "crop"): Uint8Array {
  const along = fit(gray(mask), mask.size, of, "stretch", BLACK);
  return fit(along, of, size, how, BLACK);
}

/**
 * Which tokens of the grid (W, H) to repaint, [H*W]: white of a mask u8 [h, w] of `size` pixels.
 *
 * As published: Lanczos to one pixel a token, repainted from one half (128 of 255) up. Throws RequestError if nothing is
 * white enough.
 */
export function maskArray(levels: Uint8Array, size: Size, grid: Size): boolean[] {
  const chosen = Array.from(resize(levels, size, grid), (level) => level >= 128);
  if (!chosen.includes(true)) {
    throw new RequestError("the mask repaints nothing: paint a larger part white", { kind: "emptyMask" });
  }
  return chosen;
}

/** A picture u8 [h, w, 3] with its edges repeated outward. */
export function padEdges(picture: Tensor, { left, top, right, bottom }: Margins): Tensor {
  const [height, width] = [picture.shape[0]!, picture.shape[1]!];
  const wide = [width + left + right, height + top + bottom] as const;
  const rgb = new Uint8Array(wide[0] * wide[1] * 3);
  for (let y = 0; y < wide[1]; y++) {
    const row = Math.min(Math.max(y - top, 0), height - 1);
    for (let x = 0; x < wide[0]; x++) {
      const from = 3 * (row * width + Math.min(Math.max(x - left, 0), width - 1));
      rgb.set(picture.data.subarray(from, from + 3), 3 * (y * wide[0] + x));
    }
  }
  return bytes(rgb, wide[1], wide[0], 3);
}

/** Which tokens of the grid (W, H) lie in the margins (pixels), [H*W]. */
export function marginArray([width, height]: Size, margins: Margins, tokenSize: number): boolean[] {
  const first = [margins.left / tokenSize, margins.top / tokenSize] as const;
  const end = [width - margins.right / tokenSize, height - margins.bottom / tokenSize] as const;
  return Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return x < first[0] || x >= end[0] || y < first[1] || y >= end[1];
  });
}

/** Gray 0 to 255 [h, w] by ITU-R 601-2 in Pillow's integers, transparency laid on black. */
export function gray({ size, rgba }: Picture): Uint8Array {
  return Uint8Array.from({ length: size[0] * size[1] }, (_, at) => {
    const [red, green, blue] = [over(BLACK, rgba, at, 0), over(BLACK, rgba, at, 1), over(BLACK, rgba, at, 2)];
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  });
}

/** A channel over an opaque ground by Pillow's alpha_composite, in its integers: 7 bits more than the 8 of a channel. */
function over(ground: number, rgba: Uint8Array | Uint8ClampedArray, at: number, channel: number): number {
  const share = rgba[4 * at + 3]! * 128; // of 255 * 128
  const sum = rgba[4 * at + channel]! * share + ground * (255 * 128 - share) + (0x80 << 7);
  return (((sum >> 8) + sum) >> 8) >> 7;
}
