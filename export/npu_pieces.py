"""A quantized graph in pieces, which Qualcomm's compiler takes one by one.

    codes --> piece --> codes --> piece --> codes ...

The compiler refuses a graph above 2 GiB ("graph requires estimated allocation of 2309576 KB, limit is
2097152 KB": pytorch/executorch, issue 17782), and the memory that compiling takes grows with the operators of
a piece (docs/npu.md). Neighbours exchange the 16-bit codes that the whole graph has there, so pieces compute
what the whole does, to the bit. What depends on the graph's inputs alone, and only moves numbers, is in every
piece that reads it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import onnx_ir as ir

from quantize.qnn import MOVES

MOST_BYTES = 80e6  # of weights in a piece
MOVING = {*MOVES, "QuantizeLinear", "DequantizeLinear"}


def pieces(model: ir.Model, most_bytes: float = MOST_BYTES) -> list[ir.Model]:
    """The models whose chain computes what `model` does; `model` itself if its weights are not more."""
    graph = model.graph
    if sum(weight_bytes(node) for node in graph) <= most_bytes:
        return [model]
    found, inputs = [], list(graph.inputs)
    for values in [*cuts(graph, most_bytes), list(graph.outputs)]:
        part = ir.convenience.extract(graph, inputs, values)
        for value in [value for value in part.inputs if not value.uses()]:
            part.inputs.remove(value)
        part.opset_imports.update(graph.opset_imports)
        found.append(ir.Model(part, ir_version=model.ir_version))
        inputs = [*graph.inputs, *values]
    return found


@dataclass(frozen=True)
class Place:
    """A place between two operators of a graph."""

    crossing: tuple[ir.Value, ...]  # computed before it, read after it
    weights: int  # bytes read before it

    @property
    def bytes(self) -> int:
        return sum(numbers(value) * value_type(value).bitwidth // 8 for value in self.crossing)


def cuts(graph: ir.Graph, most_bytes: float) -> Iterator[list[ir.Value]]:
    """What crosses each cut. A piece has at least half of `most_bytes` of weights and ends where least
    crosses. Only a single operator or a place without codes makes it larger.
    """
    begun, candidates = 0, list[Place]()
    for place in places(graph):
        if place.weights - begun > most_bytes and candidates:
            best = min(reversed(candidates), key=lambda place: place.bytes)
            yield list(best.crossing)
            begun = best.weights
            candidates = [place for place in candidates if place.weights - begun > most_bytes / 2]
        if place.weights - begun > most_bytes / 2:
            candidates.append(place)


def places(graph: ir.Graph) -> Iterator[Place]:
    """The places where nothing but codes crosses, in the order of the graph."""
    free = moved_inputs(graph)
    last_read = {codes_of(x): index for index, node in enumerate(graph) for x in node.inputs if x is not None}
    alive, weights = dict[ir.Value, None](), 0  # in the order of the graph
    for index, node in enumerate(graph):
        weights += weight_bytes(node)
        made = [value for value in node.outputs if value not in free and codes_of(value) is value]
        alive = {value: None for value in (*alive, *made) if last_read.get(value, index) > index}
        if alive and all(value_type(value).is_integer() for value in alive):
            yield Place(tuple(alive), weights)


def codes_of(value: ir.Value) -> ir.Value:
    """The codes that were dequantized to a value, or the value itself."""
    node = value.producer()
    if node is None or node.op_type != "DequantizeLinear":
        return value
    assert node.inputs[0] is not None
    return node.inputs[0]


def moved_inputs(graph: ir.Graph) -> set[ir.Value]:
    """The graph's inputs and constants, and what only moves their numbers."""
    free = {*graph.inputs, *graph.initializers.values()}
    for node in graph:
        if node.op_type in MOVING and all(value is None or value in free for value in node.inputs):
            free |= set(node.outputs)
    return free


def weight_bytes(node: ir.Node) -> int:
    """Of the constants that an operator reads, dequantized or as they are; none of a Dequantize itself."""
    if node.op_type == "DequantizeLinear":
        return 0
    return sum(constant_bytes(value) for value in node.inputs if value is not None)


def constant_bytes(value: ir.Value) -> int:
    """Of a constant, or of the codes that were dequantized to it."""
    stored = codes_of(value).const_value
    return stored.nbytes if stored is not None else 0


def numbers(value: ir.Value) -> int:
    assert value.shape is not None
    return prod(value.shape.numpy())


def value_type(value: ir.Value) -> ir.DataType:
    assert value.dtype is not None
    return value.dtype
