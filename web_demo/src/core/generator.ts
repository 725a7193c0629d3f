// Draws with a bundle: image encoder, text encoder, conditioner, the masked loop over the step chain, image decoder.
//
// Tensors travel from graph to graph by name, as the manifest says; the step is a chain of any length.

import type { Bundle } from "./bundle";
import { canvas, grid } from "./canvas";
import { compose } from "./compose";
import type { Engine, Stop } from "./engine";
import { drawTokens, type Noise, type Plan, type Progress } from "./loop";
import { twoRows } from "./manifest";
import { PhiloxNoise } from "./philox";
import { guided, guidedAt, settle, type Request, type Settings } from "./request";
import { microSinusoids, stepSinusoids } from "./sinusoids";
import { entry, floats, ints, last, type Tensor, type Tensors } from "./tensor";
import { Tokenizer, type Encoded } from "./tokenizer";

export type Stage = "image_encoder" | "text_encoder" | "conditioner" | "steps" | "image_decoder";

/** A finished picture, and how it was made. */
export interface Drawing {
  rgb: Uint8Array; // u8 [h, w, 3]
  tokens: Int32Array; // [H*W]
  settings: Settings;
  cut: Record<string, string>; // the end of "prompt" and "negative prompt" that did not fit; empty if all did
  seconds: Partial<Record<Stage, number>>; // "steps" is the whole loop
}

/** What a drawing tells while it is made. */
export type DrawingEvent =
  | { kind: "began"; stage: Stage } // its graphs are loaded now, which may take long
  | { kind: "step"; progress: Progress; left: number } // left: seconds of the other steps at the pace so far
  | { kind: "preview"; rgb: Uint8Array; step: number }; // the unfinished picture after a step (from 0)

/**
 * An open bundle, ready to draw one picture at a time.
 *
 * With `keep` graphs stay loaded between stages and drawings: faster for many, but all are in memory. Without it, one
 * stage's graphs are in memory at a time: a preview between two steps unloads the step, decodes alone, and the step is
 * loaded again. With `keepText` what the graphs made of the texts is kept, so that the next drawing of the same texts, size
 * and steps does not run them again.
 */
export class Generator {
  readonly bundle: Bundle;
  private readonly texts: KeptText = { kept: null };

  private constructor(
    private readonly engine: Engine,
    private readonly tokenizer: Tokenizer,
    private readonly keep: boolean,
    private readonly keepText: boolean,
  ) {
    this.bundle = engine.bundle;
  }

  /** Throws BundleError for a broken tokenizer. */
  static async of(engine: Engine, keep = false, keepText = false): Promise<Generator> {
    return new Generator(engine, await Tokenizer.of(engine.bundle), keep, keepText);
  }

  /** Unloads every graph and forgets the last texts. A later drawing loads them again. */
  async close(): Promise<void> {
    this.texts.kept = null;
    for (const name of this.engine.loaded) await this.engine.close(name);
  }

  /**
   * Draws. `onEvent` gets every event, in order.
   *
   * Every `previewEvery` steps (0: never) it gets the unfinished picture: each runs the image decoder and, without `keep`,
   * loads it and the step again. Throws UserError, and Cancelled once `stop` is called.
   */
  async draw(
    request: Request,
    previewEvery: number,
    stop: Stop,
    onEvent: (event: DrawingEvent) => void = () => {},
  ): Promise<Drawing> {
    const settings = settle(request, this.bundle.manifest);
    const texts = this.keepText ? this.texts : { kept: null };
    const run = new Run(this.engine, this.tokenizer, this.keep, texts, settings, previewEvery, stop, onEvent);
    return run.draw(request);
  }
}

/** What the graphs that depend on the prompt alone made, and for which settings (of any seed). */
interface KeptText {
  kept: { of: string; conditions: Tensors } | null;
}

/** One drawing. */
class Run {
  private readonly seconds: Partial<Record<Stage, number>> = {};
  private readonly gridSize: readonly [number, number];

