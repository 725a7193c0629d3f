// The pictures of this browser: PNG files, which hold the settings that made them, named by the time.

import { folder, names, read, remove, write } from "./opfs";

const ROOT = "pictures";

/** A kept picture. */
export interface Kept {
  name: string;
  png: Blob;
}

/** The newest first. */
export async function pictures(): Promise<Kept[]> {
  const root = await folder(ROOT);
  const found: Kept[] = [];
  for (const name of (await names(root)).reverse()) {
    const file = await read(root, name);
    if (file && file.size > 0) found.push({ name, png: file.slice(0, file.size, "image/png") });
  }
  return found;
}

/** Keeps a picture and returns its name. */
export async function keep(png: Blob): Promise<string> {
  const name = `${new Date().toISOString().replace(/[:.]/g, "-")}.png`;
  await write(await folder(ROOT), name, new Uint8Array(await png.arrayBuffer()));
  return name;
}

export async function deletePicture(name: string): Promise<void> {
  await remove(await folder(ROOT), name);
}
