"""A step for the NPU: its form is exact, and its rounding errors are small."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest

from export.graphs import graphs
from export.trace import trace
from quantize.errors import QuantizationError
from quantize.onnx_files import load, save
from quantize.qnn import LOGITS, NpuGraph, quantize_qnn
from reference.checkpoint import load_checkpoint
from runtime.onnxruntime_engine import session_options
from runtime.parity import measures

GOLDEN = Path(__file__).parents[1] / "golden"

Feed = dict[str, np.ndarray]


def traced(folder: Path, npu: bool) -> Path:
    """The float step of a recorded checkpoint."""
    path = folder / "transformer.onnx"
    spec = graphs(load_checkpoint(GOLDEN / "mei" / "checkpoint"), (256, 128), npu)["transformer"]
    save(trace(spec), path)
    return path


@pytest.fixture(scope="module")
def step(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the CPU runs it."""
    return traced(tmp_path_factory.mktemp("cpu"), npu=False)


@pytest.fixture(scope="module")
def npu_step(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In the form of the NPU, not quantized."""
    return traced(tmp_path_factory.mktemp("npu"), npu=True)


def feeds(step: Path, count: int, rows: int = 2) -> list[Feed]:
    """Inputs of random steps."""
    generator = np.random.default_rng(0)
    shapes = {
        value.name: [size if isinstance(size, int) else rows for size in value.shape]
        for value in load(step).graph.inputs
    }
    return [
        {
            "tokens": generator.integers(0, 8, shapes["tokens"], np.int32),
            "context": generator.normal(size=shapes["context"]).astype(np.float32),
            "modulation": generator.normal(0.5, 0.5, shapes["modulation"]).astype(np.float32),
            "guidance": np.array(3, np.float32),
            "uniforms": generator.uniform(0.01, 0.99, shapes["uniforms"]).astype(np.float32),
        }
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def quantized(npu_step: Path) -> tuple[Path, NpuGraph]:
    target = npu_step.with_name("qnn.onnx")
    return target, quantize_qnn(npu_step, target, feeds(npu_step, 4))


def run(path: Path, given: list[Feed]) -> tuple[np.ndarray, np.ndarray]:
    """Drawn codes and logits of all steps."""
    model = onnx.load(path)
    names = [name for node in model.graph.node for name in node.output if name.startswith(LOGITS)]
    names = [name for name in names if name.removeprefix(LOGITS).isdigit()]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, 1, None) for name in names)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), session_options(), providers=["CPUExecutionProvider"]
    )
    outputs = [session.run(["drawn", *names], feed) for feed in given]
    drawn = np.concatenate([out[0] for out in outputs])
    return drawn, np.concatenate([np.ravel(chunk) for out in outputs for chunk in out[1:]])


def test_the_form_for_the_npu_computes_the_same_in_plain_operators(step, npu_step):
    nodes = list(load(npu_step).graph)
    assert not {node.op_type for node in nodes} & {"Attention", "MultiHeadAttention", "RotaryEmbedding"}
    assert {node.domain for node in nodes} == {""}
    given = feeds(step, 2)
    (drawn, logits), (found, found_logits) = run(step, given), run(npu_step, given)
    assert np.array_equal(drawn, found)
    np.testing.assert_allclose(found_logits, logits, atol=1e-4)


def test_steps_it_was_not_calibrated_on_stay_near_the_float_graphs(step, quantized):
    for guidance in (1, 3, 9):
        given = [feed | {"guidance": np.array(guidance, np.float32)} for feed in feeds(step, 8)[4:]]
        logits, found = run(step, given)[1], run(quantized[0], given)[1]
        assert 25 < measures.psnr(logits, found) < 80


def test_all_products_norms_and_softmaxes_are_the_npus(step, quantized):
    float_kinds = [node.op_type for node in load(step).graph]
    kinds, left = quantized[1].quantized, quantized[1].left_float
    attentions, rotations = float_kinds.count("MultiHeadAttention"), float_kinds.count("RotaryEmbedding")
    assert kinds["MatMul"] == float_kinds.count("MatMul") + 2 * attentions + rotations
    assert kinds["Softmax"] == attentions > 0
    assert kinds["RMSNormalization"] == float_kinds.count("RMSNormalization")
    assert not {"MatMul", "Softmax", "Gelu", "RMSNormalization", "LayerNormalization"} & set(left)
    assert {"CumSum", "Less", "Exp", "Log"} <= set(left)  # the drawing


def test_every_matrix_is_in_8_bits(step, quantized):
    path, report = quantized
    matrices = {
        node.inputs[1].name
        for node in load(step).graph
        if node.op_type == "MatMul" and node.inputs[1].is_initializer()
    }
    assert matrices <= set(report.weights)
    quantized_graph = load(path).graph
    stored = sum(value.const_value.nbytes for value in quantized_graph.initializers.values())
    assert stored < 0.35 * sum(value.const_value.nbytes for value in load(step).graph.initializers.values())


def test_shapes_are_fixed(quantized):
    graph = load(quantized[0]).graph
    assert all(isinstance(size, int) for value in graph.inputs for size in value.shape)
    assert "Shape" not in {node.op_type for node in graph}


def test_one_row_is_the_prompt_twice(step, quantized):
    """How a runtime that has one text row feeds the two rows of this graph."""
    (one,) = feeds(step, 1, rows=1)
    twice = one | {name: np.repeat(one[name], 2, axis=0) for name in ("context", "modulation")}
    assert np.array_equal(run(step, [one])[0], run(step, [twice])[0])
    assert measures.psnr(run(step, [one])[1], run(quantized[0], [twice])[1]) > 25


def test_without_steps_or_with_several_shapes_it_is_refused(step, npu_step, tmp_path):
    with pytest.raises(QuantizationError, match=r"^transformer.onnx: no step to calibrate on: .*$"):
        quantize_qnn(npu_step, tmp_path / "x.onnx", [])
    with pytest.raises(QuantizationError, match=r"^transformer.onnx: the NPU takes one shape .*$"):
        quantize_qnn(npu_step, tmp_path / "x.onnx", [*feeds(npu_step, 1), *feeds(step, 1, rows=1)])
    assert list(tmp_path.iterdir()) == []


def test_a_machine_with_too_little_memory_is_told_so_before_it_begins(npu_step, tmp_path, monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=4096))
    with pytest.raises(
        QuantizationError, match=r"^transformer.onnx: .* takes about [\d.]+ GB of memory, .*$"
    ):
        quantize_qnn(npu_step, tmp_path / "x.onnx", feeds(npu_step, 1))
    assert list(tmp_path.iterdir()) == []