  constructor(
    private readonly engine: Engine,
    private readonly tokenizer: Tokenizer,
    private readonly keep: boolean,
    private readonly texts: KeptText,
    private readonly settings: Settings,
    private readonly previewEvery: number,
    private readonly stop: Stop,
    private readonly onEvent: (event: DrawingEvent) => void,
  ) {
    this.gridSize = grid(settings, engine.bundle.manifest);
  }

  async draw(request: Request): Promise<Drawing> {
    const { manifest } = this.engine.bundle;
    const start = canvas(this.settings, manifest, request.edit, request.fit ?? "crop");
    const texts = this.encodeTexts();
    const encoded = start.pixels && (await this.encode(start.pixels));
    const conditions = await this.conditionOnce([...texts.values()].map(({ ids }) => ids));
    const tokens = await this.runLoop(start.plan, start.tokens(encoded), conditions);
    const drawn = await this.stage("image_decoder", ["image_decoder"], () => this.decode(tokens));
    const photo = request.compose === false ? null : (start.pixels?.data as Uint8Array | undefined);
    const rgb =
      photo && start.covered
        ? compose(photo, drawn, start.covered, this.settings.size, manifest.model.token_size)
        : drawn;
    const cut = Object.fromEntries([...texts].map(([which, text]) => [which, text.cut]).filter(([, text]) => text));
    return { rgb, tokens, settings: this.settings, cut, seconds: this.seconds };
  }

  /** Ids i32 [T] and the end that was cut of each text, in the order the graphs take them. */
  private encodeTexts(): Map<string, Encoded> {
    const texts = new Map<string, Encoded>();
    if (guided(this.settings)) texts.set("negative prompt", this.tokenizer.encode(this.settings.negative));
    return texts.set("prompt", this.tokenizer.encode(this.settings.prompt));
  }

  /** A picture u8 [h, w, 3] as tokens i32 [H*W]. */
  private encode(image: Tensor): Promise<Int32Array> {
    return this.stage("image_encoder", ["image_encoder"], async () => {
      const { tokens } = await this.engine.run("image_encoder", { image }, this.stop);
      return tokens!.data as Int32Array;
    });
  }

  /** Tokens i32 [H*W] as a picture u8 [h, w, 3]. */
  private async decode(tokens: Int32Array): Promise<Uint8Array> {
    const [width, height] = this.gridSize;
    const { image } = await this.engine.run("image_decoder", { tokens: ints(tokens, height, width) }, this.stop);
    return image!.data as Uint8Array;
  }

  /** What `condition` gives, kept from the last drawing if nothing but the seed differs. */
  private async conditionOnce(texts: Int32Array[]): Promise<Tensors> {
    const { prompt, negative, steps, guidance, size } = this.settings;
    const of = JSON.stringify([prompt, negative, steps, guidance, size]);
    if (this.texts.kept?.of === of) return this.texts.kept.conditions;
    this.texts.kept = null; // frees it before the graphs run
    const conditions = await this.condition(texts);
    this.texts.kept = { of, conditions };
    return conditions;
  }

  /**
   * Runs the graphs that depend on the prompt alone.
   *
   * Returns `context` f32 [R, T, D] and `modulation` f32 [N, R, M]. Rows are [negative, prompt] with guidance, [prompt]
   * without, and [prompt, prompt] without if the step takes exactly two.
   */
  private async condition(texts: Int32Array[]): Promise<Tensors> {
    const { manifest } = this.engine.bundle;
    const rows = twoRows(manifest) && !guided(this.settings) ? [...texts, ...texts] : texts;
    const length = rows[0]!.length;
    const ids = new Int32Array(rows.length * length);
    rows.forEach((row, index) => ids.set(row, index * length));
    let tensors: Tensors = {
      input_ids: ints(ids, rows.length, length),
      micro_sinusoids: microSinusoids(this.settings.size, manifest.defaults.score),
      step_sinusoids: stepSinusoids(this.settings.steps, manifest.model.timestep),
    };
    for (const name of ["text_encoder", "conditioner"] as const) {
      const given = tensors;
      tensors = { ...given, ...(await this.stage(name, [name], () => this.engine.run(name, given, this.stop))) };
    }
    return tensors;
  }

