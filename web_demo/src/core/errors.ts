/** The kind of an error and its values, so that a page can say it in another language. Sizes are in bytes. */
export type Fault =
  | { kind: "noBundle" } // there is no manifest, or it is not one of a bundle
  | { kind: "newerBundle"; version: string }
  | { kind: "coreMlBundle" }
  | { kind: "unusableBundle" } // it contradicts itself; only the message says how
  | { kind: "missingFile"; file: string }
  | { kind: "truncatedFile"; file: string; size: number; wanted: number }
  | { kind: "changedFile"; file: string }
  | { kind: "tooLittleMemory"; needed: number; available: number }
  | { kind: "emptyMask" }
  | { kind: "textOnly" } // the bundle has no image encoder
  | { kind: "wrongValue" } // out of range or of the wrong size; only the message says which
  | { kind: "engineFailed" }
  | { kind: "connection"; file: string; reason: string }
  | { kind: "notFound"; file: string }
  | { kind: "anotherFile"; file: string } // not the file that the manifest lists
  | { kind: "noSpace"; lacking: number | null } // null: the browser does not say how much
  | { kind: "unreadablePicture" };

const LONGEST_MESSAGE = 1000; // characters

/** One line without characters that steer a terminal, because a bundle may hold any. */
export function printable(message: string): string {
  return message
    .slice(0, LONGEST_MESSAGE)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (text) => `\\u${text.codePointAt(0)!.toString(16).padStart(4, "0")}`);
}

/** An error a person can act on: one line that names the file or value and the way out. */
export class UserError extends Error {
  readonly fault: Fault;

  constructor(message: string, fault: Fault) {
    super(printable(message));
    this.fault = fault;
  }
}

/** The bundle is missing, damaged, newer than this runtime, or contradicts itself. */
export class BundleError extends UserError {
  constructor(message: string, fault: Fault = { kind: "unusableBundle" }) {
    super(message, fault);
  }
}

/** The request cannot be drawn: a value out of range, an image of the wrong size. */
export class RequestError extends UserError {
  constructor(message: string, fault: Fault = { kind: "wrongValue" }) {
    super(message, fault);
  }
}

/** The engine cannot open or run a graph. */
export class EngineError extends UserError {
  constructor(message: string) {
    super(message, { kind: "engineFailed" });
  }
}

/** A model could not be fetched or kept. */
export class StoreError extends UserError {}

/** The caller stopped the drawing. */
export class Cancelled extends Error {}
