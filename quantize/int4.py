"""4-bit weights that are multiplied as int8.

A column of W has a unit, each of its blocks a scale in sixteenths of it, and each weight a code:

    w ~ round((code - 8) * sixteenths / 16) * unit,   code in 0 .. 15, sixteenths in -127 .. 127

What is rounded is an int8 weight with one scale a column, so the product is that of `int8`, with its kernels
and its shared 8-bit inputs. These weights are made when the product needs them, and are gone after it:

    packed u8 --> Concat of one --> & 15 --.
                                --> >> 4 --+--> Cast --> QLinearMul(sixteenths) --> MatMulInteger, as in int8

What depends on constants alone onnxruntime computes when it opens a graph, and would hold all weights in int8
from then on. It does not where the first operator is none that it takes for repeatable, which the Concat is
for: QLinearConcat, a copy of the packed bytes.

onnxruntime's own operator for 4 bits, MatMulNBits, takes more than twice as long, because it scales sums
block by block, and its kernels need a second copy of all weights (docs/rejected.md).
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import onnx_ir as ir

from quantize import int8
from quantize.graph_edit import array, columns, initializer, lazy, operator, owner, scope
from quantize.rounding import MIDDLE, PARTS, Blocks, Rounding

DOMAIN = "com.microsoft"
CODES, SIXTEENTHS, SCALE = ".int4", ".sixteenths", ".scale"

# The int8 form of each W, in each graph: parts and their scales.
Unpacked = dict[tuple[ir.Graph, ir.Value], list[tuple[ir.Value, ir.Value]]]


def linear(
    node: ir.Node,
    weight: ir.Value,
    block: int,
    rounding: Rounding,
    quantized: int8.QuantizedInputs,
    unpacked: Unpacked,
) -> None:
    """Replaces MatMul(x [..., K], W [K, N]). Other arguments remember what several products share.

    A large W is several products side by side, so that no more than a part of it is in int8 at a time.
    """
    key = scope(node), weight
    if key not in unpacked:
        parts = [stored(weight, part, block, rounding) for part in columns(array(weight))]
        unpacked[key] = [
            (unpack(scope(node), packed, sixteenths), scale) for packed, sixteenths, scale in parts
        ]
    int8.multiply(node, unpacked[key], quantized)


def unpack(inside: ir.Graph, packed: ir.Value, sixteenths: ir.Value) -> ir.Value:
    """i8 [K, N] of codes and sixteenths as `layout` stores them, for products in a graph.

    The operators stand first in the graph, for of the inputs of a product onnxruntime computes those first
    that stand last: so a weight is unpacked when the product's other input is there, and not all at once.
    """
    graph, name = owner(packed), f"{packed.name}.unpacked"

    def constant(value: np.ndarray, called: str) -> ir.Value:
        there = graph.initializers.get(called)
        return there or initializer(graph, ir.tensor(value, name=called))

    one = constant(np.array(1, np.float32), f"int4.one{SCALE}")
    parts = constant(np.array(PARTS, np.float32), f"int4.parts{SCALE}")
    none, low = constant(np.array(0, np.uint8), "int4.none"), constant(np.array(15, np.uint8), "int4.low")
    four = constant(np.array(4, np.uint8), "int4.four")
    middle = constant(np.array(MIDDLE, np.int8), "int4.middle")
    zero = constant(np.array(0, np.int8), "int4.zero")
    assert packed.shape is not None
    blocks, half, count = packed.shape.numpy()
    rows = blocks * half * 2
    shape = constant(np.array([rows, count]), f"int4.{rows}x{count}")
    copied = operator("QLinearConcat", f"{name}.packed", [one, none, packed, one, none], DOMAIN, axis=0)
    first = operator("BitwiseAnd", f"{name}.first", [copied.outputs[0], low])
    second = operator("BitShift", f"{name}.second", [copied.outputs[0], four])
    second.attributes.add(ir.AttrString("direction", "RIGHT"))
    both = operator("Concat", f"{name}.codes", [first.outputs[0], second.outputs[0]], axis=1)
    signed = operator("Cast", f"{name}.signed", both.outputs, to=ir.DataType.INT8)
    product = operator(
        "QLinearMul",
        f"{name}.int8",
        [signed.outputs[0], one, middle, sixteenths, one, zero, parts, zero],
        DOMAIN,
    )
    matrix = operator("Reshape", name, [product.outputs[0], shape])
    inside.insert_before(inside[0], [copied, first, second, both, signed, product, matrix])
    return matrix.outputs[0]


def stored(weight: ir.Value, part: slice, block: int, rounding: Rounding) -> list[ir.Value]:
    """What `layout` makes of some columns of a matrix [K, N], as initializers its readers share."""
    rows, count = array(weight).shape
    width = len(range(count)[part])
    shapes = {
        CODES: (ir.DataType.UINT8, (rows // block, block // 2, width)),
        SIXTEENTHS: (ir.DataType.INT8, (rows // block, 1, width)),
        SCALE: (ir.DataType.FLOAT, (width,)),
    }
    place = f".{part.start}" if width < count else ""
    return Once(weight, part, block, rounding, layout).initializers(place, shapes)


def layout(blocks: Blocks) -> Sequence[np.ndarray]:
    """Codes u8 [B, block / 2, N], of which a byte holds one of a block's first half in its low bits and one
    of the second half; sixteenths i8 [B, 1, N]; units f32 [N].
    """
    assert blocks.units is not None
    first, second = np.split(blocks.codes, 2, axis=-1)
    sixteenths = (blocks.scales * PARTS).astype(np.int8)
    return (first | second << 4).transpose(1, 2, 0), sixteenths.T[:, None], blocks.units


class Once:
    """Columns that are rounded when the first of their stored parts is written, and let go of each."""

    def __init__(
        self,
        weight: ir.Value,
        columns: slice,
        block: int,
        rounding: Rounding,
        layout: Callable[[Blocks], Sequence[np.ndarray]],
    ) -> None:
        """`layout` gives the parts."""
        self.weight, self.columns, self.block = weight, columns, block
        self.rounding, self.layout = rounding, layout
        self.made: dict[int, np.ndarray] = {}

    def initializers(
        self, place: str, parts: dict[str, tuple[ir.DataType, tuple[int, ...]]]
    ) -> list[ir.Value]:
        """Of each part by suffix, type and shape; those that are there if the weight had them before."""
        graph = owner(self.weight)
        return [
            graph.initializers.get(name) or lazy(graph, name, partial(self.take, index), dtype, shape)
            for index, (suffix, (dtype, shape)) in enumerate(parts.items())
            for name in [f"{self.weight.name}{place}{suffix}"]
        ]

    def take(self, index: int) -> np.ndarray:
        if index not in self.made:
            numbers = np.asarray(array(self.weight)[:, self.columns])
            blocks = self.rounding(str(self.weight.name), numbers, self.block)
            self.made = dict(enumerate(self.layout(blocks)))
        return self.made.pop(index)
