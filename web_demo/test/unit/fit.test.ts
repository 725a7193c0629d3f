import { expect, test } from "vitest";
import { maskArray, maskLevels, pictureArray } from "../../src/core/pictures";
import { maskOf } from "../../src/page/mask";
import { uniforms } from "../../src/core/philox";

test("of a wide picture the middle is kept", () => {
  const wide = Uint8Array.from({ length: 12 * 4 }, (_, at) => [Math.floor(at / 4), 0, 0, 255][at % 4]!);
  expect(pictureArray({ size: [12, 1], rgba: wide }, [1, 1]).data[0]).toBe(5); // columns 5 and 6 are as near
});

test("a painted mask repaints the tokens that were painted and no others", () => {
  const grid = [16, 12] as const;
  const size = [64, 48] as const;
  for (const share of [0.02, 0.3, 0.5, 0.9]) {
    const painted = Array.from(uniforms(7n, 0, 0, grid[0] * grid[1]), (value) => value < share);
    expect(maskArray(maskLevels(maskOf(painted, grid, 4), size, size), size, grid)).toEqual(painted);
  }
});
