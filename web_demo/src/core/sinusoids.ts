// Sinusoids of step indices and micro-conditions, made on the host in float64 (float16 would overflow).

import type { Size, Timestep } from "./manifest";
import { floats, type Tensor } from "./tensor";

const WIDTH = 256;
const MAX_PERIOD = 10000;
const STEP_SCALE = 1000; // the model multiplies its timestep by 1000

/** f32 [n, 256] of n numbers: 128 cosines, then 128 sines, of frequencies 10000^(-i/128). */
export function sinusoids(values: readonly number[]): Tensor {
  const half = WIDTH / 2;
  const made = new Float32Array(values.length * WIDTH);
  values.forEach((value, row) => {
    for (let i = 0; i < half; i++) {
      const angle = value * MAX_PERIOD ** (-i / half);
      made[row * WIDTH + i] = Math.cos(angle);
      made[row * WIDTH + half + i] = Math.sin(angle);
    }
  });
  return floats(made, values.length, WIDTH);
}

/** f32 [N, 256]: row t is for the step that has t steps after it (t = N-1-i). */
export function stepSinusoids(steps: number, timestep: Timestep): Tensor {
  const parts = timestep === "share" ? steps : 1;
  return sinusoids(Array.from({ length: steps }, (_, t) => (STEP_SCALE * t) / parts));
}

/** f32 [5, 256] of a picture's width and height (pixels), crop corner (0, 0) and aesthetic score. */
export function microSinusoids([width, height]: Size, score: number): Tensor {
  return sinusoids([width, height, 0, 0, score]);
}
