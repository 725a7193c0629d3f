// Runs a graph on WebGPU in Chromium's software adapter (SwiftShader), because a machine without a GPU has no other.

import { chromium } from "@playwright/test";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { Tensors } from "../../src/core/tensor";

const ORT = join(import.meta.dirname, "../../node_modules/onnxruntime-web/dist");
const FLAGS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

export interface OnWebGpu {
  adapter: string;
  error: string | null; // onnxruntime's first line; null if the graph ran
  outputs: Record<string, number[]>;
}

/** The outputs of a model of the folder `bundle` for these inputs. */
export async function runOnWebGpu(bundle: string, model: string, inputs: Tensors): Promise<OnWebGpu> {
  const server = createServer((request, response) => {
    const path = new URL(request.url!, "http://x").pathname;
    const type = { ".mjs": "text/javascript", ".wasm": "application/wasm" }[extname(path)] ?? "text/html";
    response.setHeader("Content-Type", type);
    if (path === "/" || path === "/favicon.ico") response.end("<!doctype html>");
    else response.end(readFileSync(path.startsWith("/ort/") ? join(ORT, path.slice(5)) : join(bundle, path)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: FLAGS,
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    const library = 'import * as ort from "/ort/ort.webgpu.bundle.min.mjs"; globalThis.ort = ort;';
    await page.addScriptTag({ type: "module", content: library });
    await page.waitForFunction("globalThis.ort");
    const plain = Object.entries(inputs).map(([name, { data, shape }]) => ({
      ...{ name, shape: [...shape], values: Array.from(data) },
      type: data instanceof Int32Array ? ("int32" as const) : ("float32" as const),
    }));
    return await page.evaluate(
      async ({ model, plain }) => {
        const gpu = (
          navigator as unknown as {
            gpu?: { requestAdapter(): Promise<{ info: { description: string; vendor: string } } | null> };
          }
        ).gpu;
        const found = await gpu?.requestAdapter();
        const made = {
          adapter: found ? `${found.info.vendor} ${found.info.description}`.trim() : "none",
          error: null as string | null,
          outputs: {} as Record<string, number[]>,
        };
        if (!found) return { ...made, error: "no adapter" };
        try {
          const { ort } = globalThis as unknown as { ort: typeof import("onnxruntime-web") };
          ort.env.wasm.wasmPaths = "/ort/";
          ort.env.wasm.numThreads = 1;
          ort.env.logLevel = "fatal";
          const data = new Uint8Array(await (await fetch(`/${model}.data`)).arrayBuffer());
          const session = await ort.InferenceSession.create(`/${model}`, {
            executionProviders: ["webgpu"],
            externalData: [{ path: `${model}.data`, data }],
          });
          const feeds = Object.fromEntries(
            plain.map(({ name, shape, values, type }) => [
              name,
              type === "int32"
                ? new ort.Tensor(type, Int32Array.from(values), shape)
                : new ort.Tensor(type, Float32Array.from(values), shape),
            ]),
          );
          for (const [name, tensor] of Object.entries(await session.run(feeds))) {
            made.outputs[name] = Array.from((await tensor.getData()) as Float32Array);
          }
        } catch (error) {
          made.error = String(error).split("\n")[0]!;
        }
        return made;
      },
      { model, plain },
    );
  } finally {
    await browser.close();
    server.close();
  }
}
