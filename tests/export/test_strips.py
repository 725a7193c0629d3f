"""Graphs in strips of rows against the same graphs without strips, both run by onnxruntime."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
import torch

from export.graphs import graphs
from export.onnx_graph import save_in_strips
from export.strips import in_strips
from export.trace import trace
from quantize.onnx_files import load, save
from quantize.static_int8 import quantize_static
from quantize.static_ranges import measure
from reference.checkpoint import load_checkpoint
from reference.image import decode_tokens
from runtime.onnxruntime_engine import session_options
from runtime.parity.measures import image_psnr
from tests.shared_bundles import STICKERS_64

SIZE = (256, 192)  # (W, H) pixels: larger than the stickers' 64, and not square
LIMIT = "export.strips.STRIP_BYTES"
IMAGE_GRAPHS = ("image_decoder", "image_encoder")


@pytest.fixture(scope="module")
def stickers():
    return load_checkpoint(STICKERS_64)


@pytest.fixture(scope="module")
def plain(stickers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The image graphs of the 64 px stickers, without strips."""
    folder = tmp_path_factory.mktemp("plain")
    for name in IMAGE_GRAPHS:
        save(trace(graphs(stickers, SIZE)[name]), folder / f"{name}.onnx")
    return {name: folder / f"{name}.onnx" for name in IMAGE_GRAPHS}


