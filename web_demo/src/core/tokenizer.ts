// CLIP's byte-level BPE tokenizer, equal to transformers' CLIPTokenizer, in the published order:
//
// 1. Take out the special strings that are matched as typed.
// 2. Normalise the rest: NFC, white space to one space, lower case code point by code point.
// 3. Take out the special strings that are matched after that.
// 4. Cut what is left into words, and each word into bytes written as printable characters, the last marked `</w>`.
// 5. Merge neighbours by rank.

import type { Bundle } from "./bundle";
import { characters, normalize } from "./characters";
import { BundleError, RequestError } from "./errors";
import { vocabSchema, type TokenizerFacts } from "./manifest";

/** The ids [T] of a prompt, and the end of the prompt that did not fit ("" if all did). */
export interface Encoded {
  ids: Int32Array;
  cut: string;
}

const WORD_END = "</w>";
const CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
const NAMES = ["<|startoftext|>", "<|endoftext|>"];

/** The printable character of each byte (GPT-2): itself if printable, else 256, 257, ... in order. */
const BYTES: string[] = [];
for (let byte = 0, spare = 256; byte < 256; byte++) {
  const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  BYTES.push(String.fromCharCode(printable ? byte : spare++));
}
const BYTE_OF = new Map(BYTES.map((character, byte) => [character, byte]));

export class Tokenizer {
  private readonly ranks: Map<string, number>;
  private readonly typed: RegExp | null;
  private readonly normalized: RegExp | null;
  private readonly names: Map<number, string>;
  private readonly unk: number;

  constructor(
    private readonly vocab: ReadonlyMap<string, number>,
    merges: readonly (readonly [string, string])[],
    private readonly facts: TokenizerFacts,
  ) {
    this.ranks = new Map(merges.map(([first, second], rank) => [`${first} ${second}`, rank]));
    const { special, special_normalized: normalized } = facts;
    this.typed = anyOf([...special.keys()].filter((text) => !normalized.includes(text)));
    this.normalized = anyOf(normalized);
    this.names = new Map([...vocab, ...special].map(([name, id]) => [id, name]));
    this.unk = facts.unk ?? facts.eos;
  }

  /** Throws BundleError for a vocabulary or merges that cannot be read. */
  static async of(bundle: Bundle): Promise<Tokenizer> {
    const facts = bundle.manifest.tokenizer;
    const vocab = await bundle.json(facts.vocab, vocabSchema);
    const merges = parseMerges(await bundle.text(facts.merges), facts.merges);
    for (const [first, second] of merges) {
      if (!vocab.has(first + second)) {
        throw new BundleError(
          `${facts.merges}: '${first}' and '${second}' make a word that has no id: export the bundle again`,
        );
      }
    }
    return new Tokenizer(vocab, merges, facts);
  }

  /** The ids of a prompt: start, words, end, padding. Throws RequestError for text that is not Unicode. */
  encode(text: string): Encoded {
    const lone = text.search(/\p{Surrogate}/u);
    if (lone >= 0) throw new RequestError(`the prompt is not valid Unicode at character ${lone}: type it again`);
    const words = [...this.words(text)];
    const { length, bos, eos, pad } = this.facts;
    const room = length - 2;
    const ids = new Int32Array(length).fill(pad);
    ids.set([bos, ...words.slice(0, room), eos]);
    return { ids, cut: this.decode(words.slice(room)) };
  }

  /** Readable text of word ids, for messages: lower case, one space between words. */
  decode(ids: readonly number[]): string {
    const bytes: number[] = [];
    const encoder = new TextEncoder();
    for (const id of ids) {
      const name = this.names.get(id) ?? "";
      if (this.facts.special.has(name)) {
        bytes.push(...encoder.encode(` ${name} `));
        continue;
      }
      const whole = name.endsWith(WORD_END);
      for (const character of whole ? name.slice(0, -WORD_END.length) : name) {
        const byte = BYTE_OF.get(character);
        if (byte !== undefined) bytes.push(byte);
      }
      if (whole) bytes.push(0x20);
    }
    return characters.oneSpace(new TextDecoder().decode(Uint8Array.from(bytes))).trim();
  }

  private *words(text: string): Generator<number> {
    const { special } = this.facts;
    for (const [given, isTyped] of pieces(this.typed, text)) {
      if (isTyped) {
        yield special.get(given)!;
        continue;
      }
      for (const [part, isSpecial] of pieces(this.normalized, normalize(given))) {
        if (isSpecial) {
          yield special.get(part)!;
          continue;
        }
        // The byte-level step cuts a second time. This changes only a name like <|startoftext|> that was typed where it is
        // not special.
        for (const word of cut(part, NAMES, false)) {
          for (const piece of cut(word, [], true)) yield* this.merged(piece);
        }
      }
    }
  }

