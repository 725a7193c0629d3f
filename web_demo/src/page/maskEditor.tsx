import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";
import { brushed } from "./mask";
import type { Props } from "./props";
import { words } from "./words";

type Point = readonly [x: number, y: number]; // in tokens

/** Paints tokens over the picture to start from, with a finger, the mouse or the keyboard. */
export function MaskEditor({ studio, state }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [erasing, setErasing] = useState(false);
  const [radius, setRadius] = useState(0.08); // share of the longer side
  const [cursor, setCursor] = useState<Point | null>(null);
  const [undone, setUndone] = useState<ReadonlyArray<readonly boolean[]>>([]);
  const last = useRef<Point | null>(null);
  const grid = studio.grid;
  const reach = Math.max(0.6, radius * Math.max(...grid));

  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const color = getComputedStyle(canvas.current!).getPropertyValue("--mask");
    context.clearRect(0, 0, ...grid);
    context.fillStyle = color;
    state.painted.forEach((on, at) => on && context.fillRect(at % grid[0], Math.floor(at / grid[0]), 1, 1));
  }, [state.painted, grid[0], grid[1]]);

  const set = (painted: readonly boolean[]) => studio.update({ painted, notice: null });
  const keep = () => setUndone((before) => [...before.slice(-30), state.painted]);
  const stroke = (from: Point, to: Point, on: boolean) => {
    const painted = [...studio.state.painted];
    for (const at of brushed(grid, from, to, reach)) painted[at] = on;
    set(painted);
  };
  const point = (event: PointerEvent): Point => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * grid[0], ((event.clientY - box.top) / box.height) * grid[1]];
  };
  const keys = (event: KeyboardEvent) => {
    const step = (
      { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as Record<string, Point>
    )[event.key];
    const here = cursor ?? [grid[0] / 2, grid[1] / 2];
    if (step) {
      const to = [0, 1].map((axis) => Math.min(Math.max(here[axis]! + step[axis]!, 0.5), grid[axis]! - 0.5));
      setCursor([to[0]!, to[1]!]);
    } else if (event.key === " " || event.key === "Delete") {
      keep();
      stroke(here, here, event.key === " ");
      setCursor(here);
    } else return;
    event.preventDefault();
  };

  return (
    <>
      <canvas
        ref={canvas}
        class="mask"
        width={grid[0]}
        height={grid[1]}
        tabIndex={0}
        role="application"
        aria-label={words.maskHelp}
        onKeyDown={keys}
        onBlur={() => setCursor(null)}
        onPointerDown={(event) => {
          canvas.current!.setPointerCapture(event.pointerId);
          keep();
          last.current = point(event);
          stroke(last.current, last.current, !erasing);
        }}
        onPointerMove={(event) => {
          if (!last.current) return;
          const to = point(event);
          stroke(last.current, to, !erasing);
          last.current = to;
        }}
        onPointerUp={() => (last.current = null)}
        onPointerCancel={() => (last.current = null)}
      />
      {cursor && (
        <span
          class="cursor"
          style={{
            left: `${(100 * cursor[0]) / grid[0]}%`,
            top: `${(100 * cursor[1]) / grid[1]}%`,
            width: `${(200 * reach) / grid[0]}%`,
          }}
        />
      )}
      <div class="masktools">
        <button
          class="tool"
          aria-pressed={!erasing}
          title={words.brush}
          aria-label={words.brush}
          onClick={() => setErasing(false)}
        >
          <Icon name="inpaint" />
        </button>
        <button
          class="tool"
          aria-pressed={erasing}
          title={words.eraser}
          aria-label={words.eraser}
          onClick={() => setErasing(true)}
        >
          <Icon name="eraser" />
        </button>
        <input
          type="range"
          aria-label={words.brushSize}
          min={0.03}
          max={0.25}
          step={0.01}
          value={radius}
          onInput={(event) => setRadius(event.currentTarget.valueAsNumber)}
        />
        <button
          class="tool"
          title={words.undo}
          aria-label={words.undo}
          disabled={undone.length === 0}
          onClick={() => {
            set(undone.at(-1)!);
            setUndone(undone.slice(0, -1));
          }}
        >
          <Icon name="undo" />
        </button>
        <button
          class="tool word"
          onClick={() => {
            keep();
            const on = !state.painted.every(Boolean);
            set(state.painted.map(() => on));
          }}
        >
          {state.painted.every(Boolean) ? words.clear : words.everything}
        </button>
      </div>
    </>
  );
}
