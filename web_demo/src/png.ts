// The settings that made a picture, in its PNG file: a text chunk (iTXt) with the keyword "meissonic" that holds JSON.
// PNG specification, third edition, sections 5.2 to 5.5 and 11.3.3.4.

import * as z from "zod/mini";
import type { Drawing } from "./core/generator";
import type { Request } from "./core/request";
import { strictJson } from "./core/strictJson";

const KEYWORD = "meissonic";
const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const END = 12; // bytes of the last chunk
const MAX_TEXT = 1_000_000; // bytes

export type Mode = "text" | "image" | "inpaint" | "outpaint";

const number = z.pipe(z.union([z.bigint(), z.number()]), z.transform(Number));
const schema = z.object({
  prompt: z.string(),
  negative_prompt: z.string(),
  seed: z.bigint().check(z.gte(0n), z.lt(1n << 64n)),
  steps: number,
  guidance: number,
  size: z.tuple([number, number]), // height, width
  mode: z.enum(["text", "image", "inpaint", "outpaint"]),
  model: z.string(), // SHA-256 of the manifest
  // Of drawings on a picture.
  strength: z.optional(number),
  margins: z.optional(z.tuple([number, number, number, number])), // left, top, right, bottom
  fit: z.optional(z.enum(["crop", "pad", "stretch"])),
  compose: z.optional(z.boolean()),
  guidance_from: z.optional(number), // the share of the steps that guidance begins at; none: 0
  guidance_until: z.optional(number), // ... and ends at; none: 1
});

/** What made a picture. */
export type PictureSettings = z.infer<typeof schema>;

const MODES = { imageToImage: "image", inpaint: "inpaint", outpaint: "outpaint" } as const;

/**
 * The settings of a drawing. `model` is the SHA-256 of the bundle's manifest, `strength` what its image-to-image takes by
 * default.
 */
export function pictureSettings(
  request: Request,
  { prompt, negative, seed, steps, guidance, size, guidanceFrom, guidanceUntil }: Drawing["settings"],
  model: string,
  strength: number,
): PictureSettings {
  const { edit } = request;
  const settings: PictureSettings = {
    prompt,
    negative_prompt: negative,
    seed,
    steps,
    guidance,
    size: [size[1], size[0]],
    mode: edit ? MODES[edit.mode] : "text",
    model,
    ...(guidanceFrom !== 0 && { guidance_from: guidanceFrom }),
    ...(guidanceUntil !== 1 && { guidance_until: guidanceUntil }),
  };
  if (!edit) return settings;
  settings.fit = request.fit ?? "crop";
  if (edit.mode !== "imageToImage") settings.compose = request.compose ?? true;
  if (edit.mode === "outpaint") {
    const { left, top, right, bottom } = edit.margins;
    return { ...settings, margins: [left, top, right, bottom] };
  }
  return { ...settings, strength: edit.strength ?? (edit.mode === "inpaint" ? 1 : strength) };
}

/** A PNG file with the settings in it, behind any that it has. */
export async function withSettings(png: Blob, settings: PictureSettings): Promise<Blob> {
  // JSON.stringify takes no bigint, and a number would round the seed.
  const { seed, ...others } = settings;
  const json = `{"seed": ${seed}, ${JSON.stringify(others).slice(1)}`;
  // Keyword, no compression (two zeros), no language, no translated keyword.
  const text = new TextEncoder().encode(`iTXt${KEYWORD}\0\0\0\0\0${json}`);
  const chunk = new Uint8Array(text.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, text.length - 4);
  chunk.set(text, 4);
  view.setUint32(text.length + 4, crc32(text));
  return new Blob([png.slice(0, -END), chunk, png.slice(-END)], { type: "image/png" });
}

/** The settings in a file, or null if it has none that can be read; the last of several, as Pillow has it. */
export async function settingsOf(file: Blob): Promise<PictureSettings | null> {
  const start = new Uint8Array(await file.slice(0, SIGNATURE.length).arrayBuffer());
  if (SIGNATURE.some((byte, at) => start[at] !== byte)) return null;
  let found: PictureSettings | null = null;
  for (let at = SIGNATURE.length; at + 8 <= file.size;) {
    const view = new DataView(await file.slice(at, at + 8).arrayBuffer());
    const [length, kind] = [view.getUint32(0), view.getUint32(4)];
    if (kind === ITXT && length <= MAX_TEXT) {
      found = parse(new Uint8Array(await file.slice(at + 8, at + 8 + length).arrayBuffer())) ?? found;
    }
    at += length + 12;
  }
  return found;
}

const ITXT = 0x69545874;

function parse(chunk: Uint8Array): PictureSettings | null {
  const head = new TextEncoder().encode(`${KEYWORD}\0\0\0`); // not compressed
  if (head.some((byte, at) => chunk[at] !== byte)) return null;
  const language = chunk.indexOf(0, head.length);
  const translated = language < 0 ? -1 : chunk.indexOf(0, language + 1);
  if (translated < 0) return null;
  try {
    const result = schema.safeParse(strictJson(chunk.subarray(translated + 1)));
    return result.success ? result.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255]! ^ (sum >>> 8);
  return ~sum >>> 0;
}
