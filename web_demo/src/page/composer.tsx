// What a person says and chooses: the prompt, where to start from, and settings folded away.

import { useRef } from "preact/hooks";
import { MAX_GUIDANCE } from "../core/manifest";
import type { Mode } from "../png";
import { Icon } from "./icons";
import type { Props } from "./props";
import type { Form, Side } from "./studio";
import { decimal, suggestions, words } from "./words";

const MODES: readonly Mode[] = ["text", "image", "inpaint", "outpaint"];
const SIDES: readonly Side[] = ["left", "top", "right", "bottom"];
const MOST_STEPS = 64; // of the slider; the runtime allows 1000

export function Composer({ studio, state }: Props) {
  const { form, model, drawing } = state;
  const modes = MODES.filter((mode) => mode === "text" || model?.edits !== false);
  const strong = form.mode === "image" || form.mode === "inpaint" ? form.mode : null;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void studio.draw();
      }}
    >
      <div class="say">
        <label class="sr" for="prompt">
          {words.prompt}
        </label>
        <textarea
          id="prompt"
          rows={2}
          placeholder={words.promptHint}
          value={form.prompt}
          enterkeyhint="go"
          onInput={(event) => studio.fill({ prompt: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void studio.draw();
          }}
        />
        {drawing ? (
          <button type="button" class="draw stop" onClick={() => studio.stop()}>
            {words.stop}
          </button>
        ) : (
          <button type="submit" class="draw" disabled={!model}>
            {words.draw}
          </button>
        )}
      </div>

      <ul class="suggestions" aria-label={words.suggestions} tabIndex={0}>
        {suggestions(model?.name).map((prompt) => (
          <li key={prompt}>
            <button type="button" lang="en" onClick={() => studio.fill({ prompt })}>
              {prompt}
            </button>
          </li>
        ))}
      </ul>

      <fieldset class="modes">
        <legend class="sr">{words.mode}</legend>
        {modes.map((mode) => (
          <label key={mode}>
            <input type="radio" name="mode" checked={form.mode === mode} onChange={() => studio.fill({ mode })} />
            <Icon name={mode} />
            <span>{words[mode]}</span>
          </label>
        ))}
      </fieldset>

      {form.mode !== "text" && <SourceRow studio={studio} state={state} />}
      {strong && (
        <Slider
          label={words.strength}
          value={form.strength[strong]}
          min={0.05}
          max={1}
          step={0.05}
          shown={`${Math.round(form.strength[strong] * 100)} %`}
          onInput={(share) => studio.fill({ strength: { ...form.strength, [strong]: share } })}
        />
      )}
      {form.mode === "outpaint" && <SidesRow studio={studio} state={state} />}

      <details class="settings">
        <summary>{words.settings}</summary>
        <label class="field">
          <span>{words.negative}</span>
          <input
            type="text"
            value={form.negative}
            onInput={(event) => studio.fill({ negative: event.currentTarget.value })}
          />
        </label>
        <div class="field">
          <label for="seed">{words.seed}</label>
          <div class="seed">
            <input
              id="seed"
              type="text"
              inputMode="numeric"
              autocomplete="off"
              placeholder={words.random}
              aria-describedby="seedhelp"
              value={form.seed}
              onInput={(event) => studio.fill({ seed: event.currentTarget.value })}
            />
            <button
              type="button"
              class="tool"
              title={words.random}
              aria-label={words.random}
              onClick={() => studio.fill({ seed: "" })}
            >
              <Icon name="dice" />
            </button>
          </div>
          <small id="seedhelp">{words.seedHelp}</small>
        </div>
        <Slider
          label={words.steps}
          value={form.steps ?? model?.steps ?? 16}
          min={1}
          max={Math.max(MOST_STEPS, form.steps ?? 0, model?.steps ?? 0)}
          step={1}
          onInput={(steps) => studio.fill({ steps })}
        />
        <Slider
          label={words.guidance}
          value={form.guidance ?? model?.guidance ?? 2}
          min={0}
          max={Math.min(MAX_GUIDANCE, Math.max(15, form.guidance ?? 0, model?.guidance ?? 0))}
          step={0.5}
          shown={decimal(form.guidance ?? model?.guidance ?? 2, 1) + intervalOf(form.guided)}
          onInput={(guidance) => studio.fill({ guidance, guided: [0, 1] })}
        />
        {model && model.sizes.length > 1 && (
          <label class="field">
            <span>{words.size}</span>
            <select
              value={studio.size.join("x")}
              onChange={(event) => studio.fill({ size: model.sizes[event.currentTarget.selectedIndex]! })}
            >
              {model.sizes.map(([width, height]) => (
                <option key={`${width}x${height}`} value={`${width}x${height}`}>
                  {width} × {height}
                </option>
              ))}
            </select>
          </label>
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={form.previews}
            onChange={(event) => studio.fill({ previews: event.currentTarget.checked })}
          />
          <span>{words.previews}</span>
        </label>
      </details>
    </form>
  );
}

function SourceRow({ studio, state }: Props) {
  const { source, shown, form, editing } = state;
  const file = useRef<HTMLInputElement>(null);
  return (
    <div class="source">
      {source && (
        <button
          type="button"
          class="thumb"
          aria-label={words.source}
          aria-pressed={editing}
          onClick={() => studio.update({ editing: true })}
        >
          <img src={source.url} alt="" />
        </button>
      )}
      <div>
        <p>{source ? form.mode !== "text" && words.modeHints[form.mode] : words.needsPicture}</p>
        <div class="row">
          <button type="button" class="quiet" onClick={() => file.current?.click()}>
            <Icon name="picture" />
            {words.choosePicture}
          </button>
          {shown && !editing && (
            <button type="button" class="quiet" onClick={() => studio.setSource(shown.png)}>
              <Icon name="edit" />
              {words.useShown}
            </button>
          )}
        </div>
        <input
          ref={file}
          class="sr"
          type="file"
          accept="image/*"
          tabIndex={-1}
          aria-label={words.choosePicture}
          onChange={(event) => {
            const chosen = event.currentTarget.files?.[0];
            if (chosen) studio.setSource(chosen);
            event.currentTarget.value = "";
          }}
        />
      </div>
    </div>
  );
}

function SidesRow({ studio, state: { form } }: Props) {
  const toggle = (side: Side) =>
    studio.fill({
      sides: form.sides.includes(side) ? form.sides.filter((other) => other !== side) : [...form.sides, side],
    });
  return (
    <>
      <fieldset class="sides">
        <legend class="sr">{words.sides}</legend>
        {SIDES.map((side) => (
          <label key={side}>
            <input type="checkbox" checked={form.sides.includes(side)} onChange={() => toggle(side)} />
            <span>{words[side]}</span>
          </label>
        ))}
      </fieldset>
      <Slider
        label={words.margin}
        value={form.margin}
        min={0.05}
        max={0.4}
        step={0.05}
        shown={`${Math.round(form.margin * 100)} %`}
        onInput={(margin) => studio.fill({ margin })}
      />
    </>
  );
}

/** The shares of the steps that are guided, if not all are. */
function intervalOf([from, until]: Form["guided"]): string {
  const percent = (share: number) => Math.round(share * 100);
  return from === 0 && until === 1 ? "" : ` (${percent(from)} – ${percent(until)} %)`;
}

interface SliderProps {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  shown?: string;
  onInput: (value: number) => void;
}

function Slider({ label, value, min, max, step, shown, onInput }: SliderProps) {
  return (
    <label class="field slider">
      <span>{label}</span>
      <span class="value" aria-hidden="true">
        {shown ?? value}
      </span>
      <input
        type="range"
        aria-valuetext={shown}
        {...{ min, max, step, value }}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}
