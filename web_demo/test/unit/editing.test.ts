import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { compose, coveredPixels } from "../../src/core/compose";
import { inscribed, type Fit } from "../../src/core/fit";
import type { Size } from "../../src/core/manifest";
import { maskLevels, pictureArray, type Picture } from "../../src/core/pictures";
import { settingsOf } from "../../src/png";
import { committed } from "./vectors";

// What Python and Pillow give: tests/runtime/editing_cases.py.
const vectors = committed<{
  pictures: { size: Size; rgb: string; grey: string }[];
  inscribed: { shape: Size; frame: Size; size: Size }[];
  fits: { picture: number; size: Size; fit: Fit; rgb_sha256: string }[];
  masks: { picture: number; of: Size; size: Size; fit: Fit; levels_sha256: string }[];
  composed: {
    token_size: number;
    grid: Size;
    unknown: string;
    levels: string | null;
    photo: string;
    drawn: string;
    covered_sha256: string;
    rgb_sha256: string;
  }[];
  settings: { png: string; settings: { seed: string } & Record<string, unknown> }[];
}>("tests/vectors/editing.json");

const decoded = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
const sha256 = (values: Uint8Array) => createHash("sha256").update(values).digest("hex");
const pictures = vectors.pictures.map(({ size, rgb }): Picture => {
  const levels = decoded(rgb);
  const rgba = Uint8Array.from({ length: size[0] * size[1] * 4 }, (_, at) =>
    at % 4 === 3 ? 255 : levels[3 * Math.floor(at / 4) + (at % 4)]!,
  );
  return { size, rgba };
});

test("pictures are fitted as Pillow does", () => {
  for (const { shape, frame, size } of vectors.inscribed) expect(inscribed(shape, frame)).toEqual(size);
  for (const { picture, size, fit, rgb_sha256 } of vectors.fits) {
    expect(sha256(pictureArray(pictures[picture]!, size, fit).data as Uint8Array)).toBe(rgb_sha256);
  }
});

test("masks are fitted along with their pictures", () => {
  for (const { picture, of, size, fit, levels_sha256 } of vectors.masks) {
    expect(sha256(maskLevels(pictures[picture]!, of, size, fit))).toBe(levels_sha256);
  }
});

test("drawings are laid into photos as in Python", () => {
  for (const entry of vectors.composed) {
    const { token_size: tokenSize, grid, levels } = entry;
    const unknown = Array.from(decoded(entry.unknown), Boolean);
    const covered = coveredPixels(unknown, grid, tokenSize, levels === null ? null : decoded(levels));
    expect(sha256(covered)).toBe(entry.covered_sha256);
    const size = [grid[0] * tokenSize, grid[1] * tokenSize] as const;
    const made = compose(decoded(entry.photo), decoded(entry.drawn), covered, size, tokenSize);
    expect(sha256(made)).toBe(entry.rgb_sha256);
  }
});

test("the settings in Python's PNG files are read", async () => {
  for (const { png, settings } of vectors.settings) {
    expect(await settingsOf(new Blob([decoded(png)]))).toEqual({ ...settings, seed: BigInt(settings.seed) });
  }
});
