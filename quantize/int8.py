"""Dynamic int8: per-channel symmetric S8 weights, U8 activations whose range is found at run time.

Each linear becomes the form onnxruntime fuses on load and whose kernels ARM and x86 have:

    x --> MatMul(W) --> y        x --> DynamicQuantizeLinear --> MatMulInteger(W8) --> Cast --> Mul --> y
                                                 '-- scale --> Mul(scale of W) ------------------'

Linears that read the same x share one DynamicQuantizeLinear. Tables that are only looked up (Gather) are
stored in int8 with a scale a row and widened after the look-up. Attention's own products stay float:
quantizing them gains no time and costs 8 % error. Convolutions stay float: dynamic int8 does not speed them
up.

U8 x S8 products are summed in pairs to 16 bits by x86 processors with AVX2 but without VNNI, where they can
saturate (89 % of the stickers' tokens instead of 95 %) unless the session says
`session.x64quantprecision`, as `runtime.engine.session_options` does; ARM and VNNI are exact.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx_ir as ir

from quantize.store import load, save

LEVELS = 127  # symmetric: -127 .. 127


@dataclass
class Int8Report:
    """What happened to every float tensor of a graph. Nothing is left float without a reason."""

    linears: list[str] = field(default_factory=list)  # the weight of each MatMul; a shared one more than once
    tables: list[str] = field(default_factory=list)
    left_float: dict[str, str] = field(default_factory=dict)  # name -> reason

    def __str__(self) -> str:
        counts = f"{len(self.linears)} linears and {len(self.tables)} tables in int8"
        return f"{counts}, {len(self.left_float)} tensors float"


def quantize_int8(source: Path, target: Path, keep_float: Collection[str] = ()) -> Int8Report:
    """Quantizes the linears and tables of the float graph `source` into `target`.

    keep_float names weights to leave as they are. Raises ValueError for a name that is no weight of the
    graph, and for a Gemm, which would stay float in silence; OSError when the target cannot be written.
    """
    model = load(source)
    graph = model.graph
    report = Int8Report()
    quantized_inputs: dict[str, list[ir.Value]] = {}
    unknown = set(keep_float) - set(graph.initializers)
    if unknown:
        raise ValueError(
            f"{source.name}: keep_float names no weight of the graph: {', '.join(sorted(unknown))}"
        )
    for node in list(graph):
        if hides_weight(node):
            raise ValueError(
                f"{source.name}: {node.op_type} {node.name} hides a weight: export linears with rows of three"
                " dimensions and weights stored as they are read"
            )
        if node.op_type == "MatMul" and (weight := matrix(node.inputs[1])) and weight.name not in keep_float:
            quantize_linear(graph, node, weight, quantized_inputs)
            report.linears.append(str(weight.name))
        elif node.op_type == "Gather" and (table := matrix(node.inputs[0])) and table.name not in keep_float:
            quantize_table(graph, node, table)
            report.tables.append(str(table.name))
    for name in dict.fromkeys((*report.linears, *report.tables)):
        if not graph.initializers[name].uses():
            del graph.initializers[name]
    for name, value in graph.initializers.items():
        if value.dtype == ir.DataType.FLOAT and not name.endswith(SCALE):
            report.left_float[name] = reason(value, keep_float)
    save(model, target)
    return report


QUANTIZED, SCALE = ".int8", ".scale"


def matrix(value: ir.Value | None) -> ir.Value | None:
    """The value if it is a constant float matrix of the graph."""
    if value is None or value.const_value is None or not value.is_initializer():
        return None
    return value if value.dtype == ir.DataType.FLOAT and value.const_value.shape.rank() == 2 else None


def hides_weight(node: ir.Node) -> bool:
    """Whether a linear would stay float in silence: a Gemm, or a MatMul of a weight computed at run time."""
    if node.op_type == "Gemm":
        return True
    maker = node.inputs[1].producer() if node.op_type == "MatMul" and node.inputs[1] is not None else None
    return maker is not None and all(value is None or value.is_initializer() for value in maker.inputs)


def reason(value: ir.Value, keep_float: Collection[str]) -> str:
    if value.name in keep_float:
        return "kept float on request"
    readers = sorted({use.node.op_type for use in value.uses()})
    if value.shape is not None and value.shape.rank() <= 1:
        return f"vector or number ({', '.join(readers)})"
    return f"not the weight of a linear or a table ({', '.join(readers)})"


def scales_of(weight: np.ndarray, axis: int) -> np.ndarray:
    """max|w| / 127 over `axis`, kept as an axis of length 1; 1 where all weights are zero."""
    largest = np.abs(weight).max(axis=axis, keepdims=True)
    return np.where(largest == 0, 1, largest / LEVELS).astype(np.float32)


def add_quantized(graph: ir.Graph, weight: ir.Value, axis: int) -> tuple[ir.Value, ir.Value]:
    """A matrix in int8 and its scales, one for each slice along `axis`, as initializers its readers share."""
    name = str(weight.name)
    if name + QUANTIZED in graph.initializers:
        return graph.initializers[name + QUANTIZED], graph.initializers[name + SCALE]
    tensor = weight.const_value
    assert tensor is not None
    scale = scales_of(tensor.numpy(), axis)

    def codes() -> ir.TensorProtocol:
        rounded = np.clip(np.rint(tensor.numpy() / scale), -LEVELS, LEVELS)
        return ir.tensor(rounded.astype(np.int8), name=name + QUANTIZED)

    # Lazy, so that one matrix at a time is in memory while the graph is written.
    shape = ir.Shape(tensor.shape.numpy())
    lazy = ir.LazyTensor(codes, dtype=ir.DataType.INT8, shape=shape, name=name + QUANTIZED)
    stored = scale if axis == 1 else scale[0]  # a scale a row [V, 1], a scale an output channel [N]
    return initializer(graph, lazy), initializer(graph, ir.tensor(stored, name=name + SCALE))


def initializer(graph: ir.Graph, tensor: ir.TensorProtocol) -> ir.Value:
    shape = ir.Shape(tensor.shape.numpy())
    value = ir.Value(name=tensor.name, shape=shape, type=ir.TensorType(tensor.dtype), const_value=tensor)
    graph.register_initializer(value)
    return value


def quantize_linear(
    graph: ir.Graph, node: ir.Node, weight: ir.Value, quantized_inputs: dict[str, list[ir.Value]]
) -> None:
    """Replaces MatMul(x [..., K], W [K, N]); quantized_inputs remembers the 8-bit form of each x."""
    x, y = node.inputs[0], node.outputs[0]
    assert x is not None
    codes, weight_scale = add_quantized(graph, weight, axis=0)
    made: list[ir.Node] = []
    if str(x.name) not in quantized_inputs:
        to_int8 = ir.Node("", "DynamicQuantizeLinear", [x], num_outputs=3, name=f"{x.name}.quantize")
        quantized_inputs[str(x.name)] = list(to_int8.outputs)
        made.append(to_int8)
    x_codes, x_scale, x_zero = quantized_inputs[str(x.name)]
    product = ir.Node("", "MatMulInteger", [x_codes, codes, x_zero], name=f"{y.name}.product")
    as_float = ir.Node(
        "", "Cast", [product.outputs[0]], [ir.AttrInt64("to", ir.DataType.FLOAT)], name=f"{y.name}.float"
    )
    scale = ir.Node("", "Mul", [x_scale, weight_scale], name=f"{y.name}.scales")
    result = ir.Node("", "Mul", [as_float.outputs[0], scale.outputs[0]], name=f"{y.name}.scaled")
    substitute(graph, node, [*made, product, as_float, scale, result], y, result.outputs[0])


def quantize_table(graph: ir.Graph, node: ir.Node, table: ir.Value) -> None:
    """Replaces Gather(table [V, D], ids) by widening the gathered int8 rows."""
    if node.attributes.get_int("axis", 0) != 0:
        raise ValueError(f"{node.name} looks up columns of {table.name}; only rows are supported")
    ids, y = node.inputs[1], node.outputs[0]
    codes, row_scales = add_quantized(graph, table, axis=1)
    rows = ir.Node("", "Gather", [codes, ids], name=f"{y.name}.rows")
    as_float = ir.Node(
        "", "Cast", [rows.outputs[0]], [ir.AttrInt64("to", ir.DataType.FLOAT)], name=f"{y.name}.float"
    )
    scale = ir.Node("", "Gather", [row_scales, ids], name=f"{y.name}.row_scales")
    result = ir.Node("", "Mul", [as_float.outputs[0], scale.outputs[0]], name=f"{y.name}.scaled")
    substitute(graph, node, [rows, as_float, scale, result], y, result.outputs[0])


def substitute(
    graph: ir.Graph, node: ir.Node, new: list[ir.Node], old_value: ir.Value, new_value: ir.Value
) -> None:
    new_value.name, new_value.type, new_value.shape = old_value.name, old_value.type, old_value.shape
    graph.insert_before(node, new)
    ir.convenience.replace_all_uses_with(old_value, new_value, replace_graph_outputs=True)
    graph.remove(node, safe=True)
