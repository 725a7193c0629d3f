// Everything heavy: models, drawing, the files of this browser. The page stays free to answer a finger.

/// <reference lib="webworker" />

import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { Bundle } from "../core/bundle";
import { Stop } from "../core/engine";
import { Cancelled, RequestError, UserError } from "../core/errors";
import { Generator } from "../core/generator";
import { bundleSize, MAX_SIDE, type Size } from "../core/manifest";
import { staysLoaded } from "../core/memory";
import { pictureArray, type Picture } from "../core/pictures";
import type { Request } from "../core/request";
import { configure, OrtEngine } from "../ort/engine";
import { deletePicture, keep, pictures } from "../store/gallery";
import { deleteModel, files, install, list } from "../store/models";
import { FolderSource, HttpSource } from "../store/source";
import type { Drawn, FromWorker, Methods, Model, Name, Told, ToWorker } from "./protocol";

declare const self: DedicatedWorkerGlobalScope;

const LATER = ["image_encoder", "tiny_decoder"]; // graphs that not every drawing runs

// Threads need a page that is isolated from other origins. More than 4 fight over a phone's small cores.
const threads = self.crossOriginIsolated ? Math.min(4, Math.ceil(navigator.hardwareConcurrency / 2)) : 1;
const absolute = (path: string) => new URL(path, self.location.href).href;
configure({ mjs: absolute(mjs), wasm: absolute(wasm) }, threads);

interface Call {
  tell(told: Told): void;
  stop: Stop;
  signal: AbortSignal;
}

type Handlers = {
  [name in Name]: (call: Call, ...args: Parameters<Methods[name]>) => Promise<ReturnType<Methods[name]>>;
};

let generator: Generator | null = null;

const handlers: Handlers = {
  models: list,
  pictures,
  keep: (_, png) => keep(png),
  deletePicture: (_, name) => deletePicture(name),
  deleteModel: (_, id) => deleteModel(id),
  fit: (_, file, size) => fitted(file, size),
  open: (call, id) => open(call, id),
  draw: (call, request, previews) => draw(call, request, previews),
  install: async ({ tell, signal }, from) => {
    await navigator.storage.persist?.(); // else the browser may drop a model when the disk fills
    if (typeof from === "string") return install(new HttpSource(from), from, tell, signal);
    return install(new FolderSource(from), null, tell, signal);
  },
};

async function open({ tell }: Call, id: string): Promise<Model> {
  await generator?.close();
  generator = null;
  const bundle = await Bundle.open(await files(id), (file) => tell({ kind: "verifying", file }));
  const { manifest } = bundle;
  const { model, defaults } = manifest;
  const small = staysLoaded(manifest);
  const engine = new OrtEngine(bundle);
  generator = await Generator.of(engine, small, true);
  // Loaded while a person types the prompt. An edit loads the image encoder.
  const first = small ? [...manifest.graphs.keys()].filter((name) => !LATER.includes(name)) : [];
  for (const name of first) await engine.open(name);
  return {
    id,
    name: model.name,
    sha256: bundle.sha256,
    sizes: manifest.sizes,
    size: defaults.size,
    steps: defaults.steps,
    guidance: defaults.guidance,
    strength: defaults.strength,
    tokenSize: model.token_size,
    edits: manifest.graphs.has("image_encoder"),
    bytes: bundleSize(manifest),
    threads,
  };
}

async function draw({ tell, stop }: Call, request: Request, previews: boolean): Promise<Drawn> {
  if (generator === null) throw new RequestError("no model is open: choose one");
  const begun = performance.now();
  const drawing = await generator.draw(request, 0, stop, (event) => {
    if (event.kind === "began") tell(event);
    if (event.kind !== "step") return;
    const { step, steps, preview } = event.progress;
    tell({ kind: "step", step, steps, left: event.left, preview: previews ? preview : null });
  });
  const { settings, cut } = drawing;
  return { rgb: new Uint8Array(drawing.rgb), settings, cut, seconds: (performance.now() - begun) / 1000 };
}

async function fitted(file: Blob, size: Size): Promise<Picture> {
  let bitmap: ImageBitmap;
  try {
    // As runtime/pictures.py reads a file: upright, levels as they are stored.
    bitmap = await createImageBitmap(file, {
      imageOrientation: "from-image",
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    });
  } catch {
    throw new RequestError("this file is not a picture that the browser can read: choose another", {
      kind: "unreadablePicture",
    });
  }
  // A larger photo is first scaled by the browser.
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [
    Math.max(1, Math.round(bitmap.width * scale)),
    Math.max(1, Math.round(bitmap.height * scale)),
  ];
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const picture: Picture = { size: [width, height], rgba: context.getImageData(0, 0, width, height).data };
  const rgb = pictureArray(picture, size).data;
  const rgba = new Uint8Array(size[0] * size[1] * 4).fill(255);
  rgb.forEach((level, at) => (rgba[4 * Math.floor(at / 3) + (at % 3)] = level));
  return { size, rgba };
}

const running = new Map<number, { stop: Stop; abort: AbortController }>();

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ("stop" in data) {
    running.get(data.stop)?.stop.stop();
    running.get(data.stop)?.abort.abort(new Cancelled());
    return;
  }
  const { call, name, args } = data;
  const post = (message: FromWorker) => self.postMessage(message);
  const [stop, abort] = [new Stop(), new AbortController()];
  running.set(call, { stop, abort });
  try {
    const handler = handlers[name] as (call: Call, ...args: unknown[]) => Promise<unknown>;
    const result = await handler({ tell: (told) => post({ call, told }), stop, signal: abort.signal }, ...args);
    post({ call, result });
  } catch (error) {
    if (error instanceof Cancelled) post({ call, stopped: true });
    else if (error instanceof UserError) post({ call, error: error.message, fault: error.fault });
    else post({ call, error: String(error), fault: null });
  } finally {
    running.delete(call);
  }
};
