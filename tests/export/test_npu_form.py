"""The form of a graph for the NPU: what depends on the fixed shapes alone is computed in advance."""

import numpy as np
import onnx_ir as ir
import onnxruntime

from export.npu_form import to_npu_form
from quantize.graph_edit import operator
from quantize.static_int8 import constant

HEADS, WIDTH, POSITIONS = 2, 8, 5
SHAPE = (2, POSITIONS, HEADS * WIDTH)


def rotation() -> ir.Model:
    """Rotary embedding of x [rows, 5, 16] at positions that the graph slices and expands at run time.

    The exporter leaves the slices of large constants in a graph.
    """
    x = ir.Value(name="x", type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape(["rows", *SHAPE[1:]]))
    graph = ir.Graph([x], [], nodes=[], opset_imports={"": 23}, name="rotation")
    angles = np.linspace(0, 3, 3 * POSITIONS * WIDTH // 2, dtype=np.float32).reshape(-1, WIDTH // 2)
    tables = [
        constant(graph, name, table) for name, table in (("cos", np.cos(angles)), ("sin", np.sin(angles)))
    ]
    every = constant(graph, "positions", np.arange(3 * POSITIONS)[None])
    bounds = [
        constant(graph, f"bound.{name}", np.array([bound]))
        for name, bound in (("start", POSITIONS), ("end", 2 * POSITIONS), ("axis", 1))
    ]
    some = operator("Slice", "some", [every, *bounds])
    rows = operator("Shape", "rows", [x], start=0, end=1)
    shape = operator("Concat", "shape", [rows.outputs[0], constant(graph, "one", np.array([1]))], axis=0)
    ids = operator("Expand", "ids", [some.outputs[0], shape.outputs[0]])
    rotated = operator(
        "RotaryEmbedding", "turned", [x, *tables, ids.outputs[0]], interleaved=1, num_heads=HEADS
    )
    last = operator("Identity", "y", rotated.outputs)
    graph.extend([some, rows, shape, ids, rotated, last])
    rotated.outputs[0].shape = x.shape
    last.outputs[0].type, last.outputs[0].shape = x.type, x.shape
    graph.outputs.append(last.outputs[0])
    return ir.Model(graph, ir_version=10)


def run(model: ir.Model, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(ir.to_proto(model).SerializeToString())
    return session.run(None, {"x": x})[0]


def test_positions_sliced_at_run_time_are_folded() -> None:
    x = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    model = rotation()
    expected = run(model, x)
    to_npu_form(model, {"x": SHAPE})
    assert {node.op_type for node in model.graph} == {"Reshape", "Mul", "MatMul", "Add", "Identity"}
    assert model.graph.inputs[0].shape == SHAPE
    np.testing.assert_allclose(run(model, x), expected, atol=1e-5)
