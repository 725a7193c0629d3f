"""Static int8 of convolutions against onnxruntime's own quantizer, and the fusions of onnxruntime on load."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from onnx.helper import make_graph, make_model, make_node, make_tensor_value_info
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType
from onnxruntime.quantization import quantize_static as onnxruntimes_quantize_static
from torch import nn

from quantize.onnx_files import load, save
from quantize.static_int8 import ConvRange, QuantizedConvolutions, quantize_static
from quantize.static_ranges import measure
from runtime.onnxruntime_engine import session_options


class Network(nn.Module):
    """The parts of a VQ decoder: norm and SiLU before convolutions, a shortcut, upsampling, a clip."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.norm = nn.GroupNorm(4, 16)
        self.inner = nn.Conv2d(16, 8, 3, padding=1)
        self.shortcut = nn.Conv2d(16, 8, 1, bias=False)
        self.upsampler = nn.Conv2d(8, 8, 3, padding=1)
        self.last = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        x = self.shortcut(x) + self.inner(F.silu(self.norm(x)))
        x = self.upsampler(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.last(F.silu(x)).clamp(0.0, 1.0)


WEIGHTS = [f"{layer}.weight" for layer in ("first", "inner", "shortcut", "upsampler", "last")]


def export(module: nn.Module, inputs: tuple[torch.Tensor, ...], path: Path) -> Path:
    program = torch.onnx.export(
        module.eval(), inputs, input_names=["x"], dynamo=True, opset_version=23, verbose=False
    )
    save(program.model, path)
    return path


def feeds(count: int = 4) -> list[dict[str, np.ndarray]]:
    generator = np.random.default_rng(0)
    return [{"x": generator.normal(size=(1, 3, 12, 10)).astype(np.float32)} for _ in range(count)]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("network")
    return export(Network(), (torch.zeros(1, 3, 12, 10),), folder / "float.onnx")


@pytest.fixture(scope="module")
def ranges(network: Path) -> dict[str, ConvRange]:
    return measure(network, feeds())


@pytest.fixture(scope="module")
def quantized(network: Path, ranges: dict[str, ConvRange]) -> tuple[Path, QuantizedConvolutions]:
    target = network.with_name("int8.onnx")
    return target, quantize_static(network, target, ranges)


def run(path: Path, feed: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])
    return session.run(None, feed)[0]


def loaded(path: Path, tmp_path: Path) -> list[ir.Node]:
    """The nodes of the graph after onnxruntime has optimised it on load, those of subgraphs too."""
    options = session_options()
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return list(ir.load(tmp_path / "loaded.onnx").graph.all_nodes())


def operators(nodes: list[ir.Node]) -> Counter[str]:
    return Counter(node.op_type for node in nodes)


class Reader(CalibrationDataReader):
    def __init__(self) -> None:
        self.feeds = iter(feeds())

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


class Plain(nn.Module):
    """Convolutions without upsampling and clip, which only our pass treats specially."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 8, 3, stride=2)
        self.third = nn.Conv2d(8, 4, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.third(torch.tanh(self.second(F.silu(self.first(x))))))


def constants_of_convolutions(path: Path) -> list[list[np.ndarray]]:
    """Codes, scales and zero points around each convolution: of input, weight, bias and output."""
    found = []
    for node in ir.load(path).graph:
        if node.op_type == "Conv":
            neighbours = [value.producer() for value in node.inputs] + [node.outputs[0].uses()[0].node]
            values = [value for neighbour in neighbours for value in neighbour.inputs]
            found.append([value.const_value.numpy() for value in values if value.const_value is not None])
    return found


def overrides(path: Path, measured: dict[str, ConvRange]) -> dict[str, list[dict[str, np.ndarray]]]:
    """Our ranges in the form of onnxruntime's quantizer, whose own ranges differ in the last bit."""
    found = {}
    for node in load(path).graph:
        if node.op_type == "Conv":
            for value, bounds in zip(
                (node.inputs[0], node.outputs[0]), measured[node.inputs[1].name], strict=True
            ):
                low, high = (np.array(bound, np.float32) for bound in bounds)
                found[value.name] = [{"rmin": low, "rmax": high}]
    return found


