// Editing: what a drawing starts from, either nothing or a picture of which some tokens are kept.

import { coveredPixels } from "./compose";
import { RequestError } from "./errors";
import type { Fit } from "./fit";
import { maskedAtStart, startingStep, type Plan } from "./loop";
import type { Manifest, MaskingSchedule, Size } from "./manifest";
import { PhiloxNoise } from "./philox";
import { marginArray, maskArray, maskLevels, padEdges, pictureArray, type Margins, type Picture } from "./pictures";
import { checkMargins, checkStrength, type Edit, type Settings } from "./request";
import type { Tensor } from "./tensor";

/** The start of a drawing on a grid of [H, W] tokens. */
export class Canvas {
  constructor(
    readonly plan: Plan,
    readonly unknown: readonly boolean[], // [H*W]: the tokens to draw; the others are the picture's
    readonly pixels: Tensor | null = null, // u8 [h, w, 3] for the image encoder; null without a picture
    // [h*w]: the pixels to repaint, the others stay the picture's; null: all of them
    readonly covered: Uint8Array | null = null,
  ) {}

  /** The tokens i32 [H*W] that the loop starts from, given those of the picture (null without one). */
  tokens(encoded: Int32Array | null): Int32Array {
    const mask = this.plan.maskTokenId;
    return Int32Array.from(this.unknown, (unknown, at) => (encoded === null || unknown ? mask : encoded[at]!));
  }
}

/** The canvas of an edit, or of none. Throws RequestError for an edit that cannot be drawn. */
export function canvas(settings: Settings, manifest: Manifest, edit: Edit | undefined, how: Fit): Canvas {
  switch (edit?.mode) {
    case undefined:
      return blank(settings, manifest);
    case "imageToImage":
      return redrawn(settings, manifest, edit.image, edit.strength, how);
    case "inpaint":
      return inpainted(settings, manifest, edit.image, edit.mask, edit.strength ?? 1, how);
    case "outpaint":
      return outpainted(settings, manifest, edit.image, edit.margins, how);
  }
}

/** Text-to-image: nothing is known. */
function blank(settings: Settings, manifest: Manifest): Canvas {
  const [width, height] = grid(settings, manifest);
  const unknown = new Array<boolean>(width * height).fill(true);
  return new Canvas(plan(settings, manifest, manifest.model.masking_schedule), unknown);
}

/** Image-to-image: chance decides which tokens are known; the greater the strength, the fewer. */
function redrawn(
  settings: Settings,
  manifest: Manifest,
  image: Picture,
  strength: number | undefined,
  how: Fit,
): Canvas {
  checkEncoder(manifest);
  const share = checkStrength(strength ?? manifest.defaults.strength);
  const pixels = pictureArray(image, settings.size, how);
  const start = startingStep(settings.steps, share);
  const redrawing = plan(settings, manifest, manifest.model.masking_schedule, start);
  const [width, height] = grid(settings, manifest);
  return new Canvas(redrawing, maskedAtStart(new PhiloxNoise(settings.seed), redrawing, width * height), pixels);
}

/** Inpainting: what is white in the mask is unknown. */
function inpainted(
  settings: Settings,
  manifest: Manifest,
  image: Picture,
  mask: Picture,
  strength: number,
  how: Fit,
): Canvas {
  checkEncoder(manifest);
  checkStrength(strength);
  const pixels = pictureArray(image, settings.size, how);
  const levels = maskLevels(mask, image.size, settings.size, how);
  const unknown = maskArray(levels, settings.size, grid(settings, manifest));
  return repainted(settings, manifest, pixels, unknown, levels, strength);
}

/** Outpainting: the margins around the image are unknown. */
function outpainted(settings: Settings, manifest: Manifest, image: Picture, margins: Margins, how: Fit): Canvas {
  checkEncoder(manifest);
  const tokenSize = manifest.model.token_size;
  const inner = checkMargins(margins, settings.size, tokenSize);
  const pixels = padEdges(pictureArray(image, inner, how), margins);
  const unknown = marginArray(grid(settings, manifest), margins, tokenSize);
  return repainted(settings, manifest, pixels, unknown, null, 1);
}

function repainted(
  settings: Settings,
  manifest: Manifest,
  pixels: Tensor,
  unknown: readonly boolean[],
  levels: Uint8Array | null,
  strength: number,
): Canvas {
  // The published inpainting takes the linear schedule, scaled to the share of the picture to repaint.
  const start = startingStep(settings.steps, strength);
  const ratio = unknown.filter(Boolean).length / unknown.length;
  const covered = coveredPixels(unknown, grid(settings, manifest), manifest.model.token_size, levels);
  return new Canvas(plan(settings, manifest, "linear", start, ratio), unknown, pixels, covered);
}

function plan(settings: Settings, manifest: Manifest, schedule: MaskingSchedule, start = 0, startingRatio = 1): Plan {
  const { student, codebook_size, mask_token_id } = manifest.model;
  return {
    steps: settings.steps,
    maskTokenId: mask_token_id,
    schedule,
    start,
    startingRatio,
    temperature: manifest.defaults.temperature,
    student: student ? { masked: student.masked, codebookSize: codebook_size } : undefined,
  };
}

/** Width and height in tokens. */
export function grid({ size: [width, height] }: Settings, { model }: Manifest): Size {
  return [Math.floor(width / model.token_size), Math.floor(height / model.token_size)];
}

/** Throws RequestError if the bundle cannot edit. */
function checkEncoder(manifest: Manifest): void {
  if (!manifest.graphs.has("image_encoder")) {
    throw new RequestError("this bundle has no image_encoder and draws from text only: export it again with one", {
      kind: "textOnly",
    });
  }
}
