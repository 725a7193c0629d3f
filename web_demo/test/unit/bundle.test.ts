import { describe, expect, test } from "vitest";
import { Bundle, MANIFEST, manifestBytes, parseManifest, type BundleFiles } from "../../src/core/bundle";
import { BundleError } from "../../src/core/errors";
import { externalFiles } from "../../src/core/onnxFiles";
import { strictJson } from "../../src/core/strictJson";
import { bundleFiles, committed } from "./vectors";

interface Case {
  name: string;
  accepted: boolean;
  find: string;
  replace: string;
  pad: number;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

function refusal(bytes: Uint8Array): string | null {
  try {
    parseManifest(bytes);
    return null;
  } catch (error) {
    if (error instanceof BundleError) return error.message;
    throw error;
  }
}

describe("manifests", () => {
  test("those that Python accepts and refuses are accepted and refused", () => {
    const { base, cases } = committed<{ base: string; cases: Case[] }>("tests/vectors/manifests.json");
    expect(cases.length).toBeGreaterThan(100);
    const different = cases.filter(({ accepted, find, replace, pad }) => {
      const text = find === "" ? base : base.replace(find, () => replace);
      const bytes = utf8(text + " ".repeat(Math.max(0, pad - utf8(text).length)));
      return (refusal(bytes) === null) !== accepted;
    });
    expect(different.map(({ name }) => name)).toEqual([]);
  });

  test("a refusal is one line that steers no terminal", () => {
    const message = refusal(utf8('{"format":"meissonic-mobile","version":1,"\\u001b[2J\\nx":1}'));
    expect(message).toMatch(/^\P{Cc}+$/u);
  });

  test("a newer one is named with its version", () => {
    expect(refusal(utf8('{"format":"meissonic-mobile","version":2}'))).toContain("version 2, newer than 1");
  });

  test("bytes that are not UTF-8 are refused", () => {
    expect(refusal(Uint8Array.of(0x7b, 0xff, 0x7d))).toContain("is not UTF-8");
  });
});

test("a whole number keeps every digit, and a fraction is told apart", () => {
  expect(strictJson(utf8("[18446744073709551615, 4, 4.0, -0]"))).toEqual([2n ** 64n - 1n, 4n, 4, 0n]);
});

test("the files that weights and compiled contexts name are found in a model", () => {
  const message = (number: number, ...content: Array<string | number[]>): number[] => {
    const bytes = content.flatMap((part) => (typeof part === "string" ? [...utf8(part)] : part));
    return [(number << 3) | 2, bytes.length, ...bytes];
  };
  // ModelProto.graph.initializer.external_data, and ModelProto.graph.node.attribute.
  const weight = message(7, message(5, message(13, message(1, "location"), message(2, "a.data"))));
  const context = message(7, message(1, message(5, message(1, "ep_cache_context"), message(4, "b.bin"))));
  expect([...externalFiles(Uint8Array.from([...weight, ...context]))]).toEqual(["a.data", "b.bin"]);
  expect(() => externalFiles(Uint8Array.from(weight.slice(0, -1)))).toThrow("it ends within the field");
});

describe("files", () => {
  const whole = bundleFiles("android");
  const weights = "transformer.onnx.data";

  function replaced(name: string, change: (blob: Blob) => Blob | null): BundleFiles {
    return { file: async (path) => (path === name ? change((await whole.file(path))!) : whole.file(path)) };
  }

  async function fault(files: BundleFiles): Promise<unknown> {
    const error: unknown = await Bundle.open(files).catch((thrown: unknown) => thrown);
    return error instanceof BundleError ? error.fault : error;
  }

  test("a bundle opens and names each file before it is hashed", async () => {
    const names: string[] = [];
    const bundle = await Bundle.open(whole, (name) => names.push(name));
    expect(names).toEqual([...bundle.manifest.files.keys()]);
    expect(names).toContain(weights);
  });

  test("a missing, a truncated and a changed file are told apart", async () => {
    expect(await fault(replaced(weights, () => null))).toEqual({ kind: "missingFile", file: weights });
    const size = (await whole.file(weights))!.size;
    expect(await fault(replaced(weights, (blob) => blob.slice(1)))).toEqual({
      kind: "truncatedFile",
      file: weights,
      size: size - 1,
      wanted: size,
    });
    const changed = replaced(weights, (blob) => new Blob([blob.slice(0, -1), Uint8Array.of(0xa5)]));
    expect(await fault(changed)).toEqual({ kind: "changedFile", file: weights });
  });

  test("a folder without a manifest is no bundle", async () => {
    expect(await fault(replaced(MANIFEST, () => null))).toEqual({ kind: "noBundle" });
  });

  test("a model whose weights the manifest does not list is refused", async () => {
    const text = new TextDecoder().decode(await manifestBytes(whole));
    const renamed = text.replaceAll(`"${weights}"`, '"other.data"');
    const files: BundleFiles = {
      file: async (path) => {
        if (path === MANIFEST) return new Blob([renamed]);
        return whole.file(path === "other.data" ? weights : path);
      },
    };
    await expect(Bundle.open(files)).rejects.toThrow(`reads '${weights}'`);
  });
});
