"""4-bit weights that are unpacked to int8 just before they are multiplied.

Each column of W has a float scale (its unit), each block of a column an 8-bit scale in sixteenths of the
unit, and each weight a 4-bit code:

    w ~ round((code - 8) * sixteenths / 16) * unit,   code in 0 .. 15, sixteenths in -127 .. 127

The rounded number is an int8 weight with one scale a column. So the product is that of `int8`, with the same
kernels and the same shared 8-bit inputs. The graph unpacks the weights when the product needs them, and
onnxruntime releases them after it:

    packed u8 --> QLinearConcat of one --.--> & 15 --.
                                         '--> >> 4 --+--> Cast --> QLinearMul(sixteenths) --> MatMulInteger

onnxruntime computes operators that depend on constants alone when it opens a graph, and would then hold all
weights in int8. It does not fold QLinearConcat, so a concatenation of one tensor, which copies the packed
bytes, stands first.

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

# (graph, W) -> W unpacked there: the int8 codes of each part of its columns, and their scales.
Unpacked = dict[tuple[ir.Graph, ir.Value], list[tuple[ir.Value, ir.Value]]]


def linear(
    node: ir.Node,
    weight: ir.Value,
    block: int,
    rounding: Rounding,
    quantized: int8.QuantizedInputs,
    unpacked: Unpacked,
) -> None:
    """Replace MatMul(x [..., K], W [K, N]). `quantized` and `unpacked` remember what several products share.

    A large W becomes several products side by side, so that only a part of it is unpacked at a time.
    """
    key = scope(node), weight
    if key not in unpacked:
        parts = [stored(weight, part, block, rounding) for part in columns(array(weight))]
        unpacked[key] = [
            (unpack(scope(node), packed, sixteenths), scale) for packed, sixteenths, scale in parts
        ]
    int8.multiply(node, unpacked[key], quantized)


def unpack(inside: ir.Graph, packed: ir.Value, sixteenths: ir.Value) -> ir.Value:
    """Add operators to the graph `inside` that give i8 [K, N] from codes and sixteenths stored by `layout`.

    The operators stand first in the graph, because onnxruntime computes that input of a product first which
    stands last. So it unpacks a weight after the product's other input, not all weights at the start.
    """
    graph, name = owner(packed), f"{packed.name}.unpacked"

    def constant(value: np.ndarray, name: str) -> ir.Value:
        return graph.initializers.get(name) or initializer(graph, ir.tensor(value, name=name))

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
    """Some columns of a matrix [K, N] as `layout` stores them, in initializers that their readers share."""
    rows, count = array(weight).shape
    width = len(range(count)[part])
    shapes = {
        CODES: (ir.DataType.UINT8, (rows // block, block // 2, width)),
        SIXTEENTHS: (ir.DataType.INT8, (rows // block, 1, width)),
        SCALE: (ir.DataType.FLOAT, (width,)),
    }
    suffix = f".{part.start}" if width < count else ""
    return Once(weight, part, block, rounding, layout).initializers(suffix, shapes)


def layout(blocks: Blocks) -> Sequence[np.ndarray]:
    """Codes u8 [B, block / 2, N], sixteenths i8 [B, 1, N] and units f32 [N].

    A byte of codes holds two: in its low bits one from a block's first half, in its high bits one from the
    second half.
    """
    assert blocks.units is not None
    first, second = np.split(blocks.codes, 2, axis=-1)
    sixteenths = (blocks.scales * PARTS).astype(np.int8)
    return (first | second << 4).transpose(1, 2, 0), sixteenths.T[:, None], blocks.units


class Once:
    """Rounds some columns of a weight when the first of their tensors is written, and keeps none of them.

    `layout` makes the tensors from the rounded blocks.
    """

    def __init__(
        self,
        weight: ir.Value,
        columns: slice,
        block: int,
        rounding: Rounding,
        layout: Callable[[Blocks], Sequence[np.ndarray]],
    ) -> None:
        self.weight, self.columns, self.block = weight, columns, block
        self.rounding, self.layout = rounding, layout
        self.pending: dict[int, np.ndarray] = {}  # tensors not written yet

    def initializers(
        self, columns_suffix: str, tensors: dict[str, tuple[ir.DataType, tuple[int, ...]]]
    ) -> list[ir.Value]:
        """An initializer for each of `tensors`, suffix -> type and shape; a shared weight has them already.

        Their names are weight + columns_suffix + suffix.
        """
        graph = owner(self.weight)
        return [
            graph.initializers.get(name) or lazy(graph, name, partial(self.take, index), dtype, shape)
            for index, (suffix, (dtype, shape)) in enumerate(tensors.items())
            for name in [f"{self.weight.name}{columns_suffix}{suffix}"]
        ]

    def take(self, index: int) -> np.ndarray:
        """The tensor of this index, which is not kept."""
        if index not in self.pending:
            numbers = np.asarray(array(self.weight)[:, self.columns])
            blocks = self.rounding(str(self.weight.name), numbers, self.block)
            self.pending = dict(enumerate(self.layout(blocks)))
        return self.pending.pop(index)
