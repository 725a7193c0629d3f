// The picture, first and large: finished, unfinished, or the one to start from with its mask or frame.

import { useEffect, useRef } from "preact/hooks";
import type { Size } from "../core/manifest";
import type { Margins } from "../core/pictures";
import type { Preview } from "../core/preview";
import { Icon } from "./icons";
import { MaskEditor } from "./maskEditor";
import { imageData } from "./pixels";
import type { Props } from "./props";
import type { Shown } from "./studio";
import { words } from "./words";

export function Stage({ studio, state }: Props) {
  const { shown, source, form, drawing, preview, fetching, notice } = state;
  const size = studio.size;
  const editing = state.editing && source !== null && !preview;
  const painting = editing && form.mode === "inpaint" && !drawing;
  const work = drawing ?? fetching;
  const section = useRef<HTMLElement>(null);
  // On a phone the tools may have scrolled the picture away.
  useEffect(() => {
    if (editing || drawing) section.current?.scrollIntoView({ block: "nearest" });
  }, [editing, drawing !== null]);
  return (
    <section ref={section} class="stage" style={{ "--shape": size[0] / size[1] }}>
      <div class={`frame${drawing ? " busy" : ""}`}>
        {editing && form.mode === "outpaint" ? (
          <Extended url={source.url} margins={studio.margins()} size={size} />
        ) : editing ? (
          <img class="picture cover" src={source.url} alt={words.source} />
        ) : preview ? (
          <Pixels preview={preview} />
        ) : shown ? (
          <img
            class="picture"
            src={shown.url}
            alt={shown.settings ? words.pictureOf(shown.settings.prompt) : words.title}
          />
        ) : (
          <p class="empty">{words.empty}</p>
        )}
        {painting && <MaskEditor studio={studio} state={state} />}
        {work && (
          <div class="progress">
            <progress aria-label={work.line} {...(work.share !== null && { value: work.share })} max={1} />
          </div>
        )}
      </div>
      <div class={`below${painting ? " painting" : ""}`}>
        <p class={`status ${notice?.kind ?? ""}`} role={notice?.kind === "error" ? "alert" : "status"}>
          {/* While a mask is painted its tools lie here, and only an error matters. */}
          {work ? work.line : (!painting || notice?.kind === "error") && notice?.line}
          {!work && notice?.detail && <small>{words.detail(notice.detail)}</small>}
        </p>
        {!editing && !drawing && shown && <Actions studio={studio} state={state} shown={shown} />}
      </div>
    </section>
  );
}

function Actions({ studio, state, shown }: Props & { shown: Shown }) {
  const file = new File([shown.png], fileName(shown), { type: "image/png" });
  const shares = navigator.canShare?.({ files: [file] }) ?? false;
  const settings = shown.settings;
  return (
    <div class="actions">
      <a class="tool" href={shown.url} download={file.name} title={words.save} aria-label={words.save}>
        <Icon name="save" />
      </a>
      {shares && (
        // A person who closes the sheet rejects the promise.
        <button
          class="tool"
          title={words.share}
          aria-label={words.share}
          onClick={() => void navigator.share({ files: [file] }).catch(() => {})}
        >
          <Icon name="share" />
        </button>
      )}
      {settings && state.model && (
        <button class="tool" title={words.more} aria-label={words.more} onClick={() => void studio.more()}>
          <Icon name="more" />
        </button>
      )}
      {settings && (
        <button class="tool" title={words.reuse} aria-label={words.reuse} onClick={() => studio.reuse(settings)}>
          <Icon name="reuse" />
        </button>
      )}
      <button
        class="tool"
        title={words.delete}
        aria-label={words.delete}
        onClick={() => confirm(words.deletePicture) && void studio.deletePicture(shown)}
      >
        <Icon name="trash" />
      </button>
    </div>
  );
}

function fileName({ settings, name }: Shown): string {
  const prompt = settings?.prompt.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) ?? name ?? "picture";
  return settings ? `${prompt}-${settings.seed}.png` : `${prompt}.png`;
}

function Pixels({ preview: { rgb, size } }: { preview: Preview }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => canvas.current?.getContext("2d")?.putImageData(imageData(rgb, size), 0, 0), [rgb, size]);
  return (
    <canvas
      class="picture preview"
      ref={canvas}
      width={size[0]}
      height={size[1]}
      role="img"
      aria-label={words.unfinished}
    />
  );
}

function Extended({ url, margins, size: [width, height] }: { url: string; margins: Margins; size: Size }) {
  const share = (pixels: number, side: number) => `${(100 * pixels) / side}%`;
  const inset = {
    left: share(margins.left, width),
    right: share(margins.right, width),
    top: share(margins.top, height),
    bottom: share(margins.bottom, height),
    width: share(width - margins.left - margins.right, width),
    height: share(height - margins.top - margins.bottom, height),
  };
  return (
    <div class="extended">
      <img class="cover" src={url} alt={words.source} style={inset} />
    </div>
  );
}
