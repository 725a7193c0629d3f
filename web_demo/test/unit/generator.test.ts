import { beforeAll, describe, expect, test } from "vitest";
import { Bundle } from "../../src/core/bundle";
import { Stop, type Engine } from "../../src/core/engine";
import { Cancelled } from "../../src/core/errors";
import { Generator, type DrawingEvent } from "../../src/core/generator";
import type { Picture } from "../../src/core/pictures";
import type { Edit, Request } from "../../src/core/request";
import type { Tensor, Tensors } from "../../src/core/tensor";
import { bundleFiles } from "./vectors";

/** Gives zeros of the manifest's shapes and counts the graphs in memory. */
class Zeros implements Engine {
  readonly names = new Set<string>();
  readonly opened: string[] = [];
  readonly ran: string[] = [];
  most = 0; // graphs in memory at once

  constructor(
    readonly bundle: Bundle,
    private readonly change: (name: string, tensor: Tensor) => Tensor = (_, tensor) => tensor,
  ) {}

  get loaded(): string[] {
    return [...this.names];
  }

  async open(name: string): Promise<void> {
    if (this.names.has(name)) return;
    this.names.add(name);
    this.opened.push(name);
    this.most = Math.max(this.most, this.names.size);
  }

  async close(name: string): Promise<void> {
    this.names.delete(name);
  }

  async run(name: string, tensors: Tensors, stop: Stop): Promise<Tensors> {
    stop.check();
    await this.open(name);
    this.ran.push(name);
    const facts = this.bundle.manifest.graphs.get(name)!;
    const sides = new Map<string, number>();
    for (const input of facts.inputs) {
      input.shape.forEach((side, axis) => {
        if (typeof side === "string") sides.set(side, tensors[input.name]!.shape[axis]!);
      });
    }
    const arrays = { int32: Int32Array, float32: Float32Array, uint8: Uint8Array };
    const outputs = facts.outputs.map((output) => {
      const shape = output.shape.map((side) => (typeof side === "string" ? sides.get(side)! : side));
      const data = new arrays[output.dtype](shape.reduce((product, side) => product * side, 1));
      return [output.name, this.change(output.name, { data, shape })] as const;
    });
    return Object.fromEntries(outputs);
  }
}

let bundle: Bundle;
let picture: Picture;
beforeAll(async () => {
  bundle = await Bundle.open(bundleFiles("android"));
  const { size } = bundle.manifest.defaults;
  picture = { size, rgba: new Uint8Array(size[0] * size[1] * 4).fill(255) };
});

const request: Request = { prompt: "a red cat", seed: 0n, steps: 4 };

async function events(engine: Engine, edit: Edit | undefined, every = 0, keep = false): Promise<DrawingEvent[]> {
  const told: DrawingEvent[] = [];
  const generator = await Generator.of(engine, keep);
  await generator.draw({ ...request, edit }, every, new Stop(), (event) => told.push(event));
  return told;
}

async function message(change: Partial<Request>): Promise<string> {
  const generator = await Generator.of(new Zeros(bundle));
  const error: unknown = await generator
    .draw({ ...request, ...change }, 0, new Stop())
    .catch((thrown: unknown) => thrown);
  return error instanceof Error ? error.message : "it drew";
}

test("events name every stage and step", async () => {
  const told = await events(new Zeros(bundle), { mode: "imageToImage", image: picture, strength: 0.5 }, 1);
  const stages = told.flatMap((event) => (event.kind === "began" ? [event.stage] : []));
  expect(stages).toEqual(["image_encoder", "text_encoder", "conditioner", "steps", "image_decoder"]);
  expect(told.flatMap((event) => (event.kind === "step" ? [event.progress.step] : []))).toEqual([2, 3]);
  expect(told.flatMap((event) => (event.kind === "preview" ? [event.step] : []))).toEqual([2]);
});

describe("memory", () => {
  test("one graph is loaded at a time, also for previews", async () => {
    const engine = new Zeros(bundle);
    await events(engine, { mode: "imageToImage", image: picture }, 1);
    expect(engine.most).toBe(1);
    expect(engine.loaded).toEqual([]);
    const first = ["image_encoder", "text_encoder", "conditioner", "transformer", "image_decoder", "transformer"];
    expect(engine.opened.slice(0, 6)).toEqual(first);
  });

  test("graphs that were loaded before are unloaded first", async () => {
    const engine = new Zeros(bundle);
    await engine.open("image_decoder");
    await events(engine, undefined);
    expect(engine.most).toBe(1);
  });

  test("with keep each graph is loaded once", async () => {
    const engine = new Zeros(bundle);
    for (let run = 0; run < 2; run++) await events(engine, { mode: "imageToImage", image: picture }, 1, true);
    expect(engine.opened.sort()).toEqual([...bundle.manifest.graphs.keys()].sort());
  });
});

