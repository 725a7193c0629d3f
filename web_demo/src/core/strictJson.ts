// JSON of a bundle, which anyone may have written. JSON.parse forgets whether a number was whole ("4" or "4.0") and rounds
// those above 2^53, accepts lone surrogates, and every language must accept the same manifests.

/** A whole number is a bigint, one with a fraction or an exponent a number. Objects have no prototype. */
export type Json = null | boolean | string | bigint | number | Json[] | { [key: string]: Json };

const MAX_DEPTH = 32; // levels of nested objects and arrays
const MAX_DIGITS = 4300; // of a whole number, as in Python
const NUMBER = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\r\n]*/y;

/** The JSON in UTF-8 `bytes`. Throws SyntaxError for what RFC 8259, the depth or finite numbers exclude. */
export function strictJson(bytes: Uint8Array): Json {
  return new Parser(utf8(bytes)).parse();
}

/** The text. Throws SyntaxError if the bytes are not UTF-8. */
export function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError("it is not UTF-8");
  }
}

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  parse(): Json {
    const value = this.value(0);
    if (this.at < this.text.length) this.refuse();
    return value;
  }

  private value(level: number): Json {
    if (level >= MAX_DEPTH) throw new SyntaxError(`nested deeper than ${MAX_DEPTH} levels`);
    this.take(SPACE);
    const value = this.bare(level);
    this.take(SPACE);
    return value;
  }

  private bare(level: number): Json {
    switch (this.text[this.at]) {
      case "{": {
        const made = Object.create(null) as { [key: string]: Json };
        this.sequence("}", () => {
          this.take(SPACE);
          const key = this.string();
          this.take(SPACE);
          this.character(":");
          made[key] = this.value(level + 1);
        });
        return made;
      }
      case "[": {
        const made: Json[] = [];
        this.sequence("]", () => made.push(this.value(level + 1)));
        return made;
      }
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  private sequence(end: string, entry: () => void): void {
    this.at++;
    this.take(SPACE);
    if (this.text[this.at] !== end) {
      entry();
      while (this.text[this.at] === ",") {
        this.at++;
        entry();
      }
    }
    this.character(end);
  }

  private string(): string {
    const begin = this.at;
    const value = JSON.parse(this.take(STRING)) as string;
    // With the flag u, a surrogate that has its partner is no longer one.
    if (/\p{Surrogate}/u.test(value)) this.refuse(begin);
    return value;
  }

  private number(): bigint | number {
    const text = this.take(NUMBER);
    if (/^-?[0-9]+$/.test(text)) {
      if (text.replace("-", "").length > MAX_DIGITS) {
        throw new SyntaxError(`a number has more than ${MAX_DIGITS} digits`);
      }
      return BigInt(text);
    }
    const value = Number(text);
    if (!Number.isFinite(value)) throw new SyntaxError("a number is not finite");
    return value;
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.refuse();
    this.at += word.length;
    return value;
  }

  private character(character: string): void {
    if (this.text[this.at] !== character) this.refuse();
    this.at++;
  }

  /** The text that the sticky pattern matches here. */
  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? this.refuse();
    this.at += found.length;
    return found;
  }

  private refuse(at = this.at): never {
    throw new SyntaxError(`unexpected text at character ${at}`);
  }
}
