"""Dynamic int8: S8 weights with a symmetric scale a channel, U8 activations with ranges found at run time.

Each linear becomes a pattern that onnxruntime fuses on load, and for which ARM and x86 have kernels:

    x --> MatMul(W) --> y        x --> DynamicQuantizeLinear --> MatMulInteger(W8) --> Cast --> Mul --> y
                                                 '-- scale --> Mul(scale of W) ------------------'

Linears that read the same x share one DynamicQuantizeLinear. Tables (Gather) are stored in int8 with a scale
a row and widened after the look-up. Convolution kernels are stored in int8 with a scale an output channel and
widened before use, because dynamic int8 would not speed them up (`static_int8` does). The matrix products
inside attention stay float, because int8 gains no time there and costs 8 % error.

x86 processors with AVX2 but without VNNI add pairs of U8 x S8 products in 16 bits, which can saturate: then
89 % of the tokens stay the same, not 95 %. `runtime.onnxruntime_engine.session_options` sets
`session.x64quantprecision` there, which prevents it; ARM and VNNI are exact. onnxruntime 1.29 applies that
setting only to products with a zero point of W, so each has one: 0.
"""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from quantize.graph_edit import (
    Widened,
    array,
    cast_to_float,
    columns,
    initializer,
    lazy,
    operator,
    owner,
    same_bytes,
    scope,
    substitute,
)

LEVELS = 127  # symmetric: -127 .. 127
CODES, SCALE = ".int8", ".scale"

# (graph, x) -> the outputs of x's DynamicQuantizeLinear there: codes, scale, zero point.
QuantizedInputs = dict[tuple[ir.Graph, ir.Value], list[ir.Value]]


def linear(node: ir.Node, weight: ir.Value, quantized: QuantizedInputs) -> None:
    """Replace MatMul(x [..., K], W [K, N]). `quantized` remembers each quantized x."""
    multiply(node, [stored(weight, axis=0)], quantized)


def multiply(node: ir.Node, parts: Sequence[tuple[ir.Value, ir.Value]], quantized: QuantizedInputs) -> None:
    """Replace MatMul(x [..., K], W), where W concatenates `parts`, each codes i8 [K, N] * scale f32 [N]."""
    x, name = node.inputs[0], node.outputs[0].name
    assert x is not None
    new: list[ir.Node] = []
    key = scope(node), x
    if key not in quantized:
        to_int8 = operator("DynamicQuantizeLinear", f"{name}.quantize", [x], outputs=3)
        quantized[key] = list(to_int8.outputs)
        new.append(to_int8)
    x_codes, x_scale, x_zero = quantized[key]
    products: list[ir.Value] = []
    for index, (codes, weight_scale) in enumerate(parts):
        part = f"{name}.{index}" if len(parts) > 1 else name
        zero = initializer(owner(weight_scale), ir.tensor(np.array(0, np.int8), name=f"{part}.zero"))
        product = operator("MatMulInteger", f"{part}.product", [x_codes, codes, x_zero, zero])
        as_float = cast_to_float(product.outputs[0], f"{part}.float")
        scale = operator("Mul", f"{part}.scales", [x_scale, weight_scale])
        result = operator("Mul", f"{part}.scaled", [as_float.outputs[0], scale.outputs[0]])
        new += [product, as_float, scale, result]
        products += result.outputs
    if len(products) > 1:
        new.append(operator("Concat", f"{name}.parts", products, axis=-1))
    substitute(node, new)


def table(node: ir.Node, weight: ir.Value) -> None:
    """Store a table in int8 and widen the rows it looks up.

    Gather(W, ids) --> y        Gather(W8, ids) ----> Cast --> Mul --> y
                                Gather(scales, ids) ------------^
    """
    ids, y = node.inputs[1], node.outputs[0]
    codes, row_scales = stored(weight, axis=1)
    rows = operator("Gather", f"{y.name}.rows", [codes, ids])
    as_float = cast_to_float(rows.outputs[0], f"{y.name}.float")
    scale = operator("Gather", f"{y.name}.row_scales", [row_scales, ids])
    result = operator("Mul", f"{y.name}.scaled", [as_float.outputs[0], scale.outputs[0]])
    substitute(node, [rows, as_float, scale, result])


def kernel(node: ir.Node, weight: ir.Value, widened: Widened) -> None:
    """Store the weight [out, in, h, w] of a Conv in int8; its first reader in the graph widens it for all.

    W --> Conv        W8 --> Cast --> Mul(scale) --> Conv
    """
    key = scope(node), str(weight.name)
    if key not in widened:
        codes, scale = stored(weight, axis=1)
        as_float = cast_to_float(codes, f"{node.outputs[0].name}.codes")
        scaled = operator("Mul", f"{node.outputs[0].name}.widen", [as_float.outputs[0], scale])
        key[0].insert_before(node, [as_float, scaled])
        widened[key] = scaled.outputs[0]
    node.replace_input_with(1, widened[key])


def stored(weight: ir.Value, axis: int) -> tuple[ir.Value, ir.Value]:
    """A weight in int8 and its scales, one a column (axis 0) or one a row (axis 1), as initializers.

    A convolution's kernel counts as a matrix with a row an output channel. Each reader gets its own
    initializer of the codes, but all refer to the same bytes of the data file. This is because onnxruntime,
    where it converts S8 weights to U8 (see above), cannot open a graph in which two operators share one.
    """
    name, graph, numbers = str(weight.name), owner(weight), array(weight)
    if name + CODES in graph.initializers:
        first, scale = graph.initializers[name + CODES], graph.initializers[name + SCALE]
        assert first.const_value is not None
        return same_bytes(graph, first.const_value, f"{name}{CODES}.{len(scale.uses())}"), scale
    matrix = numbers.reshape(len(numbers), -1)
    scales = scales_of(matrix, axis)

    def codes() -> np.ndarray:
        result = np.empty(matrix.shape, np.int8)
        for part in columns(matrix):
            divisor = scales if axis == 1 else scales[:, part]
            result[:, part] = np.clip(np.rint(matrix[:, part] / divisor), -LEVELS, LEVELS)
        return result.reshape(numbers.shape)

    # [V, 1] for a table, [out, 1, 1, 1] for a kernel, [N] for a linear.
    stored_scales = scales.reshape(-1, *(1,) * (numbers.ndim - 1)) if axis == 1 else scales[0]
    return (
        lazy(graph, name + CODES, codes, ir.DataType.INT8, numbers.shape),
        initializer(graph, ir.tensor(stored_scales, name=name + SCALE)),
    )


def scales_of(weight: np.ndarray, axis: int) -> np.ndarray:
    """max|w| / 127 over `axis`, which keeps length 1; the scale is 1 where all weights are zero."""
    parts = [np.abs(weight[:, part]).max(axis=axis, keepdims=True) for part in columns(weight)]
    largest = np.max(parts, axis=0) if axis == 1 else np.concatenate(parts, axis=1)
    return np.where(largest == 0, 1, largest / LEVELS).astype(np.float32)
