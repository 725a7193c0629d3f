"""From a graph module to an ONNX model: torch.onnx.export with the settings every graph shares."""

import ast
import logging
import warnings
from collections import Counter

import onnx_ir as ir
import torch
from torch.export import Dim

from export.graphs import ROWS, STEPS, GraphSpec

OPSET = 23  # the first with Attention, RMSNormalization and RotaryEmbedding as single operators

# Rows are 1 or 2; a run has at least one step.
DIMENSIONS = {ROWS: Dim(ROWS, min=1, max=2), STEPS: Dim(STEPS, min=1, max=1024)}


def trace(spec: GraphSpec) -> ir.Model:
    """The graph as an ONNX model, its tensors still in memory; named inputs and outputs as in the spec."""
    module = spec.build().eval()
    shapes = {
        name: {axis: DIMENSIONS[dimension] for axis, dimension in spec.dynamic.get(name, {}).items()}
        for name in spec.inputs
    }
    # The exporter reports each absent optional package (torchvision) as a warning; real trouble raises.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.no_grad(), warnings.catch_warnings():
        # Deprecations inside the exporter, and a notice that inputs which share a dimension share its name.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            tuple(spec.inputs.values()),
            input_names=list(spec.inputs),
            output_names=list(spec.outputs),
            dynamic_shapes=tuple(shapes.values()),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    name_weights(program.model)
    return program.model


def name_weights(model: ir.Model) -> None:
    """Names the weights of linears and tables, and the linears' outputs, after their module.

    The exporter folds a linear's transposition into a constant and calls it val_6; a report, or a recipe that
    keeps a layer float, needs a name that lasts ("double_blocks.0.image.qkv", its output "....out.0").
    """
    outputs: Counter[str] = Counter()
    for node in model.graph:
        if node.op_type not in ("MatMul", "Gather"):
            continue
        weight = node.inputs[1 if node.op_type == "MatMul" else 0]
        if weight is None or not weight.is_initializer():
            continue
        scopes: list[str] = ast.literal_eval(node.metadata_props["pkg.torch.onnx.name_scopes"])
        layer = scopes[-2]
        if (weight.name or "").startswith("val_"):
            weight.name = layer
        if node.op_type == "MatMul" and not node.outputs[0].is_graph_output():
            node.outputs[0].name = f"{layer}.out.{outputs[layer]}"
            outputs[layer] += 1