  /**
   * Merges the byte pairs of one word: the pair of lowest rank first, the leftmost of equals.
   *
   * A heap takes O(n log n) for n bytes, because a prompt may be one "word" of 100 000 letters.
   */
  private merged(word: string): number[] {
    const letters = Array.from(new TextEncoder().encode(word), (byte) => BYTES[byte]!);
    letters[letters.length - 1] += WORD_END;
    const symbols = letters.map((letter) => (this.vocab.has(letter) ? letter : null)); // null: unknown
    const after = symbols.map((_, at) => (at < symbols.length - 1 ? at + 1 : -1));
    const before = symbols.map((_, at) => at - 1);
    const alive = symbols.map(() => true);
    const heap = new Heap();

    const rankOf = (left: number): number | undefined => {
      const right = after[left]!;
      if (right < 0 || symbols[left] === null || symbols[right] === null) return undefined;
      return this.ranks.get(`${symbols[left]} ${symbols[right]}`);
    };
    const offer = (left: number): void => {
      const rank = left < 0 ? undefined : rankOf(left);
      if (rank !== undefined) heap.push(rank, left);
    };

    for (let left = 0; left < symbols.length; left++) offer(left);
    for (let best = heap.pop(); best; best = heap.pop()) {
      const [rank, left] = best;
      // An offer is stale if another merge has used one of the two since.
      if (!alive[left] || rankOf(left) !== rank) continue;
      const right = after[left]!;
      symbols[left] = symbols[left]! + symbols[right]!;
      alive[right] = false;
      after[left] = after[right]!;
      if (after[right]! >= 0) before[after[right]!] = left;
      offer(before[left]!);
      offer(left);
    }
    return symbols.filter((_, at) => alive[at]).map((symbol) => (symbol === null ? this.unk : this.vocab.get(symbol)!));
  }
}

/** The pairs (rank, place), the smallest first. */
class Heap {
  private readonly entries: Array<[rank: number, place: number]> = [];

  push(rank: number, place: number): void {
    const { entries } = this;
    let at = entries.push([rank, place]) - 1;
    while (at > 0 && this.less(at, (at - 1) >> 1)) {
      this.swap(at, (at - 1) >> 1);
      at = (at - 1) >> 1;
    }
  }

  pop(): [rank: number, place: number] | undefined {
    const { entries } = this;
    if (entries.length === 0) return undefined;
    this.swap(0, entries.length - 1);
    const least = entries.pop();
    for (let at = 0; ;) {
      let next = 2 * at + 1;
      if (next + 1 < entries.length && this.less(next + 1, next)) next++;
      if (next >= entries.length || !this.less(next, at)) return least;
      this.swap(at, next);
      at = next;
    }
  }

  private less(a: number, b: number): boolean {
    const [first, second] = [this.entries[a]!, this.entries[b]!];
    return first[0] < second[0] || (first[0] === second[0] && first[1] < second[1]);
  }

  private swap(a: number, b: number): void {
    [this.entries[a], this.entries[b]] = [this.entries[b]!, this.entries[a]!];
  }
}

/**
 * The words of a text, without white space. A word is a text of `whole`, a contraction, a run of letters, one digit (with
 * `digits` a run of them), or a run of other characters.
 */
function* cut(text: string, whole: readonly string[], digits: boolean): Generator<string> {
  const fixed = [...whole, ...CONTRACTIONS];
  const width = (at: number) => (text.codePointAt(at)! > 0xffff ? 2 : 1); // in UTF-16 units
  for (let at = 0; at < text.length;) {
    const name = fixed.find((candidate) => text.startsWith(candidate, at));
    const kind = characters.kind(text.codePointAt(at)!);
    let end = at + (name?.length ?? width(at));
    if (name === undefined && (kind !== "number" || digits)) {
      while (end < text.length && characters.kind(text.codePointAt(end)!) === kind) end += width(end);
    }
    if (name !== undefined || kind !== "space") yield text.slice(at, end);
    at = end;
  }
}

/** The pairs of merges.txt in rank order. Throws BundleError for a line that is not a pair. */
export function parseMerges(text: string, file = "merges.txt"): Array<[string, string]> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#version"));
  return lines.map((line) => {
    const [first, second, ...more] = line.replace(/\r$/, "").split(" ");
    if (!first || !second || more.length > 0) {
      throw new BundleError(`${file}: '${line.slice(0, 100)}' is not a pair: export the bundle again`);
    }
    return [first, second];
  });
}

/** A pattern of any of the texts, the longest first, or null. */
function anyOf(texts: readonly string[]): RegExp | null {
  if (texts.length === 0) return null;
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
}

/** The text in order, cut at the pattern: (piece, whether it is a match). */
function* pieces(pattern: RegExp | null, text: string): Generator<[string, boolean]> {
  let end = 0;
  for (const match of pattern ? text.matchAll(pattern) : []) {
    if (match.index > end) yield [text.slice(end, match.index), false];
    yield [match[0], true];
    end = match.index + match[0].length;
  }
  if (end < text.length) yield [text.slice(end), false];
}
