"""4-bit weights as onnxruntime's own operator has them, MatMulNBits: what `int4` is measured against.

    x --> MatMul(W) --> y        x --> MatMulNBits(codes, scales) --> y

Accuracy level 4 lets the operator quantize x to int8 in the same blocks: without it the product is no faster
than float32. Two codes share a byte, the first in the low half.
"""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from quantize.graph_edit import array, operator, substitute
from quantize.int4 import CODES, DOMAIN, SCALE, Once
from quantize.rounding import Blocks, Rounding

ACCURACY = 4
ZERO = ".zero"


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
    """What `layout` makes of a matrix [K, N], all at once, as initializers its readers share."""
    rows, count = array(weight).shape
    blocks = rows // block
    parts = {
        CODES: (ir.DataType.UINT8, (count, blocks, block // 2)),
        SCALE: (ir.DataType.FLOAT, (count, blocks)),
    }
    if rounding.kind == "zeros":
        parts[ZERO] = ir.DataType.UINT8, (count, -(-blocks // 2))
    return Once(weight, slice(None), block, rounding, layout).initializers("", parts)


def layout(blocks: Blocks) -> Sequence[np.ndarray]:
    """Codes u8 [N, B, block / 2], scales f32 [N, B] and, if any, zero points u8 [N, ceil(B / 2)]."""
    zeros = [] if blocks.zeros is None else [packed(blocks.zeros)]
    return packed(blocks.codes), blocks.scales, *zeros


def packed(codes: np.ndarray) -> np.ndarray:
    """Pairs of u8 [..., n] in one byte each, [..., ceil(n / 2)]; the low half first."""
    if codes.shape[-1] % 2:
        codes = np.concatenate([codes, np.zeros_like(codes[..., :1])], axis=-1)
    return codes[..., ::2] | codes[..., 1::2] << 4
