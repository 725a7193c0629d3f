"""From a graph module to an ONNX model: torch.onnx.export with the settings that all graphs share."""

import logging
import warnings
from collections import Counter

import onnx_ir as ir
import torch
from onnx_ir.passes.common import CommonSubexpressionEliminationPass, RemoveUnusedNodesPass
from onnxscript.optimizer import fold_constants
from torch.export import Dim

from export.attention import tile_attention
from export.graphs import ROWS, STEPS, GraphSpec
from export.npu import TRANSLATIONS

OPSET = 23  # the first with Attention, RMSNormalization and RotaryEmbedding as single operators

LARGE = 2**31  # numbers of a constant

# Rows are 1 or 2; a run has at least one step.
DIMENSIONS = {ROWS: Dim(ROWS, min=1, max=2), STEPS: Dim(STEPS, min=1, max=1024)}


def trace(spec: GraphSpec) -> ir.Model:
    """The graph as an ONNX model in the operators of its unit, with its tensors still in memory."""
    module = spec.build().eval()
    shapes = {
        name: {axis: DIMENSIONS[dimension] for axis, dimension in spec.dynamic.get(name, {}).items()}
        for name in spec.inputs
    }
    # The exporter warns of each absent optional package (torchvision); real trouble raises.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.no_grad(), warnings.catch_warnings():
        # Deprecations inside the exporter, and a notice that inputs share the names of dimensions.
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
            custom_translation_table=TRANSLATIONS if spec.npu else None,
        )
        assert program is not None
        fold_transposes(program.model)
        program.optimize()
    name_linears(program.model)
    if spec.npu:
        fold_tables(program.model)
    else:
        tile_attention(program.model)
    return program.model


def fold_tables(model: ir.Model) -> None:
    """Compute what depends on constants alone, whatever its size: the NPU wants tables so.

    The exporter's own folding leaves large constants alone.
    """
    CommonSubexpressionEliminationPass()(model)  # so that equal tables become one
    fold_constants(model, input_size_limit=LARGE, output_size_limit=LARGE)
    RemoveUnusedNodesPass()(model)


def fold_transposes(model: ir.Model) -> None:
    """Store the weight of each linear as its MatMul reads it, [in, out], under the layer's name.

        x --------------------> MatMul         x --> MatMul
        W [out, in] --> Transpose --^    ==>   W^T -----^

    The exporter's own folding transposes a large weight at run time if several MatMuls share it, as the
    chunks of the last projection do, and quantizers then recognise none of them as a linear.
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
            weight.const_value = None  # because the exporter's graph lives on and refers to it


def transposed(name: str, tensor: ir.TensorProtocol, axes: list[int]) -> ir.Value:
    """An initializer that is a view: it is transposed while it is written."""
    view = ir.tensor(tensor.numpy().transpose(axes), name=name)
    return ir.Value(
        name=name, shape=ir.Shape(view.shape.numpy()), type=ir.TensorType(view.dtype), const_value=view
    )


def name_linears(model: ir.Model) -> None:
    """Name the outputs of linears after their layer: "double_blocks.0.image.qkv.out.0"."""
    uses: Counter[str] = Counter()
    for node in model.graph:
        weight = node.inputs[1] if node.op_type == "MatMul" else None
        if weight is not None and weight.is_initializer() and not node.outputs[0].is_graph_output():
            node.outputs[0].name = f"{weight.name}.out.{uses[str(weight.name)]}"
            uses[str(weight.name)] += 1
