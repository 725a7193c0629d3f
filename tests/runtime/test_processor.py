"""Whether int8 products may saturate is asked of the processor."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from runtime import processor
from runtime.onnxruntime_engine import session_options


@pytest.fixture(autouse=True)
def forget() -> None:
    processor.saturating.cache_clear()


@pytest.mark.parametrize(
    ("machine", "flags", "saturating"),
    [
        ("x86_64", "fpu avx2", True),
        ("x86_64", "fpu avx2 avx512f avx512_vnni", False),
        ("AMD64", "fpu avx2 avx_vnni", False),
        ("aarch64", "asimd", False),
        ("x86_64", None, True),
    ],
)
def test_x86_without_vnni_saturates(
    machine: str, flags: str | None, saturating: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_text(path: Path, encoding: str) -> str:
        if flags is None:
            raise FileNotFoundError
        return f"processor: 0\nflags: {flags}\n"

    monkeypatch.setattr(processor.platform, "machine", lambda: machine)
    monkeypatch.setattr(Path, "read_text", read_text)
    assert processor.saturating() is saturating


def test_the_largest_products_are_summed_exactly_on_this_processor() -> None:
    depth = 64
    weights = np.full((depth, 32), 127, np.int8)
    weights[::3] = -127
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w", "zero", "zero_w"], ["y"])],
        "largest",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [4, depth])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [4, 32])],
        [
            onnx.numpy_helper.from_array(value, name)
            for name, value in (("w", weights), ("zero", np.uint8(0)), ("zero_w", np.int8(0)))
        ],
    )
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    session = ort.InferenceSession(model.SerializeToString(), session_options())
    x = np.full((4, depth), 255, np.uint8)
    (found,) = session.run(None, {"x": x})
    assert (found == x.astype(np.int32) @ weights.astype(np.int32)).all()
