// Line icons on a grid of 24, drawn for this page.

const PATHS = {
  text: "M5 6V5h14v1M12 5v14M9 19h6",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  inpaint: "M20 4c-4 1-9 6-10 9l1 1c3-1 8-6 9-10zM9 14c-2 0-3 1-3 3 0 1-1 2-2 2 3 2 7 1 7-3z",
  outpaint: "M8 8h8v8H8zM4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  save: "M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14",
  share: "M12 15V4M8 7.5 12 3.5l4 4M7 11H5v9h14v-9h-2",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13",
  reuse: "M4 7h10M18 7h2M4 17h2M10 17h10M16 4.5v5M8 14.5v5",
  model: "M12 3.5 20 8v8l-8 4.5L4 16V8zM4 8l8 4.5L20 8M12 12.5v8",
  dice: "M5 5h14v14H5zM9 9h.01M15 15h.01M12 12h.01",
  undo: "M8 5 4 9l4 4M4 9h10a5 5 0 0 1 0 10h-3",
  eraser: "M10 19 4.5 13.5 13 5l6 6-8 8zM9 9l6 6M10 19h9",
  close: "M6 6l12 12M18 6 6 18",
  picture: "M4 5h10M4 5v14h16v-9M4 16l5-5 4 4 3-3 4 4M18 3v6M15 6h6",
  more: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
