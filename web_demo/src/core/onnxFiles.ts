// The files beside an ONNX model that it reads, found in its protobuf message: weights and compiled contexts.
//
// onnxruntime opens them by the names in the model, so a manifest has to list each one. Only the fields on the way from
// the model to such a name are read (onnx.proto); a tensor's own bytes are skipped.

import { MAX_FILES } from "./manifest";

const MAX_NESTING = 100; // of graphs within graphs; protobuf's own readers stop there too

type Part = "model" | "graph" | "function" | "node" | "attribute" | "sparse" | "tensor" | "entry";

// Of each message: its fields that lead on, by number.
const LEADS: Record<Exclude<Part, "entry">, Record<number, Part>> = {
  model: { 7: "graph", 25: "function" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  function: { 7: "node", 11: "attribute" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 10: "tensor", 6: "graph", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: { 13: "entry" },
};
const BYTES = 2; // the wire type of strings and messages
const FIXED: Record<number, number> = { 1: 8, 5: 4 }; // bytes of the wire types of fixed length

/** The locations that tensors and contexts of the model name, as written. Throws SyntaxError for a damaged model. */
export function externalFiles(model: Uint8Array): Set<string> {
  if (model.length === 0) throw new SyntaxError("it is empty");
  const found = new Set<string>();
  for (const location of locations(model, "model", 0, model.length, 0)) {
    found.add(location);
    if (found.size > MAX_FILES) throw new SyntaxError(`it names more than ${MAX_FILES} files`);
  }
  return found;
}

/** The locations in the bytes `start` to `end`, which are a message of that kind. */
function* locations(data: Uint8Array, kind: Part, start: number, end: number, depth: number): Generator<string> {
  if (depth > MAX_NESTING) throw new SyntaxError("its graphs are nested too deep");
  const text = (wanted: number) => {
    let found = data.subarray(0, 0);
    for (const [number, first, last] of fields(data, start, end)) {
      if (number === wanted) found = data.subarray(first, last); // the last of two counts
    }
    return new TextDecoder().decode(found);
  };
  // The key and the value of a StringStringEntryProto; the name of an attribute, and its string.
  if (kind === "entry") {
    if (text(1) === "location") yield text(2);
    return;
  }
  if (kind === "attribute" && text(1) === "ep_cache_context") yield text(4);
  for (const [number, first, last] of fields(data, start, end)) {
    const lead = LEADS[kind][number];
    if (lead) yield* locations(data, lead, first, last, depth + 1);
  }
}

/** The strings and messages of a message: field number, start and end of the content. */
function* fields(data: Uint8Array, at: number, end: number): Generator<[number, number, number]> {
  while (at < end) {
    let key: bigint;
    [key, at] = varint(data, at, end);
    const tag = Number(BigInt.asUintN(32, key)); // as protobuf reads one
    const wire = tag & 7;
    if (wire === 0) {
      at = varint(data, at, end)[1];
      continue;
    }
    let length = FIXED[wire];
    if (wire === BYTES) {
      const [long, next] = varint(data, at, end);
      length = Number(long);
      at = next;
    }
    if (length === undefined) throw new SyntaxError(`wire type ${wire} at byte ${at}`);
    if (length > end - at) throw new SyntaxError(`it ends within the field at byte ${at}`);
    if (wire === BYTES) yield [tag >>> 3, at, at + length];
    at += length;
  }
}

function varint(data: Uint8Array, at: number, end: number): [bigint, number] {
  let value = 0n;
  for (let place = 0n; place < 10n && at < end; place++) {
    const byte = data[at++]!;
    value |= BigInt(byte & 127) << (7n * place);
    if (byte < 128) return [value, at];
  }
  throw new SyntaxError(`no number at byte ${at}`);
}
