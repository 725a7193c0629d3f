import type { Edit, Request } from "../../src/core/request";
import { rgba } from "./argb";

/** A drawing of the Python runtime with the int8 bundle, natively. */
export interface Recorded {
  mode: "text" | "image" | "inpaint" | "outpaint";
  prompt: string;
  seed: string;
  steps: number;
  guidance: number;
  guidance_from: number;
  guidance_until: number;
  tokens: number[][];
  image?: number[];
  image_size?: [number, number];
  mask?: number[];
  strength?: number;
  margins?: [number, number, number, number];
}

export function requestOf(run: Recorded, size: readonly [number, number]): Request {
  const image = run.image && rgba(run.image_size!, run.image);
  const [left, top, right, bottom] = run.margins ?? [0, 0, 0, 0];
  const edits: Record<Recorded["mode"], Edit | undefined> = {
    text: undefined,
    image: { mode: "imageToImage", image: image!, strength: run.strength },
    inpaint: { mode: "inpaint", image: image!, mask: rgba(size, run.mask ?? []), strength: run.strength },
    outpaint: { mode: "outpaint", image: image!, margins: { left, top, right, bottom } },
  };
  const { prompt, steps, guidance, guidance_from: guidanceFrom, guidance_until: guidanceUntil } = run;
  return { prompt, seed: BigInt(run.seed), steps, guidance, guidanceFrom, guidanceUntil, edit: edits[run.mode] };
}
