// What the page knows and does. Components show `state` and call the methods.

import { Cancelled, UserError } from "../core/errors";
import type { Size } from "../core/manifest";
import type { Margins, Picture } from "../core/pictures";
import type { Preview } from "../core/preview";
import type { Edit, Request } from "../core/request";
import { pictureSettings, settingsOf, withSettings, type Mode, type PictureSettings } from "../png";
import type { Stored } from "../store/models";
import { Client, WorkerError } from "../worker/client";
import type { Drawn, Model, Told } from "../worker/protocol";
import { maskOf } from "./mask";
import { pngOf } from "./pixels";
import { decimal, megabytes, words } from "./words";

const OWN_MODEL = new URL("bundle/", document.baseURI).href; // the model that comes with the page
const LARGE = 600e6; // bytes of memory that a person is told of before
const CHOSEN = "meissonic.model";
const MORE = 4n; // pictures of "four more"
const SEEDS = 1n << 64n;

export type Side = keyof Margins;

export interface Form {
  mode: Mode;
  prompt: string;
  negative: string;
  seed: string; // "": random
  steps: number | null; // null: the model's default, here and in the next two
  guidance: number | null;
  size: Size | null;
  guided: readonly [from: number, until: number]; // shares of the steps; others than 0 and 1 come from a picture
  strength: Record<"image" | "inpaint", number>; // the share of the steps that run, in modes that choose it
  sides: readonly Side[];
  margin: number; // share of the size
  previews: boolean;
}

/** A picture of this browser, or one that was dropped here. */
export interface Shown {
  name: string | null; // in the gallery
  png: Blob;
  url: string;
  settings: PictureSettings | null;
}

/** A picture to edit. */
export interface Source {
  file: Blob;
  url: string;
}

/** What a long piece of work tells: a line and a share of 1, or null while it is not known. */
export interface Work {
  line: string;
  share: number | null;
  stop: AbortController;
}

export interface Notice {
  kind: "info" | "error";
  line: string;
  detail?: string;
}

export interface State {
  models: readonly Stored[];
  model: Model | null;
  large: Stored | null; // to be opened after a person's word, because of its memory
  fetching: Work | null; // a model that is fetched or opened
  form: Form;
  drawing: Work | null;
  preview: Preview | null;
  shown: Shown | null;
  source: Source | null;
  painted: readonly boolean[]; // tokens of the mask
  editing: boolean; // the stage shows the picture to start from, with what is painted on it
  history: readonly Shown[];
  notice: Notice | null;
}

export class Studio {
  state: State = {
    models: [],
    model: null,
    large: null,
    fetching: null,
    form: {
      mode: "text",
      prompt: "",
      negative: "",
      seed: "",
      steps: null,
      guidance: null,
      size: null,
      guided: [0, 1],
      strength: { image: 0.6, inpaint: 1 },
      sides: ["right"],
      margin: 0.25,
      previews: true,
    },
    drawing: null,
    preview: null,
    shown: null,
    source: null,
    painted: [],
    editing: false,
    history: [],
    notice: null,
  };
  private readonly client = new Client(() => void this.reopen());

  constructor(private readonly onChange: () => void) {}

  /** The picture's size in pixels, and in tokens. */
  get size(): Size {
    return this.state.form.size ?? this.state.model?.size ?? [64, 64];
  }

  get grid(): Size {
    const { tokenSize } = this.state.model ?? { tokenSize: 4 };
    return [this.size[0] / tokenSize, this.size[1] / tokenSize];
  }

  update(change: Partial<State>): void {
    const before = this.state;
    this.state = { ...before, ...change };
    this.onChange();
    // A browser keeps a picture in memory until its URL is revoked.
    const urls = urlsOf(this.state);
    for (const url of urlsOf(before)) if (!urls.has(url)) URL.revokeObjectURL(url);
  }

  fill(change: Partial<Form>): void {
    const before = this.size;
    const form = { ...this.state.form, ...change };
    this.update({ form, notice: null });
    if (change.mode) {
      const { source, shown } = this.state;
      if (change.mode !== "text" && !source && shown) this.setSource(shown.png);
      else this.update({ editing: change.mode !== "text" && source !== null });
    }
    if (String(this.size) !== String(before)) this.update({ painted: this.blank() });
  }

