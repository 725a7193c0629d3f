// Previews without the image decoder: a small patch of pixels for each code, laid side by side.

import type { Bundle } from "./bundle";
import type { Size } from "./manifest";

const GREY = 128; // every channel where a token is masked

/** A small picture of a drawing's tokens. */
export interface Preview {
  size: Size;
  rgb: Uint8Array; // u8 [h, w, 3]
}

/** The patches of a bundle: u8 [codes, side, side, 3]. */
export class PreviewTable {
  constructor(
    private readonly patches: Uint8Array,
    private readonly side: number,
  ) {}

  /** Null for a bundle without patches. Throws BundleError. */
  static async of(bundle: Bundle): Promise<PreviewTable | null> {
    const facts = bundle.manifest.preview;
    return facts ? new PreviewTable(await bundle.small(facts.file), facts.side) : null;
  }

  /** Tokens i32 [H*W] of a grid (W, H) as a picture; grey where a token is no code. */
  picture(tokens: Int32Array, [width, height]: Size): Preview {
    const { patches, side } = this;
    const [codes, row] = [patches.length / (3 * side * side), 3 * side];
    const rgb = new Uint8Array(width * height * side * row).fill(GREY);
    tokens.forEach((code, at) => {
      if (code >= codes) return;
      const first = Math.floor(at / width) * side * width + (at % width); // in rows of a patch
      for (let line = 0; line < side; line++) {
        const from = (code * side + line) * row;
        rgb.set(patches.subarray(from, from + row), (first + line * width) * row);
      }
    });
    return { size: [width * side, height * side], rgb };
  }
}
