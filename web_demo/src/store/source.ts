// Where a bundle comes from: a folder on a web server, or one of this device.

import { StoreError } from "../core/errors";

/** A file from byte `from` on. A server may ignore the byte that was asked for and send the whole file. */
export interface Opened {
  from: number;
  stream: ReadableStream<Uint8Array>;
}

export interface Source {
  /** Throws StoreError. Ends the transfer once `signal` is aborted. */
  open(path: string, from: number, signal: AbortSignal): Promise<Opened>;
}

/** A bundle's folder on a web server: its address with a file's path after it. */
export class HttpSource implements Source {
  private readonly base: string;

  constructor(readonly address: string) {
    if (!URL.canParse(address) || !/^https?:/i.test(address)) {
      throw new StoreError(`${address} is not a web address: give one that begins with https://`, notFound(address));
    }
    const url = new URL(address);
    url.hash = url.search = "";
    this.base = url.href.replace(/\/*$/, "/");
  }

  async open(path: string, from: number, signal: AbortSignal): Promise<Opened> {
    const url = this.base + path.split("/").map(encodeURIComponent).join("/");
    const headers: HeadersInit = from > 0 ? { Range: `bytes=${from}-` } : {};
    let response: Response;
    try {
      response = await fetch(url, { headers, signal, cache: "no-store", credentials: "omit" });
    } catch (error) {
      signal.throwIfAborted();
      throw dropped(path, error);
    }
    if (response.status === 404 || response.status === 410) {
      throw new StoreError(`there is no ${path} at ${this.address}: check the address`, notFound(path));
    }
    if (response.status === 416) {
      throw new StoreError(`the server's ${path} is shorter than the manifest says: the bundle there is damaged`, {
        kind: "anotherFile",
        file: path,
      });
    }
    if (!response.ok || response.body === null) throw dropped(path, `the server answered ${response.status}`);
    return { from: response.status === 206 ? begin(response, path, from) : 0, stream: response.body };
  }
}

/** A folder that a person chose: files by their path in it. */
export class FolderSource implements Source {
  private readonly files: ReadonlyMap<string, File>;

  constructor(files: readonly File[]) {
    // The first part is the folder's own name.
    this.files = new Map(files.map((file) => [file.webkitRelativePath.split("/").slice(1).join("/"), file]));
  }

  async open(path: string, from: number): Promise<Opened> {
    const file = this.files.get(path);
    if (!file)
      throw new StoreError(`the folder has no ${path}: choose the one that holds manifest.json`, notFound(path));
    return { from, stream: file.slice(from).stream() };
  }
}

/** The connection ended in a file. */
export function dropped(path: string, reason: unknown): StoreError {
  const words = reason instanceof Error ? reason.message : String(reason);
  return new StoreError(`the connection was lost in ${path} (${words}): try again, what arrived is kept`, {
    kind: "connection",
    file: path,
    reason: words,
  });
}

function begin(response: Response, path: string, asked: number): number {
  // A server of another origin may hide the header; the file's hash is checked in any case.
  const range = response.headers.get("Content-Range");
  const from = range === null ? asked : Number(/^bytes (\d+)-/.exec(range)?.[1] ?? NaN);
  if (from !== asked) throw dropped(path, `the server sent another part of the file: ${range}`);
  return from;
}

function notFound(file: string) {
  return { kind: "notFound", file } as const;
}
