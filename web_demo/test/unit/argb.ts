import type { Size } from "../../src/core/manifest";
import type { Picture } from "../../src/core/pictures";

/** The picture of 0xAARRGGBB for each pixel, as signed 32-bit numbers: how the vectors keep pictures. */
export function rgba(size: Size, argb: readonly number[]): Picture {
  const channels = argb.flatMap((pixel) => [(pixel >> 16) & 255, (pixel >> 8) & 255, pixel & 255, pixel >>> 24]);
  return { size, rgba: Uint8Array.from(channels) };
}
