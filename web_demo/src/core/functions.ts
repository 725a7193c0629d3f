/** The choice of a graph's function by the shapes of its inputs (docs/contract.md, "Several sizes"). */

import { BundleError } from "./errors";
import type { FunctionFacts, GraphFacts, TensorFacts } from "./manifest";
import type { Tensors } from "./tensor";

/** Sizes of the named dimensions of a graph's inputs, and of the token grid. */
export function dimensionsOf(graph: GraphFacts, tensors: Tensors): Map<string, number> {
  const found = new Map<string, number>();
  const grid = tensors.tokens?.shape ?? [];
  for (const [axis, side] of ["height", "width"].entries()) if (axis in grid) found.set(side, grid[axis]!);
  for (const { name, shape } of graph.inputs) {
    for (const [axis, side] of shape.entries()) {
      if (typeof side === "string") found.set(side, tensors[name]!.shape[axis]!);
    }
  }
  return found;
}

/** The first function that agrees with all dimensions of the tensors; null if the graph has none. Throws BundleError. */
export function choose(name: string, graph: GraphFacts, tensors: Tensors): FunctionFacts | null {
  if (graph.functions.length === 0) return null;
  const dimensions = dimensionsOf(graph, tensors);
  const chosen = graph.functions.find((entry) =>
    [...entry.dimensions].every(([side, size]) => (dimensions.get(side) ?? size) === size),
  );
  if (chosen) return chosen;
  const sides = new Set(graph.functions.flatMap((entry) => [...entry.dimensions.keys()]));
  const wanted = [...dimensions].filter(([side]) => sides.has(side)).map(([side, size]) => `${side} ${size}`);
  throw new BundleError(`graph ${name} has no function for ${wanted.join(", ")}: export the bundle for this size`);
}

/** The tensors in the shapes that a function has. */
export function fixed(tensors: readonly TensorFacts[], chosen: FunctionFacts | null): TensorFacts[] {
  return tensors.map((tensor) => ({
    ...tensor,
    shape: tensor.shape.map((side) => (typeof side === "string" ? (chosen?.dimensions.get(side) ?? side) : side)),
  }));
}
