// A web server for one test: the page, and bundles that arrive damaged or in part.

import { createReadStream, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const repository = join(import.meta.dirname, "../../..");

/** The folder that each address begins with. */
const FOLDERS: Record<string, string> = {
  "/bundle/": join(repository, "build/phones/android/"),
  "/fp32/": join(repository, "build/phones/fp32/"),
  "/": join(repository, "build/web/"),
};
const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

export interface Served {
  address: string;
  /** The ranges that were asked for, by path. */
  ranges: Map<string, string[]>;
  /** Ends the connection after that many bytes of a path. */
  cut: Map<string, number>;
  /** Gets, when a path is asked for, what lets the server answer. */
  held: Map<string, (answer: () => void) => void>;
  /** Another content for a path. */
  replaced: Map<string, Buffer>;
  close(): Promise<void>;
}

/** `isolated`: with the headers that threads need. */
export async function serve(isolated = true): Promise<Served> {
  const served = { ranges: new Map(), cut: new Map(), held: new Map(), replaced: new Map() } as Served;
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://x").pathname);
    const hold = served.held.get(path);
    if (hold) await new Promise<void>(hold);
    const [prefix, folder] = Object.entries(FOLDERS).find(([start]) => path.startsWith(start))!;
    const file = join(folder, path.slice(prefix.length) || "index.html");
    const other = served.replaced.get(path);
    let size: number;
    try {
      size = other?.length ?? statSync(file).size;
    } catch {
      response.writeHead(404).end();
      return;
    }
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const from = Number(range?.[1] ?? 0);
    if (range) served.ranges.set(path, [...(served.ranges.get(path) ?? []), request.headers.range!]);
    response.writeHead(range ? 206 : 200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Content-Length": size - from,
      ...(range && { "Content-Range": `bytes ${from}-${size - 1}/${size}` }),
      ...(isolated && { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }),
    });
    if (request.method === "HEAD") {
      response.end();
    } else if (other) {
      response.end(other.subarray(from));
    } else {
      const end = served.cut.get(path);
      if (end === undefined) createReadStream(file, { start: from }).pipe(response);
      else
        createReadStream(file, { start: from, end: end - 1 })
          .on("data", (data) => response.write(data))
          .on("end", () => response.destroy());
    }
  });
  await listening(server);
  served.address = `http://localhost:${(server.address() as AddressInfo).port}/`;
  served.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return served;
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}
