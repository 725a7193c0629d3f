"""The weights of an ONNX graph: the constant matrices that its linears, tables and convolutions read.

    linear         MatMul(x, W [K, N])
    table          Gather(W [V, D], ids), rows looked up
    convolution    Conv(x, W [out, in, ...])

Subgraphs (the body of a Scan) are included; a weight may be an initializer of any graph around its reader.
All other float tensors (biases, norms, rotary tables, positions) are no weights and are never quantized.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import onnx_ir as ir

from quantize.onnx_files import load

Kind = Literal["linear", "table", "convolution"]
READS: dict[str, tuple[Kind, int]] = {
    "MatMul": ("linear", 1),
    "Gather": ("table", 0),
    "Conv": ("convolution", 1),
}


@dataclass(frozen=True)
class Weight:
    """One weight, even if several operators read it."""

    name: str
    kind: Kind
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


def weights_of(source: Path | ir.Model) -> dict[str, Weight]:
    """The weights of a float graph by name, in the order in which operators read them.

    Raises ValueError for a weight that is read in two ways, and as `reads`.
    """
    model = load(source) if isinstance(source, Path) else source
    found: dict[str, Weight] = {}
    for _, value, kind in reads(model):
        assert value.name is not None and value.shape is not None
        weight = found.setdefault(value.name, Weight(value.name, kind, tuple(value.shape.numpy())))
        if weight.kind != kind:
            raise ValueError(f"{value.name} is read as a {weight.kind} and as a {kind}: export it twice")
    return found


def reads(model: ir.Model) -> Iterator[tuple[ir.Node, ir.Value, Kind]]:
    """Every operator that reads a weight, in the graph's order; the caller may replace it meanwhile.

    Raises ValueError for an operator whose weight would silently stay float: a Gemm, a MatMul of a weight
    that is computed from constants, a look-up of columns.
    """
    for node in list(ir.traversal.RecursiveGraphIterator(model.graph)):
        if hides_weight(node):
            raise ValueError(
                f"{node.op_type} {node.name} hides a weight: export linears with rows of three dimensions and"
                " weights stored as they are read"
            )
        kind, index = READS.get(node.op_type, (None, 0))
        if kind is None or node.domain not in ("", "ai.onnx"):
            continue
        value = node.inputs[index]
        if value is None or not is_weight(value, kind):
            continue
        if kind == "table" and node.attributes.get_int("axis", 0) != 0:
            raise ValueError(f"{node.name} looks up columns of {value.name}: only rows are supported")
        yield node, value, kind


def is_weight(value: ir.Value, kind: Kind) -> bool:
    """Whether the value is a constant float tensor with the rank of its kind."""
    if not value.is_initializer() or value.const_value is None or value.dtype != ir.DataType.FLOAT:
        return False
    rank = value.const_value.shape.rank()
    return rank > 2 if kind == "convolution" else rank == 2


def hides_weight(node: ir.Node) -> bool:
    """Whether a linear's weight cannot be found: it is a Gemm, or its weight is computed from constants."""
    if node.op_type == "Gemm":
        return True
    maker = node.inputs[1].producer() if node.op_type == "MatMul" and node.inputs[1] is not None else None
    return maker is not None and all(value is None or value.is_initializer() for value in maker.inputs)


def layout_hash(weights: Mapping[str, Weight]) -> str:
    """SHA-256 of the sorted names and shapes of a graph's weights, equal for equal architectures."""
    layout = sorted((weight.name, list(weight.shape)) for weight in weights.values())
    return hashlib.sha256(json.dumps(layout).encode()).hexdigest()
