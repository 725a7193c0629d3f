from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnx import numpy_helper, parser

from quantize.onnx_files import save
from runtime.onnxruntime_engine import session_options
from tests.runtime import tiny_bundle

# Every kind of weight: a table, two linears of one input and one shared by two operators, convolutions,
# one of them in the body of a Scan, which reads a weight of the graph around it.
TEXT = """<ir_version: 10, opset_import: ["": 23]>
network (int64[1, 16] ids) => (float[1, 16, 32] y, float[3, 1, 4, 2, 2] pictures) {
  x = Gather(table, ids)
  left = MatMul(x, left_weight)
  right = MatMul(x, right_weight)
  both = Mul(left, right)
  once = MatMul(both, shared_weight)
  squashed = Tanh(once)
  y = MatMul(squashed, shared_weight)
  rows = Reshape(y, rows_shape)
  first = Conv<kernel_shape = [1, 1]>(rows, first_kernel)
  strips = Reshape(first, scanned_shape)
  pictures = Scan<num_scan_inputs = 1, body = body (float[1, 4, 2, 2] strip) => (float[1, 4, 2, 2] picture) {
    picture = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(strip, scan_kernel)
  }>(strips)
}"""


def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    normal = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    return {
        "table": normal(50, 64),
        "left_weight": normal(64, 32) / 8,
        "right_weight": normal(64, 32) / 8,
        "shared_weight": normal(32, 32) / 6,
        "rows_shape": np.array([1, 32, 4, 4]),
        "first_kernel": normal(3, 32, 1, 1),
        "scanned_shape": np.array([3, 1, 4, 2, 2]),
        "scan_kernel": normal(4, 4, 3, 3),
    }


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The graph above as a float32 file."""
    model = parser.parse_model(TEXT)
    for name, value in weights().items():
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    onnx.checker.check_model(model)
    path = tmp_path_factory.mktemp("network") / "float.onnx"
    save(ir.from_proto(model), path)
    return path


@pytest.fixture
def ids() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 50, (1, 16))


@pytest.fixture
def run():
    """Runs a model file on ids: its outputs."""

    def outputs(path: Path, ids: np.ndarray) -> list[np.ndarray]:
        session = onnxruntime.InferenceSession(path, session_options(1), providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: ids})

    return outputs


@pytest.fixture
def operators():
    """Counts a model file's nodes by operator, those of subgraphs too."""

    def count(path: Path) -> Counter[str]:
        return Counter(node.op_type for node in ir.traversal.RecursiveGraphIterator(ir.load(path).graph))

    return count


@pytest.fixture(scope="session")
def float_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only."""
    return tiny_bundle.write_float_bundle(tmp_path_factory.mktemp("tiny"))
