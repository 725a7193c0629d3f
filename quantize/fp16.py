"""Half precision as a way to store weights: they are widened to float32 before they are used.

    W --> MatMul, Conv          W16 --> Cast --> MatMul, Conv
    W --> Gather                W16 --> Gather --> Cast

onnxruntime folds the first Cast when it loads a graph, which costs memory and no time; the low-memory profile
tells it not to (optimizers ConstantFolding and FuseFp16InitializerToFp32NodeTransformer). Activations stay
float32: the step's sums need it.
"""

import numpy as np
import onnx_ir as ir

from quantize.graph_edit import Widened, array, cast_to_float, lazy, operator, owner, scope, substitute

HALF = ".fp16"
LARGEST = 65504.0


def fits(weight: ir.Value) -> bool:
    """Whether all numbers are within half precision's range."""
    return all(bool(np.abs(part).max(initial=0) <= LARGEST) for part in array(weight))


def matrix(node: ir.Node, weight: ir.Value, widened: Widened) -> None:
    """Widens the weight of a MatMul or Conv in front of its first reader in the graph."""
    key = scope(node), str(weight.name)
    if key not in widened:
        cast = cast_to_float(stored(weight), f"{node.outputs[0].name}.widen")
        key[0].insert_before(node, cast)
        widened[key] = cast.outputs[0]
    node.replace_input_with(1, widened[key])


def table(node: ir.Node, weight: ir.Value) -> None:
    """Widens the rows that are looked up."""
    rows = operator("Gather", f"{node.outputs[0].name}.rows", [stored(weight), node.inputs[1]])
    substitute(node, [rows, cast_to_float(rows.outputs[0], f"{node.outputs[0].name}.float")])


def stored(weight: ir.Value) -> ir.Value:
    """A weight in half precision, as an initializer its readers share."""
    name, graph, numbers = str(weight.name), owner(weight), array(weight)
    if name + HALF in graph.initializers:
        return graph.initializers[name + HALF]
    return lazy(graph, name + HALF, lambda: numbers.astype(np.float16), ir.DataType.FLOAT16, numbers.shape)
