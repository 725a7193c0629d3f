import type { Size } from "../core/manifest";

/** Levels u8 [h, w, 3] for a canvas. */
export function imageData(rgb: Uint8Array, [width, height]: Size): ImageData {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) data[4 * at + channel] = rgb[3 * at + channel]!;
  }
  return new ImageData(data, width, height);
}

/** Levels u8 [h, w, 3] as a PNG file. */
export async function pngOf(rgb: Uint8Array, size: Size): Promise<Blob> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = size;
  canvas.getContext("2d")!.putImageData(imageData(rgb, size), 0, 0);
  return new Promise((resolve, reject) =>
    canvas.toBlob((png) => (png ? resolve(png) : reject(new Error("the browser made no PNG"))), "image/png"),
  );
}