@pytest.fixture(scope="module")
def tokens(stickers) -> np.ndarray:
    token = stickers.token_size
    codes = stickers.vqvae.config.num_vq_embeddings
    grid = (SIZE[1] // token, SIZE[0] // token)
    return np.random.default_rng(0).integers(0, codes, grid, dtype=np.int32)


def run(path: Path, **inputs: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, session_options(1), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def stripped(path: Path, target: Path) -> Path:
    model = load(path)
    in_strips(model)
    save(model, target)
    onnx.checker.check_model(target)
    return target


def values(model: ir.Model) -> list[ir.Value]:
    return [value for node in model.graph for value in node.outputs]


def counts(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in ir.load(path).graph)


@pytest.mark.parametrize("limit", [2**20, 300_000])  # with 300 000 the last strip has fewer rows
def test_a_picture_decoded_in_strips_equals_the_references(
    plain, stickers, tokens, tmp_path, monkeypatch, limit
):
    monkeypatch.setattr(LIMIT, limit)
    path = stripped(plain["image_decoder"], tmp_path / "strips.onnx")
    assert counts(path)["Conv"] > 2 * counts(plain["image_decoder"])["Conv"]
    image = run(path, tokens=tokens)
    expected = decode_tokens(stickers.vqvae, torch.from_numpy(tokens).long()[None])[0].numpy()
    assert image.dtype == np.uint8 and image.shape == expected.shape
    assert image_psnr(expected, image) > 55
    assert np.abs(expected.astype(int) - image).max() <= 2


def test_a_picture_encoded_in_strips_has_the_same_tokens(plain, tokens, tmp_path, monkeypatch):
    image = run(plain["image_decoder"], tokens=tokens)
    monkeypatch.setattr(LIMIT, 2**20)
    path = stripped(plain["image_encoder"], tmp_path / "strips.onnx")
    assert counts(path)["Conv"] > counts(plain["image_encoder"])["Conv"]
    assert (run(path, image=image) == run(plain["image_encoder"], image=image)).mean() >= 0.99


@pytest.mark.parametrize("name", IMAGE_GRAPHS)
def test_a_graph_with_small_maps_does_not_change(plain, tmp_path, name):
    same = stripped(plain[name], tmp_path / plain[name].name)
    assert counts(same) == counts(plain[name])
    assert set(load(same).graph.initializers) == set(load(plain[name]).graph.initializers)


def test_all_strips_share_the_weights(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(LIMIT, 2**20)
    path = stripped(plain["image_decoder"], tmp_path / "strips.onnx")

    def weights(path: Path) -> set[str]:
        return {name for name in load(path).graph.initializers if name.endswith(("weight", "bias"))}

    assert weights(path) == weights(plain["image_decoder"])


def shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """The shapes of the float tensors that a graph computes."""
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    return {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in model.graph.value_info
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    }


def test_no_row_of_a_map_is_convolved_twice(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(LIMIT, 200_000)
    rows: list[Counter[str]] = []
    strips: Counter[str] = Counter()
    for path in (plain["image_decoder"], stripped(plain["image_decoder"], tmp_path / "strips.onnx")):
        model = onnx.load(path)
        shape_of = shapes(model)
        rows.append(Counter())
        for node in model.graph.node:
            if node.op_type == "Conv":
                rows[-1][node.input[1]] += shape_of[node.output[0]][2]
                strips[node.input[1]] += 1
    assert rows[0] == rows[1]
    assert sum(count > 2 for count in strips.values()) > 10


def test_no_tensor_of_a_stripped_graph_is_large(plain, tokens, tmp_path, monkeypatch):
    """Only the joined picture is whole, with 8 bits a channel, so no float tensor is larger than a strip."""
    monkeypatch.setattr(LIMIT, 2**20)
    model = onnx.load(stripped(plain["image_decoder"], tmp_path / "strips.onnx"))
    sizes = {name: 4 * np.prod(sides) for name, sides in shapes(model).items()}
    assert len(sizes) > 500
    assert max(sizes.values()) <= 1.2 * 2**20  # halo rows come on top of the limit


def test_values_beyond_float16_survive(tmp_path, monkeypatch):
    """A residual stream may exceed 65504, the largest number of float16."""
    weight = np.full((8, 8, 3, 3), 1500.0, np.float32)
    nodes = [
        onnx.helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1]),
        onnx.helper.make_node("GroupNormalization", ["y", "one", "zero"], ["z"], num_groups=2, epsilon=1e-6),
        onnx.helper.make_node("Identity", ["z"], ["out"]),
    ]
    shape = [1, 8, 32, 16]
    maps = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name in ("x", "y", "z", "out")
    ]
    constants = {"w": weight, "one": np.ones(8, np.float32), "zero": np.zeros(8, np.float32)}
    graph = onnx.helper.make_graph(
        nodes, "wide", [maps[0]], [maps[3]], value_info=maps[1:3],
        initializer=[onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )  # fmt: skip
    opsets = [onnx.helper.make_opsetid("", 23)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10), tmp_path / "whole.onnx")
    monkeypatch.setattr(LIMIT, 4096)
    path = stripped(tmp_path / "whole.onnx", tmp_path / "strips.onnx")
    x = np.random.default_rng(0).uniform(1, 2, shape).astype(np.float32)
    assert np.abs(run(path, x=x) - run(tmp_path / "whole.onnx", x=x)).max() < 0.02


def test_int8_convolutions_in_strips_are_as_accurate_as_in_the_whole_graph(
    plain, tokens, tmp_path, monkeypatch
):
    source, whole, cut = plain["image_decoder"], tmp_path / "whole.onnx", tmp_path / "cut.onnx"
    quantize_static(source, whole, measure(source, [{"tokens": tokens}]))
    monkeypatch.setattr(LIMIT, 2**18)
    save_in_strips(whole, cut)
    convolutions = [node for node in load(cut).graph if node.op_type == "Conv"]
    assert len(convolutions) > 100
    weights = [node.inputs[1].producer().inputs[0] for node in convolutions]
    assert len({weight.name for weight in weights}) == len(weights)  # see `unshare_weights`
    size = [path.with_suffix(".onnx.data").stat().st_size for path in (whole, cut)]
    assert size[1] == pytest.approx(size[0], rel=0.05)
    assert image_psnr(run(source, tokens=tokens), run(whole, tokens=tokens)) > 38
    assert image_psnr(run(source, tokens=tokens), run(cut, tokens=tokens)) > 38


def test_a_norms_input_from_an_int8_convolution_is_stored_in_8_bits(tmp_path, monkeypatch):
    """Its codes are stored without loss. float16 is only for maps computed in float32, and here are none."""
    monkeypatch.setattr(LIMIT, 20_000)
    text = """<ir_version: 10, opset_import: ["": 23]>
    network (float[1, 4, 64, 64] x) => (float[1, 64, 64, 4] y)
    <float[1, 4, 64, 64] a, float[1, 4, 64, 64] b, float[1, 4, 64, 64] c> {
      a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [1, 1]>(x, first)
      b = GroupNormalization<num_groups = 2, epsilon = 0.000001>(a, scale, shift)
      c = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [1, 1]>(b, last)
      y = Transpose<perm = [0, 2, 3, 1]>(c)
    }"""
    model = onnx.parser.parse_model(text)
    rng = np.random.default_rng(0)
    for name, value in {
        "first": rng.standard_normal((4, 4, 3, 3)).astype(np.float32),
        "scale": np.ones(4, np.float32),
        "shift": np.zeros(4, np.float32),
        "last": rng.standard_normal((4, 4, 3, 3)).astype(np.float32),
    }.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    plain, whole, cut = (tmp_path / f"{name}.onnx" for name in ("plain", "whole", "cut"))
    save(ir.from_proto(model), plain)
    x = rng.standard_normal((1, 4, 64, 64)).astype(np.float32)
    quantize_static(plain, whole, measure(plain, [{"x": x}]))
    save_in_strips(whole, cut)
    assert counts(cut)["Conv"] >= 8
    assert not any(value.dtype == ir.DataType.FLOAT16 for value in values(load(cut)))
    difference = np.abs(run(cut, x=x) - run(whole, x=x))
    assert (difference == 0).mean() > 0.99


@pytest.mark.parametrize("weight", [0.0, 0.01])
def test_a_nearly_constant_map_far_from_zero_is_normed_correctly(tmp_path, monkeypatch, weight):
    """A constant group must not give NaN, and a mean of 30 deviations must not lose precision."""
    monkeypatch.setattr(LIMIT, 20_000)
    text = """<ir_version: 10, opset_import: ["": 23]>
    network (float[1, 1, 64, 64] x) => (float[1, 64, 64, 4] y)
    <float[1, 4, 64, 64] a, float[1, 4, 64, 64] b, float[1, 4, 64, 64] c> {
      a = Conv<kernel_shape = [1, 1], pads = [0, 0, 0, 0], strides = [1, 1]>(x, kernel, offset)
      b = GroupNormalization<num_groups = 2, epsilon = 0.000001>(a, scale, shift)
      c = Conv<kernel_shape = [1, 1], pads = [0, 0, 0, 0], strides = [1, 1]>(b, last)
      y = Transpose<perm = [0, 2, 3, 1]>(c)
    }"""
    model = onnx.parser.parse_model(text)
    for name, value in {
        "kernel": np.full((4, 1, 1, 1), weight, np.float32),
        "offset": np.array([0.3, 0.3, -0.3, -0.3], np.float32),
        "scale": np.ones(4, np.float32),
        "shift": np.zeros(4, np.float32),
        "last": np.eye(4, dtype=np.float32).reshape(4, 4, 1, 1),
    }.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    save(ir.from_proto(model), tmp_path / "whole.onnx")
    x = np.random.default_rng(0).standard_normal((1, 1, 64, 64)).astype(np.float32)
    expected = run(tmp_path / "whole.onnx", x=x)
    actual = run(stripped(tmp_path / "whole.onnx", tmp_path / "strips.onnx"), x=x)
    assert counts(tmp_path / "strips.onnx")["ReduceSumSquare"] == 4
    # Stored values are rounded to 2^-11 of 0.3, which is 0.015 deviations.
    np.testing.assert_allclose(actual, expected, atol=0.05)