test("a stopped drawing ends before the next graph and leaves nothing loaded", async () => {
  const engine = new Zeros(bundle);
  const generator = await Generator.of(engine);
  const stop = new Stop();
  const steps: number[] = [];
  const drawing = generator.draw(request, 1, stop, (event) => {
    if (event.kind === "step") steps.push(event.progress.step);
    if (event.kind === "preview") stop.stop();
  });
  await expect(drawing).rejects.toBeInstanceOf(Cancelled);
  expect(steps).toEqual([0]);
  expect(engine.loaded).toEqual([]);
});

test("values out of range are named with the range", async () => {
  const range = "is out of range: give";
  expect(await message({ prompt: " \u0085 " })).toBe("the prompt is empty: say what to draw");
  expect(await message({ seed: 1n << 64n })).toContain(`seed 18446744073709551616 ${range} 0 to 18446744073709551615`);
  expect(await message({ steps: 0 })).toContain(`steps 0 ${range} 1 to 1000`);
  expect(await message({ guidance: NaN })).toContain(`guidance NaN ${range} 0 to 100`);
  expect(await message({ guidanceFrom: -0.5 })).toContain(`guidance from -0.5 ${range} 0 to 1`);
  expect(await message({ guidanceUntil: NaN })).toContain(`guidance until NaN ${range} 0 to 1`);
  expect(await message({ guidanceFrom: 0.5, guidanceUntil: 0.5 })).toContain("until 0.5 guides no step");
  expect(await message({ size: [1, 1] })).toContain("size 1x1 is not in this bundle, which draws 64x64");
  expect(await message({ edit: { mode: "imageToImage", image: picture, strength: 0 } })).toContain(
    `strength 0 ${range}`,
  );
  const outpaint = (left: number) =>
    message({ edit: { mode: "outpaint", image: picture, margins: { left, top: 0, right: 0, bottom: 0 } } });
  expect(await outpaint(3)).toContain("margins 3 0 0 0 are no frame");
  expect(await outpaint(64)).toContain("margins 64 0 0 0 leave no room for the picture in 64x64 pixels");
});

test("with keepText the same text is encoded once", async () => {
  const engine = new Zeros(bundle);
  const generator = await Generator.of(engine, false, true);
  const draw = (change: Partial<Request>) => generator.draw({ ...request, ...change }, 0, new Stop());
  const ran = (name: string) => engine.ran.filter((other) => other === name).length;
  for (const seed of [0n, 1n, 2n]) await draw({ seed });
  expect([ran("text_encoder"), ran("conditioner"), ran("image_decoder")]).toEqual([1, 1, 3]);
  await draw({ prompt: "a dog" });
  await draw({ prompt: "a dog", steps: 5 });
  await generator.close();
  await draw({ prompt: "a dog", steps: 5 });
  expect(ran("text_encoder")).toBe(4);
  const frugal = await Generator.of(engine);
  for (let i = 0; i < 2; i++) await frugal.draw(request, 0, new Stop());
  expect(ran("text_encoder")).toBe(6);
});

test("a picture and a mask of any size are drawn on, and what the mask keeps is the picture's", async () => {
  const generator = await Generator.of(new Zeros(bundle));
  const photo = {
    size: [50, 21] as const,
    rgba: new Uint8Array(50 * 21 * 4).fill(200).map((v, at) => (at % 4 === 3 ? 255 : v)),
  };
  const mask = {
    size: [10, 4] as const,
    rgba: new Uint8Array(160).map((_, at) => (at % 4 === 3 || at % 40 < 20 ? 255 : 0)),
  };
  const draw = (compose: boolean) =>
    generator.draw(
      { ...request, edit: { mode: "inpaint", image: photo, mask }, fit: "stretch", compose },
      0,
      new Stop(),
    );
  const right = (rgb: Uint8Array) => new Set(rgb.filter((_, at) => Math.floor(at / 3) % 64 >= 32));
  expect(right((await draw(true)).rgb)).toEqual(new Set([200]));
  expect(right((await draw(false)).rgb)).toEqual(new Set([0]));
});

test("a step outside the interval of guidance runs the prompt's row alone", async () => {
  const rows: number[] = [];
  const engine = new Zeros(bundle);
  const run = engine.run.bind(engine);
  engine.run = async (name, tensors, stop) => {
    if (name === "transformer") rows.push(tensors["context"]!.shape[0]!);
    return run(name, tensors, stop);
  };
  const generator = await Generator.of(engine);
  await generator.draw({ ...request, guidance: 3, guidanceFrom: 0.25, guidanceUntil: 0.75 }, 0, new Stop());
  expect(rows).toEqual([1, 2, 2, 1]);
});

test("a log probability that is not a number is refused", async () => {
  const engine = new Zeros(bundle, (name, tensor) =>
    name === "log_prob" ? { ...tensor, data: new Float32Array(tensor.data.length).fill(NaN) } : tensor,
  );
  await expect(events(engine, undefined)).rejects.toThrow("step 0 gave a probability that is not a number");
});
