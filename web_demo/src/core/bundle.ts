/** The bundle: a manifest and the files that it lists, read by something that trusts neither. */

import { createSHA256 } from "hash-wasm";
import * as z from "zod/mini";
import { problems } from "./consistency";
import { BundleError } from "./errors";
import {
  MAX_MANIFEST,
  MAX_TEXT_FILE,
  forCoreMl,
  goldenSchema,
  manifestSchema,
  modelsOf,
  type GoldenTrace,
  type Manifest,
} from "./manifest";
import { externalFiles } from "./onnxFiles";
import { strictJson, utf8, type Json } from "./strictJson";

export const FORMAT = "meissonic-mobile";
export const VERSION = 1;
export const MANIFEST = "manifest.json";

/** Where the files of one bundle are: a folder of the browser's or of a disk. */
export interface BundleFiles {
  /** The file at a path with forward slashes; null if there is none. */
  file(path: string): Promise<Blob | null>;
}

/** An open bundle: every file of the manifest exists with the size and SHA-256 that the manifest gives. */
export class Bundle {
  private constructor(
    readonly manifest: Manifest,
    readonly sha256: string, // of the manifest, which names the model
    private readonly files: BundleFiles,
  ) {}

  /**
   * Reads the manifest, and verifies every file and that graphs read no others.
   *
   * `onFile` gets each name before its file is hashed, because 1 GB takes seconds on a phone. Throws BundleError with one
   * line that names the file.
   */
  static async open(files: BundleFiles, onFile: (name: string) => void = () => {}): Promise<Bundle> {
    const bytes = await manifestBytes(files);
    const manifest = parseManifest(bytes);
    for (const [name, facts] of manifest.files) {
      onFile(name);
      await verify(files, name, facts);
    }
    const bundle = new Bundle(manifest, await sha256(new Blob([bytes])), files);
    for (const graph of manifest.graphs.values()) {
      const compiled = [...graph.contexts.values()].map((files) => files[0]!);
      for (const model of [...modelsOf(graph), ...compiled]) await bundle.checkExternal(model);
    }
    return bundle;
  }

  /** The bytes of a file of the manifest. */
  async bytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const blob = await this.files.file(name);
    if (blob === null) throw missing(name);
    return new Uint8Array(await blob.arrayBuffer());
  }

  /** The content of a text file of the manifest. Throws BundleError. */
  async text(name: string): Promise<string> {
    try {
      return utf8(await this.small(name));
    } catch (error) {
      if (error instanceof SyntaxError) throw new BundleError(`${name} is not UTF-8: export the bundle again`);
      throw error;
    }
  }

  /** The JSON of a file of the manifest. Throws BundleError. */
  async json<T extends z.ZodMiniType>(name: string, schema: T): Promise<z.infer<T>> {
    return decode(name, parse(name, await this.small(name)), schema);
  }

  /** The recorded drawing, or null. Throws BundleError. */
  async golden(): Promise<GoldenTrace | null> {
    return this.manifest.golden ? this.json(this.manifest.golden.file, goldenSchema) : null;
  }

  private async small(name: string): Promise<Uint8Array> {
    const size = this.manifest.files.get(name)!.size;
    if (size > MAX_TEXT_FILE)
      throw new BundleError(`${name} is larger than ${MAX_TEXT_FILE / 1e6} MB: export the bundle again`);
    return this.bytes(name);
  }

  /** Throws BundleError if an ONNX model reads a file that has no hash in the manifest. */
  private async checkExternal(model: string): Promise<void> {
    let found: Set<string>;
    try {
      found = externalFiles(await this.bytes(model));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new BundleError(`${model} is not an ONNX model (${error.message}): export the bundle again`);
    }
    for (const location of found) {
      if (location.startsWith("/") || !this.manifest.files.has(beside(model, location))) {
        throw new BundleError(
          `${model} reads '${location}', which the manifest does not list: export the bundle again`,
        );
      }
    }
  }
}