def test_weights_biases_and_scales_equal_those_of_onnxruntimes_quantizer(tmp_path):
    source = export(Plain(), (torch.zeros(1, 3, 12, 10),), tmp_path / "float.onnx")
    measured = measure(source, feeds())
    quantize_static(source, tmp_path / "ours.onnx", measured)
    onnxruntimes_quantize_static(
        source,
        tmp_path / "theirs.onnx",
        Reader(),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        extra_options={"TensorQuantOverrides": overrides(source, measured)},
    )
    ours, theirs = (constants_of_convolutions(tmp_path / name) for name in ("ours.onnx", "theirs.onnx"))
    assert [len(constants) for constants in ours] == [10, 10, 7]
    for one, other in zip(ours, theirs, strict=True):
        for ours_of, theirs_of in zip(one, other, strict=True):
            assert ours_of.dtype == theirs_of.dtype and np.array_equal(
                ours_of, theirs_of.reshape(ours_of.shape)
            )
    one, other = (run(tmp_path / name, feeds(1)[0]) for name in ("ours.onnx", "theirs.onnx"))
    assert np.array_equal(one, other)


def test_the_result_stays_near_the_float_graphs(network, quantized):
    (feed,) = feeds(1)
    expected, actual = run(network, feed), run(quantized[0], feed)
    error = np.linalg.norm(actual - expected) / np.linalg.norm(expected)
    assert 0 < error < 0.05


def test_onnxruntime_fuses_every_convolution_on_load(quantized, tmp_path):
    path, report = quantized
    found = operators(loaded(path, tmp_path))
    assert set(report.convolutions) == set(WEIGHTS)
    assert found["QLinearConv"] == 5
    assert found["Conv"] == 0


def test_upsampling_happens_in_8_bits(quantized, tmp_path):
    (resize,) = (node for node in loaded(quantized[0], tmp_path) if node.op_type == "Resize")
    assert resize.inputs[0].producer().op_type in ("QuantizeLinear", "QLinearAdd")
    (reader,) = resize.outputs[0].uses()
    assert reader.node.op_type == "QLinearConv"


def test_a_clip_narrows_the_range_of_the_convolution_before_it(quantized, ranges):
    assert ranges["last.weight"].output[0] < 0
    initializers = ir.load(quantized[0]).graph.initializers
    assert initializers["last.weight.y.zero"].const_value.numpy() == 0


def test_every_float_tensor_left_has_a_reason(quantized):
    path, report = quantized
    initializers = ir.load(path).graph.initializers
    floats = {name for name, value in initializers.items() if value.dtype == ir.DataType.FLOAT}
    assert {name for name in floats if not name.endswith(".scale")} == set(report.left_float)
    assert all(reason.startswith("no weight of a convolution") for reason in report.left_float.values())
    assert not set(WEIGHTS) & set(initializers)


def test_a_convolution_kept_float_is_left_alone(network, ranges, quantized, tmp_path):
    report = quantize_static(network, tmp_path / "mixed.onnx", ranges, keep_float=["first.weight"])
    assert report.left_float["first.weight"] == "kept float on request"
    found = operators(loaded(tmp_path / "mixed.onnx", tmp_path))
    assert (found["QLinearConv"], found["Conv"]) == (4, 1)


def test_an_unknown_weight_and_an_unmeasured_convolution_are_refused(network, ranges, tmp_path):
    with pytest.raises(ValueError, match="no weight of a convolution: nowhere"):
        quantize_static(network, tmp_path / "x.onnx", ranges, keep_float=["nowhere"])
    with pytest.raises(ValueError, match="no range was measured for the convolution of first"):
        quantize_static(network, tmp_path / "x.onnx", {})
    assert not (tmp_path / "x.onnx").exists()


