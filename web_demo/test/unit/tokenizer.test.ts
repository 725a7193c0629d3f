import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Bundle } from "../../src/core/bundle";
import { characters, normalize } from "../../src/core/characters";
import { parseMerges, Tokenizer } from "../../src/core/tokenizer";
import type { TokenizerFacts } from "../../src/core/manifest";
import { bundleFiles, committed, repository, vector } from "./vectors";

type Case = { text: string; ids: number[] };
type Facts = Omit<TokenizerFacts, "special"> & { special: Record<string, number> };

const { facts, cases } = vector<{ facts: Facts; cases: Case[] }>("tokenizer.json");
const tokenizer = new Tokenizer(
  new Map(Object.entries(committed<Record<string, number>>(facts.vocab))),
  parseMerges(readFileSync(join(repository, facts.merges), "utf8")),
  { ...facts, special: new Map(Object.entries(facts.special)), length: 20_000 }, // so that no case is cut
);

function different(prompts: Case[]): string[] {
  const wrong = prompts.filter(({ text, ids }) => {
    const made = tokenizer.encode(text).ids;
    return ids.some((id, at) => made[at] !== id);
  });
  return wrong.map(({ text }) => text);
}

test("ids are those of transformers for 10 000 prompts of every script", () => {
  expect(cases).toHaveLength(10_000);
  expect(different(cases)).toEqual([]);
});

test("ids are those of the committed vectors", () => {
  expect(different(committed<Case[]>("tests/vectors/tokenizer.json"))).toEqual([]);
});

test("a word of 100 000 letters is merged in less than quadratic time", () => {
  expect(tokenizer.encode("ab".repeat(50_000)).ids[1]).not.toBe(facts.pad);
});

test("300 000 words are cut and shown in less than quadratic time", () => {
  expect(tokenizer.encode("a ".repeat(300_000)).cut).toMatch(/^a( a)*$/);
});

test("a word ends with the sigma that the table gives, not with a final one", () => {
  expect("ΟΔΟΣ".toLowerCase()).toBe("οδος"); // what a browser makes of it
  expect(normalize("ΟΔΟΣ")).toBe("οδοσ");
});

test("white space is the published tokenizer's, not JavaScript's", () => {
  expect(/^\s$/.test("\u0085")).toBe(false);
  expect(/^\s$/.test("\ufeff")).toBe(true);
  expect(characters.oneSpace("a\u0085\u3000b\ufeffc")).toBe("a b\ufeffc");
});

test("text that is not Unicode is refused", () => {
  expect(() => tokenizer.encode("a \ud800 cat")).toThrow("the prompt is not valid Unicode at character 2");
  expect(() => tokenizer.encode("a 🐈 cat")).not.toThrow();
});

test("the end of a long prompt is cut and returned", async () => {
  const bundle = await Bundle.open(bundleFiles("android"));
  const prompt = "a red cat ".repeat(20).trim();
  const encoded = (await Tokenizer.of(bundle)).encode(prompt);
  const { length, eos } = bundle.manifest.tokenizer;
  expect(encoded.ids).toHaveLength(length);
  expect(encoded.ids.at(-1)).toBe(eos);
  expect(encoded.cut).toBe(
    prompt
      .split(" ")
      .slice(length - 2)
      .join(" "),
  ); // words of one id each
});

/** Python compares its own with the published tokenizer's library; the digest is Python's. */
test("every code point is normalized as in Python", () => {
  const digest = createHash("sha256");
  for (let code = 1; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    digest.update(`${normalize(`e ${character} e${character}\u0301`)}\n`);
  }
  expect(digest.digest("hex")).toBe("fb0444847ee21faf8b627ec10b907025146e1f5ce9c90a2158a6e55ae2338839");
});