/** The path in the bundle of a file that is named from the model's folder. */
export function beside(model: string, location: string): string {
  const parts = location.split("/").filter((part) => part !== "" && part !== ".");
  return [...model.split("/").slice(0, -1), ...parts].join("/");
}

/** The bytes of the manifest. Throws BundleError. */
export async function manifestBytes(files: BundleFiles): Promise<Uint8Array<ArrayBuffer>> {
  const blob = await files.file(MANIFEST);
  if (blob === null) {
    const wayOut = "make one with python -m export.onnx";
    throw new BundleError(`this folder is not a bundle: it has no ${MANIFEST} (${wayOut})`, { kind: "noBundle" });
  }
  return new Uint8Array(await blob.slice(0, MAX_MANIFEST + 1).arrayBuffer());
}

/** The manifest in UTF-8 bytes. Throws BundleError with one line. */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > MAX_MANIFEST) {
    throw new BundleError(`${MANIFEST} is larger than ${MAX_MANIFEST / 1e6} MB: export the bundle again`, {
      kind: "noBundle",
    });
  }
  const tree = parse(MANIFEST, bytes);
  const head = tree !== null && typeof tree === "object" && !Array.isArray(tree) ? tree : {};
  if (head.format !== FORMAT) {
    throw new BundleError(`${MANIFEST} is not a ${FORMAT} manifest: its "format" should be "${FORMAT}"`, {
      kind: "noBundle",
    });
  }
  const { version } = head;
  if (typeof version === "bigint" && version > VERSION) {
    throw new BundleError(`${MANIFEST} has version ${version}, newer than ${VERSION}: reload this page to update it`, {
      kind: "newerBundle",
      version: String(version),
    });
  }
  if (version !== BigInt(VERSION)) {
    throw new BundleError(`${MANIFEST}: its "version" should be ${VERSION}: export the bundle again`);
  }
  const manifest = decode(MANIFEST, tree, manifestSchema);
  for (const problem of problems(manifest)) throw new BundleError(`${MANIFEST}: ${problem}: export the bundle again`);
  if (forCoreMl(manifest)) {
    throw new BundleError("this bundle holds Core ML packages: export one for this platform: python -m export.onnx", {
      kind: "coreMlBundle",
    });
  }
  return manifest;
}

/** SHA-256 of a file, in hexadecimal, read in pieces. */
export async function sha256(blob: Blob): Promise<string> {
  const hasher = await createSHA256();
  const reader = blob.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return hasher.digest("hex");
    hasher.update(value);
  }
}

async function verify(files: BundleFiles, name: string, facts: { size: number; sha256: string }): Promise<void> {
  const blob = await files.file(name);
  if (blob === null) throw missing(name);
  if (blob.size < facts.size) {
    throw new BundleError(`${name} is truncated: ${blob.size} bytes instead of ${facts.size}: copy the bundle again`, {
      kind: "truncatedFile",
      file: name,
      size: blob.size,
      wanted: facts.size,
    });
  }
  if (blob.size > facts.size || (await sha256(blob)) !== facts.sha256) {
    throw new BundleError(`${name} is changed: its SHA-256 is not the manifest's: copy the bundle again`, {
      kind: "changedFile",
      file: name,
    });
  }
}

function missing(name: string): BundleError {
  return new BundleError(`${name} is missing: copy the bundle again`, { kind: "missingFile", file: name });
}

function parse(name: string, bytes: Uint8Array): Json {
  try {
    return strictJson(bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new BundleError(`${name} is not valid JSON (${error.message}): export the bundle again`, {
      kind: "noBundle",
    });
  }
}

function decode<T extends z.ZodMiniType>(name: string, tree: Json, schema: T): z.infer<T> {
  const result = schema.safeParse(tree);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new BundleError(`${name}: ${path.map(String).join(".")}: ${message}: export the bundle again`);
}
