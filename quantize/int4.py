"""4-bit weights in blocks: onnxruntime's MatMulNBits.

    x --> MatMul(W) --> y        x --> MatMulNBits(codes, scales) --> y

Accuracy level 4 lets the operator quantize x to int8 in the same blocks: without it the product is no faster
than float32. Two codes share a byte, the first in the low half.
"""

from functools import partial

import numpy as np
import onnx_ir as ir

from quantize.edit import array, columns, lazy, operator, owner, substitute
from quantize.rounding import Rounding

DOMAIN = "com.microsoft"
ACCURACY = 4
CODES, SCALE, ZERO = ".int4", ".scale", ".zero"


def linear(node: ir.Node, weight: ir.Value, block: int, rounding: Rounding) -> None:
    """Replaces MatMul(x [..., K], W [K, N])."""
    rows, count = array(weight).shape
    product = operator(
        "MatMulNBits",
        f"{node.outputs[0].name}.product",
        [node.inputs[0], *stored(weight, block, rounding)],
        DOMAIN,
        K=rows,
        N=count,
        bits=4,
        block_size=block,
        accuracy_level=ACCURACY,
    )
    substitute(node, [product])


def stored(weight: ir.Value, block: int, rounding: Rounding) -> list[ir.Value]:
    """Codes u8 [N, B, block / 2], scales f32 [N, B] and, if the rounding has them, zero points u8
    [N, ceil(B / 2)], as initializers its readers share.
    """
    name, graph = str(weight.name), owner(weight)
    rows, count = array(weight).shape
    blocks = rows // block
    parts = {
        name + CODES: (ir.DataType.UINT8, (count, blocks, block // 2)),
        name + SCALE: (ir.DataType.FLOAT, (count, blocks)),
    }
    if rounding.zeros:
        parts[name + ZERO] = ir.DataType.UINT8, (count, -(-blocks // 2))
    if name + CODES in graph.initializers:
        return [graph.initializers[part] for part in parts]
    once = Once(array(weight), name, block, rounding)
    return [
        lazy(graph, part, partial(once.take, index), dtype, shape)
        for index, (part, (dtype, shape)) in enumerate(parts.items())
    ]


class Once:
    """Rounds a matrix when the first of its parts is written, and lets go of each part as it is taken."""

    def __init__(self, numbers: np.ndarray, name: str, block: int, rounding: Rounding) -> None:
        self.numbers, self.name, self.block, self.rounding = numbers, name, block, rounding
        self.made: dict[int, np.ndarray] = {}

    def take(self, index: int) -> np.ndarray:
        """0: codes, 1: scales, 2: zero points."""
        if index not in self.made:
            self.made = dict(enumerate(self.rounded()))
        return self.made.pop(index)

    def rounded(self) -> list[np.ndarray]:
        parts = [
            self.rounding(self.name, np.asarray(self.numbers[:, part]), self.block)
            for part in columns(self.numbers)
        ]
        made = [
            np.concatenate([packed(part.codes) for part in parts]),
            np.concatenate([part.scales for part in parts]),
        ]
        if self.rounding.zeros:
            made.append(np.concatenate([packed(part.zeros) for part in parts if part.zeros is not None]))
        return made


def packed(codes: np.ndarray) -> np.ndarray:
    """Pairs of u8 [..., n] in one byte each, [..., ceil(n / 2)]; the low half first."""
    if codes.shape[-1] % 2:
        codes = np.concatenate([codes, np.zeros_like(codes[..., :1])], axis=-1)
    return codes[..., ::2] | codes[..., 1::2] << 4