  /** Shows what this browser has, then fetches the model that comes with the page if it has none. */
  async start(): Promise<void> {
    await this.loadHistory();
    await this.refreshModels();
    const whole = this.state.models.filter((model) => model.bytes === model.total);
    const chosen = whole.find((model) => model.id === localStorage.getItem(CHOSEN)) ?? whole[0];
    if (chosen) return this.open(chosen.id);
    const begun = this.state.models[0];
    if (begun?.address) return this.install(begun.address);
    if (await exists(`${OWN_MODEL}manifest.json`)) return this.install(OWN_MODEL);
  }

  // Models.

  /** Fetches a model from an address or a folder's files, or the rest of it, and opens it. */
  async install(from: string | File[]): Promise<void> {
    this.update({ notice: null });
    const id = await this.fetching(words.asking, (tell, signal) => this.client.call("install", [from], tell, signal));
    await this.refreshModels();
    // A drawing that began meanwhile needs the model that is open.
    if (id !== null && !this.state.drawing) await this.open(id);
  }

  /** Opens a model, or first asks a person if it needs much memory. */
  async open(id: string): Promise<void> {
    const large = this.state.models.find((model) => model.id === id && model.memory > LARGE);
    if (large && localStorage.getItem(CHOSEN) !== id) return this.update({ large, notice: null });
    await this.use(id);
  }

  /** Opens a model, whatever memory it needs. If that fails, opens the one before again. */
  async use(id: string): Promise<void> {
    const before = this.state.model;
    this.update({ model: null, large: null, notice: null }); // the worker closes the one before first
    const model = await this.opened(id);
    if (model === null) {
      if (before) this.update({ model: await this.opened(before.id) });
      return;
    }
    localStorage.setItem(CHOSEN, id);
    const defaults: Partial<Form> = { steps: null, guidance: null, size: null, guided: [0, 1] };
    const strength = { ...this.state.form.strength, image: model.strength };
    const form = { ...this.state.form, strength, ...defaults };
    this.update({ model, form });
    this.update({ painted: this.blank() });
  }

  async deleteModel(id: string): Promise<void> {
    const { model, large } = this.state;
    this.update({ model: model?.id === id ? null : model, large: large?.id === id ? null : large });
    await this.attempt(() => this.client.call("deleteModel", [id]));
    await this.refreshModels();
  }

  private async refreshModels(): Promise<void> {
    await this.attempt(async () => this.update({ models: await this.client.call("models", []) }));
  }

  private opened(id: string): Promise<Model | null> {
    return this.fetching(words.opening, (tell, signal) => this.client.call("open", [id], tell, signal));
  }

  private async fetching<T>(
    line: string,
    run: (tell: (told: Told) => void, signal: AbortSignal) => Promise<T>,
  ): Promise<T | null> {
    const stop = new AbortController();
    this.update({ fetching: { line, share: null, stop } });
    const tell = (told: Told) => {
      if (told.kind === "transferring") {
        const share = told.total === 0 ? null : told.bytes / told.total;
        this.update({ fetching: { line: words.arriving(megabytes(told.bytes), megabytes(told.total)), share, stop } });
      } else if (told.kind === "checking" || told.kind === "verifying") {
        this.update({ fetching: { line: words.checking, share: null, stop } });
      }
    };
    const made = await this.attempt(() => run(tell, stop.signal));
    this.update({ fetching: null });
    return made;
  }

  // Drawing.

  async draw(): Promise<void> {
    const { form, model } = this.state;
    if (!model || this.state.drawing) return;
    const seed = seedOf(form.seed);
    if (form.prompt.trim() === "") return this.fail(words.wrongPrompt);
    if (seed === null) return this.fail(words.wrongSeed);
    if (form.mode !== "text" && !this.state.source) return this.fail(words.needsPicture);
    if (form.mode === "outpaint" && form.sides.length === 0) return this.fail(words.wrongSides);
    if (form.mode === "inpaint" && !this.state.painted.includes(true)) return this.fail(words.faults.emptyMask);
    await this.drawAll(model, async () => {
      const edit = await this.edit();
      return [
        {
          prompt: form.prompt,
          seed,
          ...(form.negative && { negative: form.negative }),
          ...(form.steps && { steps: form.steps }),
          ...(form.guidance !== null && { guidance: form.guidance }),
          guidanceFrom: form.guided[0],
          guidanceUntil: form.guided[1],
          size: this.size,
          ...(edit && { edit }),
        },
      ];
    });
  }

