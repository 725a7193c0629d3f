"""From a graph module to an ONNX model: torch.onnx.export with the settings every graph shares."""

import logging
import warnings
from collections import Counter

import onnx_ir as ir
import torch
from torch.export import Dim

from export.attention import tile_attention
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
            optimize=False,
        )
        assert program is not None
        fold_transposes(program.model)
        program.optimize()
    tile_attention(program.model)
    name_linears(program.model)
    return program.model


def fold_transposes(model: ir.Model) -> None:
    """Stores each linear's weight as its MatMul reads it, [in, out], under its layer's name.

        x --------------------> MatMul         x --> MatMul
        W [out, in] --> Transpose --^    ==>   W^T -----^

    The exporter's own folding leaves a large weight transposed at run time if several MatMuls share it (the
    chunks of the last projection do), and quantizers then take none of them for a linear.
    """
    graph = model.graph
    for node in list(graph):
        weight = node.inputs[0] if node.op_type == "Transpose" else None
        if weight is None or not weight.is_initializer():
            continue
        tensor = weight.const_value
        assert tensor is not None and weight.name is not None
        name = weight.name.removesuffix(".weight")
        if name not in graph.initializers:
            graph.register_initializer(transposed(name, tensor, list(node.attributes["perm"].as_ints())))
        ir.convenience.replace_all_uses_with(node.outputs[0], graph.initializers[name])
        graph.remove(node, safe=True)
        if not weight.uses():
            del graph.initializers[weight.name]
            weight.const_value = None  # the exporter's graph, which outlives its use, remembers the value


def transposed(name: str, tensor: ir.TensorProtocol, axes: list[int]) -> ir.Value:
    """An initializer; a view, whose numbers change places while they are written."""
    view = ir.tensor(tensor.numpy().transpose(axes), name=name)
    return ir.Value(
        name=name, shape=ir.Shape(view.shape.numpy()), type=ir.TensorType(view.dtype), const_value=view
    )


def name_linears(model: ir.Model) -> None:
    """Names the outputs of linears after their layer: "double_blocks.0.image.qkv.out.0"."""
    uses: Counter[str] = Counter()
    for node in model.graph:
        weight = node.inputs[1] if node.op_type == "MatMul" else None
        if weight is not None and weight.is_initializer() and not node.outputs[0].is_graph_output():
            node.outputs[0].name = f"{weight.name}.out.{uses[str(weight.name)]}"
            uses[str(weight.name)] += 1