  /** Runs the step chain on the tensors it names. Returns them with those it gives (`drawn`, `log_prob`). */
  private async runStep(tensors: Tensors): Promise<Tensors> {
    for (const name of this.engine.bundle.manifest.step) {
      tensors = { ...tensors, ...(await this.engine.run(name, tensors, this.stop)) };
    }
    return tensors;
  }

  /** The finished tokens i32 [H*W]. */
  private runLoop(plan: Plan, tokens: Int32Array, conditions: Tensors): Promise<Int32Array> {
    const [width, height] = this.gridSize;
    const { context, modulation } = conditions;
    const rows = twoRows(this.engine.bundle.manifest) ? 2 : 1; // without guidance: the prompt's, which is the last
    const prompt = last(context!, rows);
    const guidance = floats(new Float32Array([this.settings.guidance])); // no dimension, one element
    const noise = new PhiloxNoise(this.settings.seed);
    const begun = performance.now();

    const onStep = async (progress: Progress): Promise<void> => {
      const done = progress.step + 1;
      const pace = (performance.now() - begun) / 1000 / (done - plan.start);
      this.onEvent({ kind: "step", progress, left: pace * (plan.steps - done) });
      if (this.previewEvery > 0 && progress.masked > 0 && done % this.previewEvery === 0) {
        const rgb = await this.withOnly(["image_decoder"], () => this.decode(progress.candidate));
        this.onEvent({ kind: "preview", rgb, step: progress.step });
      }
    };
    return this.stage("steps", this.engine.bundle.manifest.step, () =>
      drawTokens(tokens, noise, plan, onStep, async (i, codes, uniforms) => {
        const first = i === 0 && plan.student !== undefined; // a student's first pass has no guidance
        const guided = guidedAt(this.settings, i) && !first;
        const ofStep = entry(modulation!, first ? 0 : this.settings.steps - 1 - i);
        const out = await this.runStep({
          context: guided ? context! : prompt,
          modulation: guided ? ofStep : last(ofStep, rows),
          guidance,
          tokens: ints(codes, height, width),
          uniforms: floats(uniforms, 2, codes.length),
          ...this.embeddingNoise(noise, i),
        });
        return [out["drawn"]!.data as Int32Array, out["log_prob"]!.data as Float32Array];
      }),
    );
  }

  /** `embedding_noise` f32 [H, W, D] of a student that takes it: normal in its first pass, later zero as its teacher. */
  private embeddingNoise(noise: Noise, step: number): Tensors {
    const { student, inner_dim } = this.engine.bundle.manifest.model;
    if (!student?.noise) return {};
    const [width, height] = this.gridSize;
    const count = width * height * inner_dim;
    const values = step === 0 ? noise.embedding(count) : new Float32Array(count);
    return { embedding_noise: floats(values, height, width, inner_dim) };
  }

  /** Tells of a stage and measures it; `graphs` are its own. */
  private async stage<T>(stage: Stage, graphs: readonly string[], run: () => Promise<T>): Promise<T> {
    this.onEvent({ kind: "began", stage });
    const begun = performance.now();
    try {
      return await this.withOnly(graphs, run);
    } finally {
      this.seconds[stage] = (performance.now() - begun) / 1000;
    }
  }

  /** Unless graphs are kept, unloads all others before the run, and `graphs` after it. */
  private async withOnly<T>(graphs: readonly string[], run: () => Promise<T>): Promise<T> {
    if (this.keep) return run();
    for (const other of this.engine.loaded) if (!graphs.includes(other)) await this.engine.close(other);
    try {
      return await run();
    } finally {
      for (const name of graphs) await this.engine.close(name);
    }
  }
}
