// What the page and its worker say to each other.

import type { Fault } from "../core/errors";
import type { Stage } from "../core/generator";
import type { Size } from "../core/manifest";
import type { Picture } from "../core/pictures";
import type { Preview } from "../core/preview";
import type { Request, Settings } from "../core/request";
import type { Kept } from "../store/gallery";
import type { Installing, Stored } from "../store/models";

/** An open model, as far as a page needs it. */
export interface Model {
  id: string;
  name: string;
  sha256: string; // of the manifest
  sizes: readonly Size[];
  size: Size; // the default
  steps: number;
  guidance: number;
  strength: number;
  tokenSize: number; // pixels
  edits: boolean; // whether it has an image encoder
  bytes: number;
  threads: number;
}

export interface Drawn {
  rgb: Uint8Array<ArrayBuffer>; // u8 [h, w, 3]
  settings: Settings;
  cut: Record<string, string>;
  seconds: number;
}

export interface Methods {
  models(): Stored[];
  /** Fetches a model from an address or a folder's files; returns its ID. */
  install(from: string | File[]): string;
  deleteModel(id: string): void;
  /** Checks every file and opens the model. */
  open(id: string): Model;
  draw(request: Request, previews: boolean): Drawn;
  /** A picture file, brought to a size. */
  fit(file: Blob, size: Size): Picture;
  pictures(): Kept[];
  keep(png: Blob): string;
  deletePicture(name: string): void;
}

export type Name = keyof Methods;

/** `stop` ends the call of that number. */
export type ToWorker = { call: number; name: Name; args: unknown[] } | { stop: number };

/** What a call tells before it ends. */
export type Told =
  | Installing
  | { kind: "verifying"; file: string }
  | { kind: "began"; stage: Stage }
  | { kind: "step"; step: number; steps: number; left: number; preview: Preview | null }; // left: seconds

export type FromWorker =
  | { call: number; told: Told }
  | { call: number; result: unknown }
  | { call: number; stopped: true }
  | { call: number; error: string; fault: Fault | null }; // null: not a person's to mend