def test_a_bias_beside_tiny_weights_is_kept(tmp_path):
    layer = nn.Conv2d(3, 4, 1)
    with torch.no_grad():
        layer.weight[1], layer.weight[2] = 1e-12, 0
        layer.bias[:] = torch.tensor([1.0, 2.0, 3.0, -4.0])
    source = export(layer, (torch.zeros(1, 3, 12, 10),), tmp_path / "float.onnx")
    quantize_static(source, tmp_path / "int8.onnx", measure(source, feeds()))
    (feed,) = feeds(1)
    np.testing.assert_allclose(run(tmp_path / "int8.onnx", feed), run(source, feed), atol=0.05)


def strips(weight: np.ndarray, bias: np.ndarray, path: Path) -> None:
    """A graph whose convolution is in the body of a Scan over strips [N, C, H, W], its weight outside."""
    float_of = onnx.TensorProto.FLOAT
    body = make_graph(
        [
            make_node("Unsqueeze", ["strip", "axis"], ["one"]),
            make_node("Conv", ["one", "layer.weight", "layer.bias"], ["convolved"], pads=[1, 1, 1, 1]),
            make_node("Tanh", ["convolved"], ["bounded"]),
            make_node("Squeeze", ["bounded", "axis"], ["strip_out"]),
        ],
        "body",
        [make_tensor_value_info("strip", float_of, [3, 12, 10])],
        [make_tensor_value_info("strip_out", float_of, [len(weight), 12, 10])],
    )
    graph = make_graph(
        [make_node("Scan", ["x"], ["y"], body=body, num_scan_inputs=1)],
        "strips",
        [make_tensor_value_info("x", float_of, [None, 3, 12, 10])],
        [make_tensor_value_info("y", float_of, [None, len(weight), 12, 10])],
        [
            onnx.numpy_helper.from_array(weight, "layer.weight"),
            onnx.numpy_helper.from_array(bias, "layer.bias"),
            onnx.numpy_helper.from_array(np.array([0]), "axis"),
        ],
    )
    onnx.save(make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 23)], ir_version=10), path)


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 32, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.layer(x))


def test_a_convolution_in_a_loop_uses_the_ranges_of_the_plain_graph(tmp_path):
    module = Layer()
    plain = export(module, (torch.zeros(1, 3, 12, 10),), tmp_path / "plain.onnx")
    measured = measure(plain, feeds())
    quantize_static(plain, tmp_path / "plain8.onnx", measured)
    strips(module.layer.weight.detach().numpy(), module.layer.bias.detach().numpy(), tmp_path / "loop.onnx")
    report = quantize_static(tmp_path / "loop.onnx", tmp_path / "loop8.onnx", measured)
    assert report.convolutions == ["layer.weight"]
    # The weight is beside the convolution, where onnxruntime keeps it from saturating on x86.
    assert (tmp_path / "loop8.onnx.data").stat().st_size >= module.layer.weight.numel()
    (inside,) = load(tmp_path / "loop8.onnx").graph.subgraphs()
    assert {"layer.weight.int8", "layer.bias.int8"} <= set(inside.initializers)
    found = operators(loaded(tmp_path / "loop8.onnx", tmp_path))
    assert (found["QLinearConv"], found["Conv"]) == (1, 0)
    for feed in feeds():
        looped, expected = (run(tmp_path / name, feed) for name in ("loop8.onnx", "plain8.onnx"))
        np.testing.assert_allclose(looped, expected, atol=1e-6)


def test_the_same_graph_gives_the_same_bytes(network, ranges, quantized, tmp_path):
    quantize_static(network, tmp_path / "int8.onnx", ranges)
    for suffix in ("", ".data"):
        first = quantized[0].with_name(f"int8.onnx{suffix}")
        assert (tmp_path / f"int8.onnx{suffix}").read_bytes() == first.read_bytes()
