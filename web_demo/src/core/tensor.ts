import { BundleError } from "./errors";
import type { DType, TensorFacts } from "./manifest";

/** A tensor in row-major order. */
export interface Tensor {
  data: Int32Array | Float32Array | Uint8Array;
  shape: readonly number[];
}

export type Tensors = Readonly<Record<string, Tensor>>;

export function ints(data: Int32Array, ...shape: number[]): Tensor {
  return { data, shape };
}

export function floats(data: Float32Array, ...shape: number[]): Tensor {
  return { data, shape };
}

export function bytes(data: Uint8Array, ...shape: number[]): Tensor {
  return { data, shape };
}

/** Entry `index` along the first axis. */
export function entry(tensor: Tensor, index: number): Tensor {
  const count = tensor.data.length / tensor.shape[0]!;
  return { data: tensor.data.slice(index * count, (index + 1) * count), shape: tensor.shape.slice(1) };
}

/** The last entry along the first axis, `rows` times: of text rows the prompt's. */
export function last(tensor: Tensor, rows: number): Tensor {
  const { data, shape } = entry(tensor, tensor.shape[0]! - 1);
  const all = Float32Array.from({ length: rows * data.length }, (_, at) => data[at % data.length]!);
  return { data: all, shape: [rows, ...shape] };
}

export function dtypeOf(tensor: Tensor): DType {
  if (tensor.data instanceof Int32Array) return "int32";
  return tensor.data instanceof Float32Array ? "float32" : "uint8";
}

/** Throws BundleError for a tensor unlike the manifest's. */
export function checkTensor(facts: TensorFacts, tensor: Tensor | undefined, graph: string): void {
  const same =
    tensor !== undefined &&
    dtypeOf(tensor) === facts.dtype &&
    tensor.shape.length === facts.shape.length &&
    facts.shape.every((wanted, axis) => typeof wanted === "string" || wanted === tensor.shape[axis]);
  if (same) return;
  const found = tensor ? `${dtypeOf(tensor)} [${tensor.shape}]` : "missing";
  throw new BundleError(
    `graph ${graph}: ${facts.name} would be ${found}, the manifest says ${facts.dtype} [${facts.shape}]: ` +
      "the bundle's graphs do not fit together, export it again",
  );
}
