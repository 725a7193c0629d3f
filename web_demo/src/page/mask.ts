import type { Size } from "../core/manifest";
import type { Picture } from "../core/pictures";

/** The mask picture of the tokens that were painted, [H*W] of a grid (W, H): white where to repaint. */
export function maskOf(painted: readonly boolean[], grid: Size, tokenSize: number): Picture {
  const [width, height] = [grid[0] * tokenSize, grid[1] * tokenSize];
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [Math.floor((at % width) / tokenSize), Math.floor(at / width / tokenSize)];
    if (!painted[y * grid[0] + x]) rgba.fill(0, 4 * at, 4 * at + 3);
  }
  return { size: [width, height], rgba };
}

/** The tokens whose middle is within `radius` tokens of a line between two points, which are in tokens too. */
export function brushed(
  grid: Size,
  from: readonly [number, number],
  to: readonly [number, number],
  radius: number,
): number[] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const found: number[] = [];
  for (let at = 0; at < grid[0] * grid[1]; at++) {
    const [x, y] = [(at % grid[0]) + 0.5 - from[0], Math.floor(at / grid[0]) + 0.5 - from[1]];
    const along = length === 0 ? 0 : Math.min(Math.max((x * dx + y * dy) / length, 0), 1);
    if (Math.hypot(x - along * dx, y - along * dy) <= radius) found.push(at);
  }
  return found;
}