  /** Draws like the shown picture with the seeds that follow its own. An edit takes what is chosen and painted now. */
  async more(): Promise<void> {
    const { model, shown } = this.state;
    const settings = shown?.settings;
    if (!model || !settings || this.state.drawing) return;
    if (settings.mode !== "text" && !this.state.source) return this.fail(words.needsPicture);
    const { seed } = this.state.form;
    this.reuse(settings);
    this.fill({ seed });
    const { mode } = this.state.form;
    if (mode === "inpaint" && !this.state.painted.includes(true)) return this.fail(words.faults.emptyMask);
    await this.drawAll(model, async () => {
      const edit = await this.edit();
      const { prompt, negative_prompt: negative, steps, guidance } = settings;
      const { guidance_from: guidanceFrom = 0, guidance_until: guidanceUntil = 1 } = settings;
      const guided = { guidance, guidanceFrom, guidanceUntil };
      const base = { prompt, negative, steps, ...guided, size: this.size, ...(edit && { edit }) };
      return Array.from({ length: Number(MORE) }, (_, i) => ({
        ...base,
        seed: (settings.seed + 1n + BigInt(i)) % SEEDS,
      }));
    });
  }

  stop(): void {
    this.state.drawing?.stop.abort(new Cancelled());
  }

  /** Draws requests one after another. Those that are finished stay when a later one is stopped. */
  private async drawAll(model: Model, requests: () => Promise<Request[]>): Promise<void> {
    const stop = new AbortController();
    this.update({ drawing: { line: words.stages.text_encoder, share: null, stop }, preview: null, notice: null });
    await this.attempt(async () => {
      const all = await requests();
      for (const [index, request] of all.entries()) {
        stop.signal.throwIfAborted();
        const drawn = await this.client.call(
          "draw",
          [request, this.state.form.previews],
          (told) => this.hear(told, stop, index, all.length),
          stop.signal,
        );
        await this.finish(drawn, request, model);
      }
    });
    this.update({ drawing: null, preview: null });
  }

  private hear(told: Told, stop: AbortController, index: number, count: number): void {
    if (stop.signal.aborted) return;
    const which = count > 1 ? words.pictureOfAll(index + 1, count) : "";
    if (told.kind === "began")
      this.update({
        drawing: { line: which + words.stages[told.stage], share: this.state.drawing?.share ?? null, stop },
      });
    if (told.kind !== "step") return;
    if (told.preview) this.update({ preview: told.preview, editing: false });
    const done = told.step + 1;
    const others = done < told.steps ? (told.left / (told.steps - done)) * told.steps * (count - 1 - index) : 0;
    const seconds = told.left + others;
    const left = seconds >= 1.5 ? `, ${words.left1(Math.round(seconds))}` : "";
    const share = (index + done / told.steps) / count;
    this.update({ drawing: { line: which + words.step(done, told.steps) + left, share, stop } });
  }

  private async finish(drawn: Drawn, request: Request, model: Model): Promise<void> {
    const { size } = drawn.settings;
    const settings = pictureSettings(request, drawn.settings, model.sha256, model.strength);
    const png = await withSettings(await pngOf(drawn.rgb, size), settings);
    const made: Shown = { name: null, png, url: URL.createObjectURL(png), settings };
    this.update({ shown: made, history: [made, ...this.state.history], editing: false });
    const left = Object.values(drawn.cut);
    const line = [words.done(decimal(drawn.seconds, 1)), ...left.map(words.cut)].join(". ");
    this.update({ notice: { kind: "info", line } });
    const name = await this.client.call("keep", [png]);
    const kept = { ...made, name };
    const named = (entry: Shown) => (entry === made ? kept : entry);
    const { shown, history } = this.state;
    this.update({ shown: shown && named(shown), history: history.map(named) });
  }

  private async edit(): Promise<Edit | null> {
    const { form, source, painted, model } = this.state;
    if (form.mode === "text" || !source || !model) return null;
    if (form.mode === "outpaint") {
      const margins = this.margins();
      const inner: Size = [this.size[0] - margins.left - margins.right, this.size[1] - margins.top - margins.bottom];
      return { mode: "outpaint", image: await this.fit(source.file, inner), margins };
    }
    const image = await this.fit(source.file, this.size);
    if (form.mode === "image") return { mode: "imageToImage", image, strength: form.strength.image };
    const mask = maskOf(painted, this.grid, model.tokenSize);
    return { mode: "inpaint", image, mask, strength: form.strength.inpaint };
  }

  private fit(file: Blob, size: Size): Promise<Picture> {
    return this.client.call("fit", [file, size]);
  }

