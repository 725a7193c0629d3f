"""Model files on disk: they hold the model's tensors, each once, and refer to no other file."""

import io
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import numpy_helper, parser

from quantize import onnx_files


@pytest.mark.parametrize("chunk", [1, 100, 1000, 10**6])
def test_a_transposed_view_is_written_like_its_copy(monkeypatch, chunk):
    view = np.random.default_rng(0).normal(size=(3, 7, 5)).transpose(2, 0, 1)
    monkeypatch.setattr(onnx_files, "CHUNK", chunk)
    file = io.BytesIO()
    onnx_files.write(file, view)
    assert file.getvalue() == view.tobytes()


def test_a_tensor_of_several_initializers_is_stored_once(tmp_path: Path):
    tensor = ir.tensor(np.arange(100_000, dtype=np.float32), name="a")
    kind, shape = ir.TensorType(tensor.dtype), ir.Shape((100_000,))
    values = [ir.Value(name=name, shape=shape, type=kind, const_value=tensor) for name in ("a", "b")]
    total = ir.Node("", "Add", values, name="add")
    graph = ir.Graph([], list(total.outputs), nodes=[total], initializers=values, opset_imports={"": 23})
    onnx_files.save(ir.Model(graph, ir_version=10), tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx.data").stat().st_size == 400_000
    read = onnx_files.load(tmp_path / "m.onnx").graph.initializers
    for name in ("a", "b"):
        stored = read[name].const_value
        assert stored is not None and np.array_equal(stored.numpy(), tensor.numpy())


def saved_sum(path: Path, tensors: dict[str, ir.TensorProtocol], first: Path | None = None) -> None:
    """Save a graph that adds up tensors."""
    values = [
        ir.Value(
            name=name,
            shape=ir.Shape(tensor.shape.numpy()),
            type=ir.TensorType(tensor.dtype),
            const_value=tensor,
        )
        for name, tensor in tensors.items()
    ]
    total = ir.Node("", "Sum", values, name="sum")
    graph = ir.Graph([], list(total.outputs), nodes=[total], initializers=values, opset_imports={"": 23})
    onnx_files.save(ir.Model(graph, ir_version=10), path, first)


def unread(name: str, count: int) -> ir.LazyTensor:
    def fail() -> ir.TensorProtocol:
        raise AssertionError(f"{name} is computed again")

    return ir.LazyTensor(fail, dtype=ir.DataType.FLOAT, shape=ir.Shape((count,)), name=name)


def test_a_second_graph_adds_to_the_data_file_what_differs_and_computes_no_weight_again(tmp_path: Path):
    numbers = np.arange(60_000, dtype=np.float32)
    first = {
        name: ir.tensor(numbers[:count], name=name) for name, count in (("w", 50_000), ("s", 8), ("p", 900))
    }
    saved_sum(tmp_path / "a.onnx", first)
    before = (tmp_path / "a.onnx.data").read_bytes()
    second = {
        "w": unread("w", 50_000),
        "s": unread("s", 8),  # so small that it is in the graph
        "p": ir.tensor(numbers[1:901], name="p"),  # as a position table of another size
        "more": ir.tensor(numbers[:40_000], name="more"),
        "again": ir.tensor(numbers[:8], name="again"),
    }
    saved_sum(tmp_path / "b.onnx", second, tmp_path / "a.onnx")
    saved_sum(tmp_path / "c.onnx", {"p": ir.tensor(numbers[:900], name="p")}, tmp_path / "a.onnx")
    after = (tmp_path / "a.onnx.data").read_bytes()
    assert (
        after.startswith(before)
        and len(before) < len(after) < len(before) + 900 * 4 + 160_000 + 2 * onnx_files.PAGE
    )
    assert not (tmp_path / "b.onnx.data").exists()
    assert list(onnx_files.load(tmp_path / "a.onnx").graph.initializers) == list(first)
    expected = {
        "w": numbers[:50_000],
        "s": numbers[:8],
        "p": numbers[1:901],
        "more": numbers[:40_000],
        "again": numbers[:8],
    }
    found = onnx_files.tensors_of(tmp_path / "b.onnx")
    assert {name: tensor.numpy().tolist() for name, tensor in found.items()} == {
        name: values.tolist() for name, values in expected.items()
    }
    offsets = [onnx_files.tensors_of(tmp_path / f"{name}.onnx")["p"].offset for name in "abc"]
    assert offsets[0] == offsets[2] != offsets[1]


def test_small_tensors_move_from_another_models_data_file_into_the_graph(tmp_path):
    text = '<ir_version: 10, opset_import: ["": 23]> f (float[64] x) => (float[64] y) { y = Add(x, small) }'
    small = np.arange(onnx_files.INLINE // 4, dtype=np.float32)
    model = parser.parse_model(text)
    model.graph.initializer.append(numpy_helper.from_array(small, "small"))
    source, target = tmp_path / "source" / "f.onnx", tmp_path / "target" / "f.onnx"
    for path in (source, target):
        path.parent.mkdir()
    onnx.save(model, source, save_as_external_data=True, location="f.onnx.data", size_threshold=0)
    assert (source.parent / "f.onnx.data").stat().st_size == small.nbytes
    onnx_files.save(onnx_files.load(source), target)
    found = onnx.load(target).graph.initializer[0]
    assert np.array_equal(numpy_helper.to_array(found), small)
