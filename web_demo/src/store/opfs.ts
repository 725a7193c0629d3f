// The origin private file system. Only sync access handles write in every browser that has one, and they exist in workers
// alone.

type Folder = FileSystemDirectoryHandle;

/** The folder at a path from the root; created unless it is there. */
export async function folder(...names: string[]): Promise<Folder> {
  let found = await navigator.storage.getDirectory();
  for (const name of names) found = await found.getDirectoryHandle(name, { create: true });
  return found;
}

/** The file at a path with forward slashes, as it is now; null if there is none. */
export async function read(root: Folder, path: string): Promise<File | null> {
  try {
    return await (await handle(root, path, false)).getFile();
  } catch (error) {
    if (error instanceof DOMException && (error.name === "NotFoundError" || error.name === "TypeMismatchError"))
      return null;
    throw error;
  }
}

/** Opens a file for writing, with its folders; created unless it is there. */
export async function writer(root: Folder, path: string): Promise<FileSystemSyncAccessHandle> {
  return (await handle(root, path, true)).createSyncAccessHandle();
}

/** Writes a whole file. */
export async function write(root: Folder, path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const file = await writer(root, path);
  try {
    file.truncate(0);
    put(file, bytes, 0);
  } finally {
    file.close();
  }
}

/** Writes bytes at a place. Throws QuotaExceededError: Chromium 156 returns 4294967288 instead, its error -8 unsigned. */
export function put(file: FileSystemSyncAccessHandle, bytes: Uint8Array<ArrayBuffer>, at: number): void {
  if (file.write(bytes, { at }) !== bytes.length) throw new DOMException("the storage is full", "QuotaExceededError");
}

/** Removes a file or a folder with what is in it, if it is there. */
export async function remove(root: Folder, name: string): Promise<void> {
  try {
    await root.removeEntry(name, { recursive: true });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
  }
}

/** The names in a folder, in order. */
export async function names(root: Folder): Promise<string[]> {
  const found: string[] = [];
  for await (const name of root.keys()) found.push(name);
  return found.sort();
}

async function handle(root: Folder, path: string, create: boolean): Promise<FileSystemFileHandle> {
  const parts = path.split("/");
  const name = parts.pop()!;
  let parent = root;
  for (const part of parts) parent = await parent.getDirectoryHandle(part, { create });
  return parent.getFileHandle(name, { create });
}
