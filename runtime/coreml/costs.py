"""Costs of a function, computed from shapes: arithmetic, weights, memory of intermediate results."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from runtime.coreml.saved import Blob, Function, Operation, Value, Weight


def flops(operation: Operation) -> int:
    """FLOP: 2 for each multiply-add of a matrix product or convolution, 0 for other operations."""
    return 2 * _products(operation)


def _products(operation: Operation) -> int:
    result = operation.outputs[0]
    match operation.type:
        case "linear":  # weight [D out, D in]
            return result.elements * operation.one("weight").shape[1]
        case "matmul":
            x = operation.one("x").shape
            inner = x[-2] if operation.parameter("transpose_x", False) else x[-1]
            return result.elements * inner
        case "conv":  # weight [C out, C in / groups, kernel ...]
            return result.elements * math.prod(operation.one("weight").shape[1:])
        case "conv_transpose":  # weight [C in, C out / groups, kernel ...]
            return operation.one("x").elements * math.prod(operation.one("weight").shape[1:])
        case "einsum":
            terms = operation.parameter("equation").split("->")[0].split(",")
            shapes = [value.shape for value in operation.inputs["values"]]
            sizes: dict[str, int] = {}
            for term, shape in zip(terms, shapes, strict=True):
                for letter, size in zip(term.strip(), shape, strict=True):
                    sizes[letter] = max(size, sizes.get(letter, 1))  # an axis of 1 is repeated
            return math.prod(sizes.values())
        case "scaled_dot_product_attention":  # query [..., L, E], key [..., S, E], value [..., S, V]
            query, keys = operation.one("query"), operation.one("key").shape[-2]
            return (query.elements + result.elements) * keys
        case _:
            return 0


@dataclass(frozen=True)
class Stored:
    parameters: int = 0
    bytes: int = 0


def stored(weights: Iterable[Weight]) -> dict[str, Stored]:
    """Parameters and bytes by precision. Each weight counts once, and so does a blob that weights share."""
    parameters: Counter[str] = Counter()
    size: Counter[str] = Counter()
    seen: set[Blob] = set()
    for weight in dict.fromkeys(weights):
        parameters[weight.precision] += weight.parameters
        size[weight.precision] += sum(blob.bytes for blob in weight.blobs - seen)
        seen |= weight.blobs
    return {precision: Stored(parameters[precision], size[precision]) for precision in parameters}


@dataclass(frozen=True)
class Memory:
    """Memory of the results of operations, without the function's inputs and weights."""

    largest: Value | None  # None in a function without operations
    largest_type: str  # the operation that makes it
    peak: int  # bytes alive at once
    peak_at: str  # the operation running at the peak


def memory(function: Function) -> Memory:
    """Peak memory if operations run in the file's order, write to new memory, and unused results are freed.

    Core ML may fuse and reorder operations, so a device can need more or less.
    """
    last_use = {
        value.name: index
        for index, operation in enumerate(function.operations)
        for value in (*operation.outputs, *operation.activations)
    }
    # Results of the function are never freed.
    last_use |= {value.name: len(function.operations) for value in function.outputs}
    alive: dict[str, int] = {}
    peak, peak_at = 0, ""
    for index, operation in enumerate(function.operations):
        alive |= {value.name: value.bytes for value in operation.outputs}
        if sum(alive.values()) > peak:
            peak, peak_at = sum(alive.values()), operation.name
        alive = {name: size for name, size in alive.items() if last_use[name] > index}
    made = [(value, operation.type) for operation in function.operations for value in operation.outputs]
    largest, largest_type = max(made, key=lambda pair: pair[0].bytes, default=(None, ""))
    return Memory(largest, largest_type, peak, peak_at)


def total_bytes(values: Iterable[Value]) -> int:
    return sum(value.bytes for value in values)
