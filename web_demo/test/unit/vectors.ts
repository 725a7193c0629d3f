import { existsSync, openAsBlob, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BundleFiles } from "../../src/core/bundle";

/** The repository's root; build/phones holds what `make web-vectors` wrote. */
export const repository = join(import.meta.dirname, "../../..");
const phones = join(repository, "build/phones");

export function committed<T>(path: string): T {
  return JSON.parse(readFileSync(join(repository, path), "utf8")) as T;
}

export function vector<T>(name: string): T {
  const path = join(phones, "vectors", name);
  if (!existsSync(path)) throw new Error(`${path} is missing: make web-vectors`);
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

/** The files of a bundle in build/phones: "android" is int8, "fp32" float, "int4" of random weights; "sizes" and "student" are tiny. */
export function bundleFiles(name: "android" | "fp32" | "int4" | "sizes" | "student"): BundleFiles {
  const folder = join(phones, name);
  if (!existsSync(join(folder, "manifest.json"))) throw new Error(`${folder} holds no bundle: make web-vectors`);
  return {
    file: async (path) => (existsSync(join(folder, path)) ? openAsBlob(join(folder, path)) : null),
  };
}

/** The bits of float32 numbers, as unsigned integers. */
export function bits(values: Float32Array): number[] {
  return Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length));
}
