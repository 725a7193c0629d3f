// The kind, the lower case and the composed form (NFC) of code points.
//
// A browser's own tables are as old as the browser, its white space is another ("\u0085" is none, "\ufeff" is some), and its
// lower case ends a Greek word with a final sigma. runtime/unicode.txt holds the tables of the published tokenizer's
// library and ships with every runtime.

import table from "../../../runtime/unicode.txt?raw";

export type Kind = "letter" | "number" | "space" | "other";

// Hangul syllables compose by arithmetic (Unicode Standard, section 3.12).
const SYLLABLE = 0xac00;
const LEAD = 0x1100;
const VOWEL = 0x1161;
const TAIL = 0x11a7;
const VOWELS = 21;
const TAILS = 28;
const SYLLABLES = 11172;

const KINDS = { L: "letter", N: "number", S: "space" } as const;

class Characters {
  private readonly ranges: Array<[first: number, last: number, kind: Kind]> = [];
  private readonly lowerOf = new Map<string, string>();
  private readonly classOf = new Map<number, number>();
  private readonly partsOf = new Map<number, number[]>();
  private readonly compositeOf = new Map<string, number>();

  constructor(lines: string[]) {
    for (const line of lines) {
      const [name, ...fields] = line.split(" ");
      const codes = fields.map((field) => parseInt(field, 16));
      if (name === "L" || name === "N" || name === "S") {
        this.ranges.push([codes[0]!, codes[1]!, KINDS[name]]);
      } else if (name === "l") {
        this.lowerOf.set(String.fromCodePoint(codes[0]!), String.fromCodePoint(...codes.slice(1)));
      } else if (name === "c") {
        for (let code = codes[0]!; code <= codes[1]!; code++) this.classOf.set(code, codes[2]!);
      } else if (name === "d") {
        this.partsOf.set(codes[0]!, codes.slice(1));
      } else if (name === "p") {
        this.compositeOf.set(`${codes[0]} ${codes[1]}`, codes[2]!);
      }
    }
    this.ranges.sort((a, b) => a[0] - b[0]);
  }

  kind(code: number): Kind {
    let [low, high] = [0, this.ranges.length]; // the last range that begins at or before the code is in low..high - 1
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.ranges[middle]![0] <= code) low = middle;
      else high = middle;
    }
    const [first, last, kind] = this.ranges[low]!;
    return first <= code && code <= last ? kind : "other";
  }

  /** Lower case, code point by code point, so that no Greek word gets a final sigma. */
  lower(text: string): string {
    return Array.from(text, (character) => this.lowerOf.get(character) ?? character).join("");
  }

  /** The text with every run of white space as one space. */
  oneSpace(text: string): string {
    const made: string[] = []; // no string that grows: asking for its end copies it whole
    for (const character of text) {
      if (this.kind(character.codePointAt(0)!) !== "space") made.push(character);
      else if (made.at(-1) !== " ") made.push(" ");
    }
    return made.join("");
  }

  /** Canonical composition, NFC (Unicode Standard, section 3.11). */
  composed(text: string): string {
    if (/^[\x00-\x7f]*$/.test(text)) return text;
    const composed: number[] = [];
    let starter = -1; // where the last starter stands
    let last = 0; // the class of what stands before this character
    for (const code of this.ordered(text)) {
      const number = this.classOf.get(code) ?? 0;
      // A mark is blocked from its starter by a mark of the same class between them, a starter by any mark.
      const near = starter >= 0 && (last < number || starter === composed.length - 1);
      const pair = near ? this.composite(composed[starter]!, code) : undefined;
      if (pair !== undefined) {
        composed[starter] = pair;
        continue;
      }
      if (number === 0) starter = composed.length;
      last = number;
      composed.push(code);
    }
    return composed.map((code) => String.fromCodePoint(code)).join("");
  }

  /** The code points decomposed, marks in the order of their classes. */
  private *ordered(text: string): Generator<number> {
    let marks: number[] = [];
    const sorted = () => marks.sort((a, b) => this.classOf.get(a)! - this.classOf.get(b)!); // stable
    for (const character of text) {
      for (const part of this.decomposed(character.codePointAt(0)!)) {
        if (this.classOf.has(part)) {
          marks.push(part);
          continue;
        }
        yield* sorted();
        marks = [];
        yield part;
      }
    }
    yield* sorted();
  }

  private decomposed(code: number): number[] {
    const index = code - SYLLABLE;
    if (index < 0 || index >= SYLLABLES) return this.partsOf.get(code) ?? [code];
    const vowel = VOWEL + Math.floor((index % (VOWELS * TAILS)) / TAILS);
    const pair = [LEAD + Math.floor(index / (VOWELS * TAILS)), vowel];
    return index % TAILS === 0 ? pair : [...pair, TAIL + (index % TAILS)];
  }

  private composite(first: number, second: number): number | undefined {
    const [lead, vowel, tail] = [first - LEAD, second - VOWEL, second - TAIL];
    if (lead >= 0 && lead < SYLLABLES / (VOWELS * TAILS) && vowel >= 0 && vowel < VOWELS) {
      return SYLLABLE + (lead * VOWELS + vowel) * TAILS;
    }
    const syllable = first - SYLLABLE;
    if (syllable >= 0 && syllable < SYLLABLES && syllable % TAILS === 0 && tail > 0 && tail < TAILS) {
      return first + tail;
    }
    return this.compositeOf.get(`${first} ${second}`);
  }
}

export const characters = new Characters(table.split("\n"));

/** NFC, runs of white space to one space, lower case. */
export function normalize(text: string): string {
  return characters.lower(characters.oneSpace(characters.composed(text)));
}