  /** The margins of the chosen sides, in whole tokens. */
  margins(): Margins {
    const { form, model } = this.state;
    const token = model?.tokenSize ?? 4;
    const across = (side: number) => Math.max(1, Math.round((side * form.margin) / token)) * token;
    const of = (side: Side, length: number) => (form.sides.includes(side) ? across(length) : 0);
    const [width, height] = this.size;
    return { left: of("left", width), top: of("top", height), right: of("right", width), bottom: of("bottom", height) };
  }

  // Pictures.

  /** Takes a file as the picture to start from. */
  setSource(file: Blob): void {
    this.update({
      source: { file, url: URL.createObjectURL(file) },
      painted: this.blank(),
      editing: true,
      notice: null,
    });
  }

  /** Takes a dropped or chosen file: a picture of ours fills in its settings, any other is one to start from. */
  async take(file: File): Promise<void> {
    const settings = await settingsOf(file);
    if (settings) {
      const shown = { name: null, png: file, url: URL.createObjectURL(file), settings };
      this.update({ shown });
      this.reuse(settings);
      return;
    }
    this.setSource(file);
    if (this.state.form.mode === "text") this.fill({ mode: "image" });
  }

  /** Fills in the settings of a picture. */
  reuse(settings: PictureSettings): void {
    const { sizes } = this.state.model ?? { sizes: [] };
    const size = sizes.find(([width, height]) => width === settings.size[1] && height === settings.size[0]) ?? null;
    this.fill({
      prompt: settings.prompt,
      negative: settings.negative_prompt,
      seed: String(settings.seed),
      steps: settings.steps,
      guidance: settings.guidance,
      guided: [settings.guidance_from ?? 0, settings.guidance_until ?? 1],
      size,
      mode: settings.mode === "text" || this.state.source ? settings.mode : "text",
      strength: { ...this.state.form.strength, ...(settings.strength && { [settings.mode]: settings.strength }) },
    });
    this.update({ editing: false, notice: { kind: "info", line: words.readingSettings } });
  }

  show(shown: Shown): void {
    this.update({ shown, editing: false, notice: null });
  }

  async deletePicture(shown: Shown): Promise<void> {
    const history = this.state.history.filter((entry) => entry !== shown);
    this.update({ history, shown: this.state.shown === shown ? (history[0] ?? null) : this.state.shown });
    if (shown.name) await this.attempt(() => this.client.call("deletePicture", [shown.name!]));
  }

  private async loadHistory(): Promise<void> {
    await this.attempt(async () => {
      const kept = await this.client.call("pictures", []);
      const history = await Promise.all(
        kept.map(async ({ name, png }) => ({
          name,
          png,
          url: URL.createObjectURL(png),
          settings: await settingsOf(png),
        })),
      );
      this.update({ history, shown: history[0] ?? null });
    });
  }

  private blank(): boolean[] {
    return new Array<boolean>(this.grid[0] * this.grid[1]).fill(false);
  }

  // Failures.

  private async attempt<T>(run: () => Promise<T>): Promise<T | null> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof Cancelled) this.update({ notice: { kind: "info", line: words.stopped } });
      else if (error instanceof UserError) this.fail(words.faults[error.fault.kind], error.message);
      else if (error instanceof WorkerError) this.fail(words.crashed, error.message);
      else throw error;
      return null;
    }
  }

  private fail(line: string, detail?: string): void {
    this.update({ notice: { kind: "error", line, ...(detail && { detail }) } });
  }

  /** After the worker was ended: opens the model again. One that cannot be opened is not tried twice. */
  private async reopen(): Promise<void> {
    const { model } = this.state;
    if (model === null) return;
    this.update({ model: null });
    this.update({ model: await this.opened(model.id) });
  }
}

/** The object URLs of the pictures in a state. */
function urlsOf({ source, shown, history }: State): Set<string> {
  return new Set([source, shown, ...history].flatMap((picture) => picture?.url ?? []));
}

/** The seed that was typed, a random one for nothing, null for what is none. */
function seedOf(text: string): bigint | null {
  const typed = text.trim();
  // 32 random bits: short enough to read aloud.
  if (typed === "") return BigInt(crypto.getRandomValues(new Uint32Array(1))[0]!);
  return /^[0-9]{1,20}$/.test(typed) && BigInt(typed) < 1n << 64n ? BigInt(typed) : null;
}

async function exists(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { method: "HEAD", cache: "no-store" });
    return response.ok && (response.headers.get("Content-Type") ?? "").includes("json");
  } catch {
    return false; // offline
  }
}
