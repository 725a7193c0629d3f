// What to draw: a request, the defaults that the manifest adds, and the ranges of the values.

import { characters } from "./characters";
import { RequestError } from "./errors";
import type { Fit } from "./fit";
import { MAX_GUIDANCE, MAX_SIDE, MAX_STEPS, type Manifest, type Size } from "./manifest";
import type { Margins, Picture } from "./pictures";
import { inInterval } from "./schedule";

/** What to draw. What is missing is the bundle's default. At a `guidance` of 1 or less `negative` is not used. */
export interface Request {
  prompt: string;
  negative?: string;
  seed: bigint; // a number would round seeds above 2^53
  steps?: number;
  guidance?: number;
  size?: Size; // in pixels
  edit?: Edit; // the picture to start from; none: from text alone
  fit?: Fit; // how that gets the size drawn; none: crop
  compose?: boolean; // whether what a mask or margins do not cover stays its own pixels; none: true
  // Guidance is on from the first share of the steps until the second; elsewhere a step takes half the work.
  guidanceFrom?: number; // none: 0
  guidanceUntil?: number; // none: 1
}

/**
 * Drawing on a picture. Strength, above 0 to 1, is the share of the steps that run.
 *
 * `imageToImage` redraws a picture of any size, fitted; `inpaint` repaints it where the mask is white; `outpaint` paints
 * margins around a picture that is fitted inside them.
 */
export type Edit =
  | { mode: "imageToImage"; image: Picture; strength?: number } // none: the bundle's default
  | { mode: "inpaint"; image: Picture; mask: Picture; strength?: number } // none: 1
  | { mode: "outpaint"; image: Picture; margins: Margins };

/** A request with every value known and in range. */
export interface Settings {
  prompt: string;
  negative: string;
  seed: bigint;
  steps: number;
  guidance: number;
  size: Size;
  guidanceFrom: number;
  guidanceUntil: number;
}

/** Fills in the defaults. Throws RequestError that names the first value out of range. */
export function settle(request: Request, manifest: Manifest): Settings {
  const { defaults } = manifest;
  const settings: Settings = {
    prompt: request.prompt,
    negative: request.negative ?? defaults.negative,
    seed: request.seed,
    steps: request.steps ?? defaults.steps,
    guidance: request.guidance ?? defaults.guidance,
    size: request.size ?? defaults.size,
    guidanceFrom: request.guidanceFrom ?? 0,
    guidanceUntil: request.guidanceUntil ?? 1,
  };
  const { prompt, seed, steps, guidance, size } = settings;
  if (characters.oneSpace(prompt).trim() === "") throw new RequestError("the prompt is empty: say what to draw");
  if (!(seed >= 0n && seed < 1n << 64n)) {
    throw new RequestError(`seed ${seed} is out of range: give 0 to ${(1n << 64n) - 1n}`);
  }
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= MAX_STEPS)) {
    throw new RequestError(`steps ${steps} is out of range: give 1 to ${MAX_STEPS}`);
  }
  if (!(guidance >= 0 && guidance <= MAX_GUIDANCE)) {
    throw new RequestError(`guidance ${guidance} is out of range: give 0 to ${MAX_GUIDANCE}`);
  }
  checkInterval(settings.guidanceFrom, settings.guidanceUntil);
  if (!manifest.sizes.some(([width, height]) => width === size[0] && height === size[1])) {
    const sizes = manifest.sizes.map((known) => known.join("x")).join(", ");
    throw new RequestError(`size ${size.join("x")} is not in this bundle, which draws ${sizes}: choose one of those`);
  }
  return settings;
}

/** Whether a step may also see the negative prompt. */
export const guided = (settings: Settings): boolean => settings.guidance > 1;

/** Whether this step (from 0) also sees the negative prompt. */
export const guidedAt = (settings: Settings, step: number): boolean =>
  guided(settings) && inInterval(step, settings.steps, settings.guidanceFrom, settings.guidanceUntil);

/** The shares of the steps between which guidance is on: 0 <= start < end <= 1. Throws RequestError. */
export function checkInterval(start: number, end: number): void {
  for (const [name, value] of [["from", start] as const, ["until", end] as const]) {
    if (!(value >= 0 && value <= 1)) {
      throw new RequestError(`guidance ${name} ${value} is out of range: give 0 to 1, a share of the steps`);
    }
  }
  if (start >= end) {
    throw new RequestError(
      `guidance from ${start} until ${end} guides no step: give a smaller share first, or guidance 1`,
    );
  }
}

/** The share of the steps that an edit runs, in (0, 1]. Throws RequestError. */
export function checkStrength(strength: number): number {
  if (!(strength > 0 && strength <= 1)) {
    throw new RequestError(`strength ${strength} is out of range: give more than 0, at most 1`);
  }
  return strength;
}

/** The size inside margins. Throws RequestError unless they are whole tokens and leave room for a picture. */
export function checkMargins(margins: Margins, size: Size, tokenSize: number): Size {
  const { left, top, right, bottom } = margins;
  const all = [left, top, right, bottom];
  const whole = all.every((margin) => margin >= 0 && margin <= MAX_SIDE && margin % tokenSize === 0);
  if (!whole || all.every((margin) => margin === 0)) {
    throw new RequestError(
      `margins ${all.join(" ")} are no frame: give left, top, right, bottom in multiples of ${tokenSize} pixels`,
    );
  }
  const inner: Size = [size[0] - left - right, size[1] - top - bottom];
  if (Math.min(...inner) <= 0) {
    throw new RequestError(
      `margins ${all.join(" ")} leave no room for the picture in ${size.join("x")} pixels: give smaller ones`,
    );
  }
  return inner;
}
