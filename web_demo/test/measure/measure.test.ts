// Writes docs/results/web.json: `make bench-web`. Not a test: vitest runs it because it resolves what Vite does.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium, type Page } from "@playwright/test";
import { env } from "onnxruntime-web/wasm";
import { test } from "vitest";
import { Bundle } from "../../src/core/bundle";
import { Stop, type Engine } from "../../src/core/engine";
import { Generator } from "../../src/core/generator";
import type { Tensors } from "../../src/core/tensor";
import { configure, OrtEngine } from "../../src/ort/engine";
import { serve } from "../browser/server";
import { requestOf, type Recorded } from "../unit/recorded";
import { teacherForced } from "../unit/teacher";
import { bundleFiles, repository, vector } from "../unit/vectors";
import { runOnWebGpu } from "./webgpu";

configure(undefined, 1);
const DRAWINGS = 5;

test("measure", { timeout: 900_000 }, async () => {
  const figures = {
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
    command: "make bench-web",
    machine: {
      cpu: cpus()[0]!.model,
      cores: cpus().length,
      memory_gb: Math.round(totalmem() / 2 ** 30),
      versions: [`onnxruntime-web ${env.versions.web}`, `node ${process.versions.node}`],
    },
    download: download(),
    int8: await teacher("android"),
    fp32: await teacher("fp32"),
    node: await inNode(),
    webgpu: await webgpu(),
    chromium: await inChromium(),
  };
  writeFileSync(join(repository, "docs/results/web.json"), `${JSON.stringify(figures, null, 1)}\n`);
});

/** Bytes that a first visit fetches, compressed. */
function download() {
  const folder = join(repository, "build/web");
  const files = [...readdirSync(join(folder, "assets")).map((name) => `assets/${name}`), "index.html"];
  const of = (test: (name: string) => boolean) =>
    files.filter(test).reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0) / 1e6;
  return { wasm_mb: of((name) => name.endsWith(".wasm")), page_mb: of((name) => !name.endsWith(".wasm")) };
}

/** The share of tokens that WebAssembly draws as native onnxruntime did, from the same tokens. */
async function teacher(name: "android" | "fp32") {
  const generator = await Generator.of(new OrtEngine(await Bundle.open(bundleFiles(name))), true);
  const golden = (await generator.bundle.golden())!;
  const pairs = [await teacherForced(generator, golden, golden.tokens)];
  if (name === "android") {
    for (const run of vector<Recorded[]>("runs.json")) {
      pairs.push(await teacherForced(generator, requestOf(run, generator.bundle.manifest.defaults.size), run.tokens));
    }
  }
  await generator.close();
  const [same, all] = pairs.reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
  return { same_tokens: same / all, tokens: all };
}

/** Seconds of one core that a drawing of the int8 bundle takes once its graphs are loaded: the median. */
async function inNode() {
  const generator = await Generator.of(new OrtEngine(await Bundle.open(bundleFiles("android"))), true);
  const request = { prompt: "a purple fish with glasses", seed: 1n };
  const seconds = async (previews: number) => {
    const times: number[] = [];
    for (let drawing = 0; drawing <= DRAWINGS; drawing++) {
      const before = process.cpuUsage();
      await generator.draw(request, previews, new Stop());
      const { user, system } = process.cpuUsage(before);
      if (drawing > 0) times.push((user + system) / 1e6); // the first one loads
    }
    return times.sort((a, b) => a - b)[Math.floor(DRAWINGS / 2)]!;
  };
  const figures = { drawing_cpu_s: await seconds(0), previewed_cpu_s: await seconds(1), drawings: DRAWINGS };
  await generator.close();
  return figures;
}

/** Step 0 of the golden drawing on WebGPU beside WebAssembly. */
async function webgpu() {
  const results: Record<string, object> = {};
  for (const name of ["fp32", "android"] as const) {
    const engine = new OrtEngine(await Bundle.open(bundleFiles(name)));
    let inputs: Tensors | null = null;
    let wanted: Tensors | null = null;
    const recording: Engine = {
      bundle: engine.bundle,
      loaded: [],
      open: (graph) => engine.open(graph),
      close: async () => {},
      async run(graph, tensors, stop) {
        const made = await engine.run(graph, tensors, stop);
        if (graph === "transformer" && inputs === null) [inputs, wanted] = [tensors, made];
        return made;
      },
    };
    const generator = await Generator.of(recording, true);
    await generator.draw({ ...(await engine.bundle.golden())!, steps: 2 }, 0, new Stop());
    const declared = engine.bundle.manifest.graphs.get("transformer")!.inputs;
    const feed = Object.fromEntries(
      declared.map(({ name: input, shape }) => [
        input,
        { ...inputs![input]!, ...(shape.length === 0 && { shape: [] }) },
      ]),
    );
    const made = await runOnWebGpu(join(repository, "build/phones", name), "transformer.onnx", feed);
    const expected = wanted!["drawn"]!.data;
    const drawn = made.outputs["drawn"];
    const logs = made.outputs["log_prob"];
    results[name] = {
      adapter: made.adapter,
      error: made.error,
      ...(drawn && { same_tokens: drawn.filter((token, at) => token === expected[at]).length / expected.length }),
      ...(logs && {
        log_prob_error: Math.max(...logs.map((value, at) => Math.abs(value - wanted!["log_prob"]!.data[at]!))),
      }),
    };
  }
  return results;
}

/** Seconds in Chromium with the int8 bundle, on a page with the headers that threads need. */
async function inChromium() {
  const served = await serve();
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  try {
    const page = await (await browser.newContext({ locale: "en-US", viewport: { width: 390, height: 844 } })).newPage();
    const begun = performance.now();
    await page.goto(served.address);
    await page.getByLabel("What to draw", { exact: true }).fill("a purple fish with glasses");
    const first = await draw(page);
    const loading = (performance.now() - begun) / 1000;
    const warm: number[] = [];
    for (let drawing = 0; drawing < DRAWINGS; drawing++) warm.push(await draw(page));
    warm.sort((a, b) => a - b);
    const version = browser.version();
    return {
      version,
      loading_to_picture_s: loading,
      first_drawing_s: first,
      drawing_s: warm[Math.floor(DRAWINGS / 2)]!,
      drawings: DRAWINGS,
    };
  } finally {
    await browser.close();
    await served.close();
  }
}

async function draw(page: Page): Promise<number> {
  await page.getByRole("button", { name: "Draw" }).click();
  await page.getByRole("button", { name: "Stop" }).waitFor({ timeout: 60_000 });
  const line = page.locator(".stage .status", { hasText: "Done in" });
  await line.waitFor({ timeout: 120_000 });
  return Number(/([0-9.]+) s/.exec((await line.textContent())!)![1]);
}
