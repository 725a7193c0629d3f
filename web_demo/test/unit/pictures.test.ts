import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { resize } from "../../src/core/lanczos";
import type { Size } from "../../src/core/manifest";
import { gray, maskArray, maskLevels, padEdges, pictureArray, type Picture } from "../../src/core/pictures";
import { bytes } from "../../src/core/tensor";
import { rgba } from "./argb";
import { vector } from "./vectors";

interface Case {
  size: [number, number];
  grid: [number, number];
  argb: number[];
  grey: number[];
  rgb_sha256: string;
}

const cases = vector<Case[]>("pictures.json").map((entry) => ({ ...entry, picture: rgba(entry.size, entry.argb) }));

function plain(size: Size, color: (x: number) => number[]): Picture {
  const pixels = Array.from({ length: size[0] * size[1] }, (_, at) => color(at % size[0]));
  return { size, rgba: Uint8Array.from(pixels.flat()) };
}

test("masks are resized as Pillow does", () => {
  for (const { picture, size, grid, grey } of cases) {
    expect(Array.from(resize(gray(picture), size, grid))).toEqual(grey);
    expect(maskArray(maskLevels(picture, size, size), size, grid)).toEqual(grey.map((level) => level >= 128));
  }
});

test("transparency is laid on white as Pillow does", () => {
  for (const { picture, size, rgb_sha256: wanted } of cases) {
    expect(createHash("sha256").update(pictureArray(picture, size).data).digest("hex")).toBe(wanted);
  }
});

test("what is transparent in a mask is kept", () => {
  const mask = plain([8, 8], (x) => (x < 4 ? [255, 255, 255, 255] : [255, 255, 255, 0]));
  expect(maskArray(maskLevels(mask, [8, 8], [8, 8]), [8, 8], [2, 2])).toEqual([true, false, true, false]);
});

test("a mask without white is refused", () => {
  expect(() => maskArray(new Uint8Array(64), [8, 8], [2, 2])).toThrow(
    "the mask repaints nothing: paint a larger part white",
  );
});

test("edges are repeated outward", () => {
  const picture = bytes(Uint8Array.of(1, 1, 1, 2, 2, 2), 2, 1, 3);
  const wide = padEdges(picture, { left: 1, top: 0, right: 1, bottom: 1 });
  const reds = Array.from({ length: 9 }, (_, at) => wide.data[3 * at]);
  expect(reds).toEqual([1, 1, 1, 2, 2, 2, 2, 2, 2]);
});
