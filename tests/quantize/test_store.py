"""The layout of model files: what is written is what was there, in chunks and from views."""

import io
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from quantize import store


@pytest.mark.parametrize("chunk", [1, 100, 1000, 10**6])
def test_a_transposed_view_is_written_as_its_copy_would_be(monkeypatch, chunk):
    view = np.random.default_rng(0).normal(size=(3, 7, 5)).transpose(2, 0, 1)
    monkeypatch.setattr(store, "CHUNK", chunk)
    file = io.BytesIO()
    store.write(file, view)
    assert file.getvalue() == view.tobytes()


def test_a_tensor_of_several_initializers_is_in_the_file_once(tmp_path: Path):
    tensor = ir.tensor(np.arange(100_000, dtype=np.float32), name="a")
    values = [
        ir.Value(
            name=name, shape=ir.Shape(tensor.shape), type=ir.TensorType(tensor.dtype), const_value=tensor
        )
        for name in ("a", "b")
    ]
    total = ir.Node("", "Add", values, name="add")
    graph = ir.Graph([], list(total.outputs), nodes=[total], initializers=values, opset_imports={"": 23})
    store.save(ir.Model(graph, ir_version=10), tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx.data").stat().st_size == 400_000
    read = store.load(tmp_path / "m.onnx").graph.initializers
    for name in ("a", "b"):
        stored = read[name].const_value
        assert stored is not None and np.array_equal(stored.numpy(), tensor.numpy())
