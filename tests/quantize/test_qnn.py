"""A step for the NPU in codes: small rounding errors, every weight in few bits, no number rounded twice."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from quantize.errors import QuantizationError
from quantize.gptq import whole_columns
from quantize.gptq_moments import Observer
from quantize.graph_edit import array
from quantize.onnx_files import load
from quantize.qnn import MOVES, NpuGraph, quantize_qnn
from runtime.parity import measures
from tests.npu.steps import Feed, float_step, random_feeds


@pytest.fixture(scope="module")
def step(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return float_step(tmp_path_factory.mktemp("npu"))


def feeds(step: Path, count: int) -> list[Feed]:
    return random_feeds(load(step).graph, count)


@pytest.fixture(scope="module")
def quantized(step: Path) -> tuple[Path, NpuGraph]:
    target = step.with_name("quantized.onnx")
    return target, quantize_qnn(step, target, feeds(step, 8))


def run(path: Path, feed: Feed) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["features"], feed)[0]


def encoded(graph: ir.Graph) -> Iterator[tuple[ir.Node, ir.Node]]:
    """Every operator with the node that quantizes its output."""
    for node in graph:
        if node.op_type == "QuantizeLinear" and node.inputs[0].producer() is not None:
            yield node.inputs[0].producer(), node


def test_steps_it_was_not_calibrated_on_stay_near_the_float_graphs(step, quantized):
    for feed in feeds(step, 12)[8:]:
        assert 30 < measures.psnr(run(step, feed), run(quantized[0], feed)) < 80


def test_every_operator_computes_on_codes(step, quantized):
    path, report = quantized
    graph = load(path).graph
    operators = [node for node in graph if not node.op_type.endswith("Linear")]
    assert sum(report.operators.values()) == len(operators) == len(list(load(step).graph))
    floats = [
        value
        for node in operators
        for value in node.inputs
        if value.dtype == ir.DataType.FLOAT and value.producer().op_type != "DequantizeLinear"
    ]
    assert floats == []


def test_every_matrix_is_in_8_bits_with_a_scale_a_column(step, quantized):
    path, report = quantized
    graph = load(path).graph
    matrices = {
        node.inputs[1].name: node.inputs[1].const_value.numpy()
        for node in load(step).graph
        if node.op_type == "MatMul" and node.inputs[1].is_initializer()
    }
    assert report.weights == dict.fromkeys(matrices, "INT8") and len(matrices) > 20
    for name, matrix in matrices.items():
        codes, scale, zero = (
            array(graph.initializers[f"{name}.{part}"]) for part in ("codes", "scale", "zero")
        )
        assert codes.dtype == zero.dtype == np.int8 and not zero.any()
        np.testing.assert_allclose(codes * scale, matrix, atol=scale.max() / 2 * 1.001)


def test_what_only_moves_numbers_keeps_their_scale(quantized):
    moved = 0
    for node, quantize in encoded(load(quantized[0]).graph):
        if node.op_type in MOVES:
            assert node.inputs[0].producer().inputs[1:] == quantize.inputs[1:], node.name
            moved += 1
    assert moved > 20


def test_the_turn_of_a_rotation_is_exact(quantized):
    graph = load(quantized[0]).graph
    turns = [
        array(value) for name, value in graph.initializers.items() if "lifted" in name and "codes" in name
    ]
    assert len(turns) == sum(node.op_type == "Softmax" for node in graph) * 2
    assert all(set(np.unique(turn)) == {-127, 0, 127} for turn in turns)


def test_matrices_in_4_bits_have_a_scale_a_column_and_zero_points(step, tmp_path):
    observer, target = Observer(step, threads=1), tmp_path / "small.onnx"
    for feed in feeds(step, 2):
        observer.run(feed)
    report = quantize_qnn(step, target, feeds(step, 8), observer.moments())
    assert report.precision == "int4" and set(report.weights.values()) == {"INT4"}
    graph = load(target).graph
    for name in report.weights:
        codes, zero = graph.initializers[f"{name}.codes"], graph.initializers[f"{name}.zero"]
        assert codes.dtype == zero.dtype == ir.DataType.INT4
        assert not array(zero).any() and array(graph.initializers[f"{name}.scale"]).min() > 0
    feed = feeds(step, 9)[8]
    assert 12 < measures.psnr(run(step, feed), run(target, feed)) < 40


def test_gptq_of_whole_columns_beats_rounding_to_the_nearest():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(400, 64)) @ generator.normal(size=(64, 64))
    weight = generator.normal(size=(64, 32)).astype(np.float32)
    moment = (inputs.T @ inputs).astype(np.float32)
    losses = []
    for given in (None, moment[None]):
        codes, scales = whole_columns(weight, given)
        assert codes.dtype == np.int8 and codes.min() >= -8 and codes.max() <= 7
        losses.append(np.square(inputs @ (codes * scales - weight)).sum())
    assert losses[1] < 0.7 * losses[0]


def test_names_of_inputs_and_outputs_stay(step, quantized):
    plain, graph = load(step).graph, load(quantized[0]).graph
    assert [value.name for value in graph.inputs] == [value.name for value in plain.inputs]
    assert [value.name for value in graph.outputs] == ["features"]


def test_without_steps_it_is_refused(step, tmp_path):
    with pytest.raises(QuantizationError, match=r"^float.onnx: no step to calibrate on: .*$"):
        quantize_qnn(step, tmp_path / "x.onnx", [])
    assert list(tmp_path.iterdir()) == []
