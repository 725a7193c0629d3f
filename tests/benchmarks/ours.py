"""Write a workload's bundles, and the floor of their step: its int8 products alone."""

import math
from pathlib import Path

import numpy as np
import onnx_ir as ir

from export.build_manifest import write_tokenizer
from export.bundle_writer import write_manifest
from export.calibration import calibration
from export.graphs import graphs
from export.onnx_graph import write_graph
from export.trace import OPSET
from quantize.onnx_files import load, save
from quantize.recipe import Precision, Recipe
from reference.checkpoint import load_checkpoint
from reference.errors import UserError
from tests.float_bundle import manifest_of

PRODUCTS = {"fp32": "MatMul", "int8": "MatMulInteger", "int4": "QLinearMul"}  # the operator that multiplies


def write_bundle(source: Path, size: tuple[int, int], precision: Precision, folder: Path) -> None:
    """Write a checkpoint's bundle for pictures of (width, height) as `export.onnx` does, without
    verification: it would take long at the full size, and the benchmark compares the answers.
    """
    checkpoint = load_checkpoint(str(source), stream=True)
    recipe, drawings = Recipe.uniform(precision), calibration(checkpoint, size)
    precisions: dict[str, str] = {}
    folder.mkdir()
    for name in graphs(checkpoint, size):
        path = folder / f"{name}.onnx"
        precisions[name] = write_graph(checkpoint, name, [size], recipe, path, drawings).precision
        drawings.pass_on(name, path)
    write_tokenizer(folder, checkpoint)
    write_manifest(folder, manifest_of(folder, checkpoint, size, precisions))
    check_products(folder, precision)


def check_products(folder: Path, precision: str) -> None:
    """Raises UserError if the step does not use the operator of its precision."""
    wanted = PRODUCTS[precision]
    if not any(node.op_type == wanted for node in load(folder / "transformer.onnx").graph):
        raise UserError(f"{folder}: no {wanted} for {precision}: nothing was quantized so")


def write_floor(bundle: Path, target: Path) -> None:
    """The int8 products of a bundle's step graph and nothing else, with its own weights.

        codes [1, rows, K] --> MatMulInteger(W8) --> Cast --> Mul --> first number --.
        codes [1, rows, K] --> MatMulInteger(W8) --> Cast --> Mul --> first number ---> Concat
        ...

    Shapes and count are the step's. The form is the one that onnxruntime fuses in the step too, so it runs
    the same kernels. Products of one K and one number of rows share their input.
    """
    source = load(bundle / "transformer.onnx").graph
    inputs_of = {node.outputs[0].name: node.inputs[0] for node in source if "QuantizeLinear" in node.op_type}
    scale = ir.Value(name="scale", type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape([]))
    zero = ir.Value(name="zero", type=ir.TensorType(ir.DataType.UINT8), shape=ir.Shape([]))
    corner, one, axes = (
        constant(ir.tensor(array, name=name), name)
        for name, array in (
            ("corner", np.zeros(3, np.int64)),
            ("one", np.ones(3, np.int64)),
            ("axes", np.arange(3, dtype=np.int64)),
        )
    )
    stored = {"corner": corner, "one": one, "axes": axes}
    codes: dict[tuple[int, int], ir.Value] = {}
    nodes: list[ir.Node] = []
    firsts: list[ir.Value] = []
    for node in source:
        if node.op_type != "MatMulInteger":
            continue
        *lead, width = (2 if isinstance(side, ir.SymbolicDim) else side for side in shape(inputs_of, node))
        rows = math.prod(lead)
        weight, weight_scale = kept(stored, node.inputs[1]), kept(stored, scale_of(node))
        if (rows, width) not in codes:
            codes[rows, width] = ir.Value(
                name=f"codes.{rows}x{width}",
                type=ir.TensorType(ir.DataType.UINT8),
                shape=ir.Shape([1, rows, width]),
            )
        weight_zero = kept(stored, node.inputs[3])
        product = ir.Node("", "MatMulInteger", [codes[rows, width], weight, zero, weight_zero])
        as_float = ir.Node("", "Cast", [product.outputs[0]], [ir.AttrInt64("to", ir.DataType.FLOAT)])
        scales = ir.Node("", "Mul", [scale, weight_scale])
        result = ir.Node("", "Mul", [as_float.outputs[0], scales.outputs[0]])
        first = ir.Node("", "Slice", [result.outputs[0], corner, one, axes])
        nodes += [product, as_float, scales, result, first]
        firsts.append(first.outputs[0])
    joined = ir.Node("", "Concat", firsts, [ir.AttrInt64("axis", 0)])
    joined.outputs[0].name, joined.outputs[0].type = "firsts", ir.TensorType(ir.DataType.FLOAT)
    graph = ir.Graph(
        [scale, zero, *codes.values()],
        joined.outputs,
        nodes=[*nodes, joined],
        initializers=list(stored.values()),
        opset_imports={"": OPSET},
    )
    save(ir.Model(graph, ir_version=10), target)


def shape(inputs_of: dict[str, ir.Value], product: ir.Node) -> ir.Shape:
    """Of the float activation behind a product's codes."""
    found = inputs_of[product.inputs[0].name].shape
    assert found is not None
    return found


def scale_of(product: ir.Node) -> ir.Value:
    """The weight's: MatMulInteger --> Cast --> Mul, whose other input is Mul(scale of x, scale of W)."""
    scaled = only_reader(only_reader(product))
    scales = scaled.inputs[1].producer()
    return scales.inputs[1]


def only_reader(node: ir.Node) -> ir.Node:
    (use,) = node.outputs[0].uses()
    return use.node


def kept(stored: dict[str, ir.Value], value: ir.Value) -> ir.Value:
    """An initializer of the source as one of the new graph, its data still in the source's file."""
    if value.name not in stored:
        stored[value.name] = constant(value.const_value, value.name)
    return stored[value.name]


def constant(tensor: ir.TensorProtocol, name: str) -> ir.Value:
    shape = ir.Shape(tensor.shape.numpy())
    return ir.Value(name=name, shape=shape, type=ir.TensorType(tensor.dtype), const_value=tensor)
