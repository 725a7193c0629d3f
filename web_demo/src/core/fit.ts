// Brings a picture of any size to the one that a bundle draws.

import { resize } from "./lanczos";
import type { Size } from "./manifest";
import { pictureArray, type Picture } from "./pictures";

/** The largest part of the picture's middle that has the shape of `size`, scaled to it; transparency on white. */
export function fit(picture: Picture, size: Size): Picture {
  const [width, height] = picture.size;
  const scale = Math.min(width / size[0], height / size[1]);
  const part = [Math.max(Math.round(size[0] * scale), 1), Math.max(Math.round(size[1] * scale), 1)] as const;
  const left = Math.floor((width - part[0]) / 2);
  const top = Math.floor((height - part[1]) / 2);
  const rgb = pictureArray(picture, picture.size).data;
  const rgba = new Uint8Array(size[0] * size[1] * 4).fill(255);
  for (let channel = 0; channel < 3; channel++) {
    const levels = new Uint8Array(part[0] * part[1]);
    for (let y = 0, at = 0; y < part[1]; y++) {
      for (let x = 0; x < part[0]; x++) levels[at++] = rgb[3 * ((y + top) * width + x + left) + channel]!;
    }
    resize(levels, part, size).forEach((level, at) => (rgba[4 * at + channel] = level));
  }
  return { size, rgba };
}
