"""Stores weights in half precision; the graph widens them to float32 before it uses them.

    W --> MatMul, Conv          W16 --> Cast --> MatMul, Conv
    W --> Gather                W16 --> Gather --> Cast

onnxruntime folds the first Cast when it loads a graph, which costs memory but no time. The low-memory profile
turns that off (optimizers ConstantFolding and FuseFp16InitializerToFp32NodeTransformer). Activations stay
float32, because the step's sums need its precision.
"""

import numpy as np
import onnx_ir as ir

from quantize.graph_edit import Widened, array, cast_to_float, lazy, operator, owner, scope, substitute

HALF = ".fp16"
LARGEST = float(np.finfo(np.float16).max)


def fits(weight: ir.Value) -> bool:
    """Whether half precision can represent the weight's largest number."""
    return all(bool(np.abs(part).max(initial=0) <= LARGEST) for part in array(weight))


def matrix(node: ir.Node, weight: ir.Value, widened: Widened) -> None:
    """Store the weight of a MatMul or Conv in half precision and widen it before its first reader."""
    key = scope(node), str(weight.name)
    if key not in widened:
        cast = cast_to_float(stored(weight), f"{node.outputs[0].name}.widen")
        key[0].insert_before(node, cast)
        widened[key] = cast.outputs[0]
    node.replace_input_with(1, widened[key])


def table(node: ir.Node, weight: ir.Value) -> None:
    """Store the table of a Gather in half precision and widen the rows it looks up."""
    rows = operator("Gather", f"{node.outputs[0].name}.rows", [stored(weight), node.inputs[1]])
    substitute(node, [rows, cast_to_float(rows.outputs[0], f"{node.outputs[0].name}.float")])


def stored(weight: ir.Value) -> ir.Value:
    """The weight in half precision, as an initializer that its readers share."""
    name, graph, numbers = str(weight.name), owner(weight), array(weight)
    if name + HALF in graph.initializers:
        return graph.initializers[name + HALF]
    return lazy(graph, name + HALF, lambda: numbers.astype(np.float16), ir.DataType.FLOAT16, numbers.shape)
