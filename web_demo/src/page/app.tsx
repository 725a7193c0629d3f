import { useEffect, useRef, useState } from "preact/hooks";
import { Composer } from "./composer";
import { History } from "./history";
import { Icon } from "./icons";
import { Models } from "./models";
import type { Props } from "./props";
import { Stage } from "./stage";
import { words } from "./words";

export function App({ studio, state }: Props) {
  const models = useRef<HTMLDialogElement>(null);
  const dropping = useDrop((file) => void studio.take(file));
  return (
    <div class="app">
      <header>
        <h1>{words.title}</h1>
        <p class="tagline">{words.tagline}</p>
        <button class="quiet" onClick={() => models.current?.showModal()}>
          <Icon name="model" />
          <span class="label">{state.model?.name ?? words.models}</span>
        </button>
      </header>
      <main>
        <Stage studio={studio} state={state} />
        <Composer studio={studio} state={state} />
        <History studio={studio} state={state} />
      </main>
      <Models studio={studio} state={state} dialog={models} />
      {dropping && <div class="drop">{words.drop}</div>}
    </div>
  );
}

/** Takes the first file that is dropped anywhere, and tells whether one is above the page. */
function useDrop(take: (file: File) => void): boolean {
  const [above, setAbove] = useState(false);
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setAbove(true);
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setAbove(false);
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setAbove(false);
      const file = event.dataTransfer?.files[0];
      if (file) latest.current(file);
    };
    window.addEventListener("dragover", over);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", over);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, []);
  return above;
}
