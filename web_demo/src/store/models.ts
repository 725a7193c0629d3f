// The models of this browser, in the origin private file system.
//
//   models/ID/manifest.json      a complete model; ID is the start of the manifest's SHA-256
//   models/ID/unfinished.json    an installation in progress or stopped: where it comes from
//   models/ID/manifest.part      ... and its manifest
//   models/ID/...                files, complete or not
//
// A tab may be closed at any moment. A model is complete once it has a manifest.json, which is written last and removed
// first; until then a file is resumed at its size, and its hash is checked when it has all bytes.

import { MANIFEST, parseManifest, sha256, type BundleFiles } from "../core/bundle";
import { StoreError, UserError } from "../core/errors";
import { bundleSize, MAX_MANIFEST, type Manifest } from "../core/manifest";
import { memoryNeeded } from "../core/memory";
import { folder, names, put, read, remove, write, writer } from "./opfs";
import { dropped, type Opened, type Source } from "./source";

const ROOT = "models";
const UNFINISHED = "unfinished.json";
const PART = "manifest.part";
const TOLD_EVERY = 2 ** 18; // bytes

/** A model on this device. */
export interface Stored {
  id: string;
  name: string;
  bytes: number; // that have arrived
  total: number;
  memory: number; // bytes that a drawing of the default size needs
  address: string | null; // where a stopped download goes on; null if it is complete or came from a folder
}

/** The progress of an installation. */
export type Installing = { kind: "transferring"; bytes: number; total: number } | { kind: "checking"; file: string };

export async function list(): Promise<Stored[]> {
  const found: Stored[] = [];
  const root = await folder(ROOT);
  for (const id of await names(root)) {
    const here = await folder(ROOT, id);
    const whole = await manifestOf(here, MANIFEST);
    const manifest = whole ?? (await manifestOf(here, PART));
    if (manifest === null) {
      await remove(root, id); // half deleted, or of an older version of this page
      continue;
    }
    const unfinished = whole ? null : await read(here, UNFINISHED);
    const address = unfinished && (JSON.parse(await unfinished.text()) as { address: string | null }).address;
    const total = bundleSize(manifest);
    const bytes = whole ? total : await arrived(here, manifest);
    const memory = memoryNeeded(manifest, manifest.defaults.size);
    found.push({ id, name: manifest.model.name, bytes, total, memory, address });
  }
  return found;
}

/** The files of a complete model. */
export async function files(id: string): Promise<BundleFiles> {
  const here = await folder(ROOT, id);
  return { file: (path) => read(here, path) };
}

/** Removes a model, complete or not. */
export async function deleteModel(id: string): Promise<void> {
  await remove(await folder(ROOT, id), MANIFEST);
  await remove(await folder(ROOT), id);
}

/**
 * Fetches a bundle, or the rest of a stopped one. Returns the model's ID.
 *
 * Throws StoreError, BundleError for an invalid manifest, and what `signal` was aborted with; what arrived is kept.
 */
export async function install(
  source: Source,
  address: string | null,
  tell: (progress: Installing) => void,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await new Installation(source, tell, signal).run(address);
  } catch (error) {
    // A transfer that was stopped fails in other ways too.
    signal.throwIfAborted();
    if (error instanceof DOMException && error.name === "QuotaExceededError") throw full(null);
    throw error;
  }
}

class Installation {
  private bytes = 0;
  private total = 0;

  constructor(
    private readonly source: Source,
    private readonly tell: (progress: Installing) => void,
    private readonly signal: AbortSignal,
  ) {}

  async run(address: string | null): Promise<string> {
    const bytes = await this.manifest();
    const manifest = parseManifest(bytes);
    const id = (await sha256(new Blob([bytes]))).slice(0, 16);
    const here = await folder(ROOT, id);
    if (await read(here, MANIFEST)) return id;
    this.total = bundleSize(manifest);
    this.bytes = await arrived(here, manifest);
    const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
    const lacking = this.total - this.bytes - (quota - usage);
    if (lacking > 0) throw full(lacking);
    await write(here, UNFINISHED, new TextEncoder().encode(JSON.stringify({ address })));
    await write(here, PART, bytes);
    this.tell({ kind: "transferring", bytes: this.bytes, total: this.total });
    for (const [path, facts] of manifest.files) await this.fetch(here, path, facts);
    await write(here, MANIFEST, bytes);
    await remove(here, PART);
    await remove(here, UNFINISHED);
    return id;
  }

  private async manifest(): Promise<Uint8Array<ArrayBuffer>> {
    const opened = await this.source.open(MANIFEST, 0, this.signal);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    for await (const piece of this.pieces(opened, MANIFEST)) {
      pieces.push(piece);
      length += piece.length;
      if (length > MAX_MANIFEST) throw another(MANIFEST);
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }

  /** Fetches the rest of a file and checks its hash. */
  private async fetch(
    here: FileSystemDirectoryHandle,
    path: string,
    facts: { size: number; sha256: string },
  ): Promise<void> {
    const size = (await read(here, path))?.size ?? 0;
    if (size < facts.size || facts.size === 0) await this.transfer(here, path, size, facts.size);
    this.tell({ kind: "checking", file: path });
    if ((await sha256((await read(here, path))!)) === facts.sha256) return;
    const file = await writer(here, path);
    file.truncate(0);
    file.close();
    throw another(path);
  }

  private async transfer(here: FileSystemDirectoryHandle, path: string, kept: number, size: number): Promise<void> {
    const opened = await this.source.open(path, kept, this.signal);
    const file = await writer(here, path);
    try {
      let at = opened.from;
      if (at !== kept) this.bytes -= kept; // the server ignored Range: from the start
      file.truncate(at);
      let next = this.bytes + TOLD_EVERY;
      for await (const piece of this.pieces(opened, path)) {
        if (at + piece.length > size) {
          file.truncate(0);
          throw another(path);
        }
        put(file, piece, at);
        at += piece.length;
        this.bytes += piece.length;
        if (this.bytes >= next) {
          this.tell({ kind: "transferring", bytes: this.bytes, total: this.total });
          next = this.bytes + TOLD_EVERY;
        }
      }
      if (at < size) throw dropped(path, `${at} of ${size} bytes arrived`);
    } finally {
      file.close();
    }
    this.tell({ kind: "transferring", bytes: this.bytes, total: this.total });
  }

  private async *pieces(opened: Opened, path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const reader = opened.stream.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          this.signal.throwIfAborted();
          throw dropped(path, error);
        });
        this.signal.throwIfAborted();
        if (done) return;
        yield value as Uint8Array<ArrayBuffer>;
      }
    } finally {
      reader.cancel().catch(() => {}); // the connection is gone, or no longer wanted
    }
  }
}

async function arrived(here: FileSystemDirectoryHandle, manifest: Manifest): Promise<number> {
  let sum = 0;
  for (const [path, { size }] of manifest.files) sum += Math.min((await read(here, path))?.size ?? 0, size);
  return sum;
}

async function manifestOf(here: FileSystemDirectoryHandle, name: string): Promise<Manifest | null> {
  const file = await read(here, name);
  try {
    return file && parseManifest(new Uint8Array(await file.arrayBuffer()));
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

function another(path: string): StoreError {
  return new StoreError(
    `${path} is not the file that the manifest lists: the source is damaged or changing, try again later`,
    { kind: "anotherFile", file: path },
  );
}

function full(lacking: number | null): StoreError {
  const what = lacking === null ? "nothing more can be written" : `${Math.ceil(lacking / 2 ** 20)} MB more are needed`;
  return new StoreError(`the storage is full: ${what}, free some space and try again`, { kind: "noSpace", lacking });
}
