// Runs a bundle's graphs on onnxruntime's WebAssembly build.

import * as ort from "onnxruntime-web/wasm";
import { beside, type Bundle } from "../core/bundle";
import type { Engine, Stop } from "../core/engine";
import { BundleError, EngineError } from "../core/errors";
import { choose, fixed } from "../core/functions";
import type { DType, FunctionFacts, TensorFacts } from "../core/manifest";
import { externalFiles } from "../core/onnxFiles";
import { checkTensor, dtypeOf, type Tensor, type Tensors } from "../core/tensor";

const OPTIONS: ort.InferenceSession.SessionOptions = {
  executionProviders: ["wasm"],
  graphOptimizationLevel: "all",
  executionMode: "sequential",
  enableMemPattern: false, // it would plan the second run as one block beside what the first run took
  logSeverityLevel: 4,
  extra: { session: { set_denormal_as_zero: "1", intra_op: { allow_spinning: "0" } } },
};

/** Where the engine's two files are, and on how many threads graphs run: more than 1 needs a cross-origin isolated page. */
export function configure(paths: { mjs: string; wasm: string } | undefined, threads: number): void {
  if (paths) ort.env.wasm.wasmPaths = paths;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "fatal";
}

export class OrtEngine implements Engine {
  // A graph in memory. It takes the size of `function`.
  private readonly sessions = new Map<string, { chosen: FunctionFacts | null; session: ort.InferenceSession }>();

  constructor(readonly bundle: Bundle) {}

  get loaded(): string[] {
    return [...this.sessions.keys()];
  }

  async open(name: string): Promise<void> {
    if (!this.sessions.has(name)) await this.session(name, this.bundle.manifest.graphs.get(name)!.functions[0] ?? null);
  }

  /** The graph for one size; it takes the place of the graph for another, whose weights leave memory first. */
  private async session(name: string, chosen: FunctionFacts | null): Promise<ort.InferenceSession> {
    const loaded = this.sessions.get(name);
    if (loaded?.chosen === chosen) return loaded.session;
    await this.close(name);
    const graph = this.bundle.manifest.graphs.get(name)!;
    const file = chosen?.name ?? graph.files[0]!;
    const model = await this.bundle.bytes(file);
    const externalData: Array<{ path: string; data: Uint8Array }> = [];
    for (const path of externalFiles(model)) {
      externalData.push({ path, data: await this.bundle.bytes(beside(file, path)) });
    }
    const session = await this.guard(`cannot open ${file}`, () =>
      ort.InferenceSession.create(model, { ...OPTIONS, externalData }),
    );
    try {
      checkSignature(file, "input", fixed(graph.inputs, chosen), session.inputMetadata);
      checkSignature(file, "output", fixed(graph.outputs, chosen), session.outputMetadata);
    } catch (error) {
      await session.release();
      throw error;
    }
    this.sessions.set(name, { chosen, session });
    return session;
  }

  async close(name: string): Promise<void> {
    await this.sessions.get(name)?.session.release();
    this.sessions.delete(name);
  }

  async run(name: string, tensors: Tensors, stop: Stop): Promise<Tensors> {
    const graph = this.bundle.manifest.graphs.get(name)!;
    for (const input of graph.inputs) checkTensor(input, tensors[input.name], name);
    await turn();
    stop.check();
    const session = await this.session(name, choose(name, graph, tensors));
    const feeds = Object.fromEntries(graph.inputs.map((input) => [input.name, toOrt(input, tensors[input.name]!)]));
    const made = await this.guard(`failed in graph ${name}`, () => session.run(feeds));
    const outputs: Record<string, Tensor> = {};
    for (const output of graph.outputs) {
      const { data, dims } = made[output.name]!;
      const tensor = { data: data as Tensor["data"], shape: dims };
      checkTensor(output, tensor, name);
      outputs[output.name] = tensor;
    }
    return outputs;
  }

  private async guard<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const [line] = String(error instanceof Error ? error.message : error).split("\n");
      const madeWith = this.bundle.manifest.tools.get("onnxruntime") ?? "unknown";
      throw new EngineError(
        `onnxruntime-web ${ort.env.versions.web} ${what}: ${line} (the bundle was made with onnxruntime ${madeWith})`,
      );
    }
  }
}

/** Lets a message that waits, such as a stop, arrive before the next graph keeps the thread. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function toOrt(facts: TensorFacts, tensor: Tensor): ort.Tensor {
  // A tensor of no dimension has the shape []: [1] would be refused, because guidance is declared as a number.
  return new ort.Tensor(dtypeOf(tensor), tensor.data, facts.shape.length === 0 ? [] : tensor.shape);
}

/** Throws BundleError unless the graph's names, types and fixed sizes are the manifest's. */
function checkSignature(
  file: string,
  kind: string,
  wanted: readonly TensorFacts[],
  found: readonly ort.InferenceSession.ValueMetadata[],
): void {
  const byName = new Map(found.map((value) => [value.name, value]));
  if (byName.size !== wanted.length || wanted.some(({ name }) => !byName.has(name))) {
    const names = [...byName.keys()].sort().join(", ");
    throw new BundleError(`${file} has ${kind}s ${names}, unlike the manifest: export the bundle again`);
  }
  for (const tensor of wanted) {
    const value = byName.get(tensor.name)!;
    const same =
      value.isTensor &&
      value.type === (tensor.dtype satisfies DType) &&
      value.shape.length === tensor.shape.length &&
      value.shape.every((here, axis) => {
        const there = tensor.shape[axis];
        return typeof here === "string" || typeof there === "string" || here === there;
      });
    if (!same) {
      const shown = value.isTensor ? `${value.type} [${value.shape}]` : "no tensor";
      throw new BundleError(
        `${file}: ${kind} ${tensor.name} is ${shown}, the manifest says ${tensor.dtype} [${tensor.shape}]: ` +
          "export the bundle again",
      );
    }
  }
}
