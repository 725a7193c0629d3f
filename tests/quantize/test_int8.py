"""Dynamic int8 against onnxruntime's own quantizer, and the fusions of onnxruntime on load."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from quantize.apply_recipe import QuantizedWeights, quantize_graph
from quantize.errors import RecipeError
from quantize.onnx_files import save
from quantize.recipe import Recipe
from runtime.onnxruntime_engine import session_options


class Network(nn.Module):
    """A table, two linears with the same input, a linear after them, and a bias, which must stay float."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 32)
        self.left, self.right = nn.Linear(32, 48), nn.Linear(32, 48, bias=False)
        self.out = nn.Linear(48, 16)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.table(ids)
        return self.out(torch.tanh(self.left(x)) * self.right(x))


def quantize_int8(source: Path, target: Path, keep_float: Collection[str] = ()) -> QuantizedWeights:
    named = {"graph": {name: "fp32" for name in keep_float}}
    return quantize_graph(source, target, "graph", Recipe(default="int8", weights=named))


def export(module: nn.Module, inputs: tuple[torch.Tensor, ...], path: Path) -> None:
    program = torch.onnx.export(module.eval(), inputs, dynamo=True, opset_version=23, verbose=False)
    save(program.model, path)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("network") / "float.onnx"
    export(Network(), (torch.zeros(1, 7, dtype=torch.int64),), path)
    return path


@pytest.fixture(scope="module")
def quantized(network: Path) -> tuple[Path, QuantizedWeights]:
    target = network.with_name("int8.onnx")
    return target, quantize_int8(network, target)


def run(path: Path, ids: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: ids})[0]


def operators(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(path, load_external_data=False).graph.node)


def loaded(path: Path, tmp_path: Path) -> Counter[str]:
    """The operators of the graph after onnxruntime has optimised it on load."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return operators(tmp_path / "loaded.onnx")


@pytest.fixture
def ids() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 50, (1, 7))


def test_weights_and_results_equal_those_of_onnxruntimes_quantizer(network, tmp_path, ids):
    # Without the table, for which it has one scale a tensor.
    table = next(name for name in ir.load(network).graph.initializers if name.startswith("table"))
    quantize_int8(network, tmp_path / "ours.onnx", keep_float=[table])
    model = onnx.load(network)
    del model.graph.value_info[:]
    onnx.save(model, tmp_path / "inline.onnx")
    quantize_dynamic(
        tmp_path / "inline.onnx",
        tmp_path / "theirs.onnx",
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        extra_options={"WeightSymmetric": True},
    )
    ours, theirs = ir.load(tmp_path / "ours.onnx"), ir.load(tmp_path / "theirs.onnx")

    def weights(model: ir.Model) -> list[np.ndarray]:
        products = [node for node in model.graph if node.op_type == "MatMulInteger"]
        return [node.inputs[1].const_value.numpy() for node in products]

    assert len(weights(ours)) == 3
    for one, other in zip(weights(ours), weights(theirs), strict=True):
        assert np.array_equal(one, other)
    np.testing.assert_allclose(
        run(tmp_path / "ours.onnx", ids), run(tmp_path / "theirs.onnx", ids), atol=1e-6
    )


def test_the_result_stays_near_the_float_graphs(network, quantized, ids):
    expected, actual = run(network, ids), run(quantized[0], ids)
    error = np.linalg.norm(actual - expected) / np.linalg.norm(expected)
    assert 0 < error < 0.02


def test_every_linear_and_table_is_int8_and_the_rest_has_a_reason(network, quantized):
    path, report = quantized
    found = operators(path)
    assert found["MatMulInteger"] == operators(network)["MatMul"] == report.readers["linear", "int8"] == 3
    assert found["MatMul"] == 0
    assert report.readers["table", "int8"] == 1
    initializers = ir.load(path).graph.initializers
    floats = {name for name, value in initializers.items() if value.dtype == ir.DataType.FLOAT}
    assert {name for name in floats if not name.endswith(".scale")} == set(report.left_float)
    assert all(reason.startswith("vector") for reason in report.left_float.values())


def test_linears_of_one_input_share_its_quantization(quantized):
    assert operators(quantized[0])["DynamicQuantizeLinear"] == 2


def test_onnxruntime_fuses_every_linear_on_load(quantized, tmp_path):
    found = loaded(quantized[0], tmp_path)
    assert found["MatMulIntegerToFloat"] + found["DynamicQuantizeMatMul"] == 3
    assert found["MatMulInteger"] == 0


def test_a_layer_kept_float_is_left_alone(network, tmp_path, ids):
    name = list(quantize_int8(network, tmp_path / "all.onnx").weights)[-1]
    report = quantize_int8(network, tmp_path / "mixed.onnx", keep_float=[name])
    assert report.left_float[name] == "kept float by the recipe"
    assert operators(tmp_path / "mixed.onnx")["MatMul"] == 1

    def error(path: Path) -> float:
        return float(np.abs(run(path, ids) - run(network, ids)).max())

    assert error(tmp_path / "mixed.onnx") < error(tmp_path / "all.onnx")


def test_an_unknown_layer_name_is_refused(network, tmp_path):
    with pytest.raises(RecipeError, match=r'names weight "nowhere"'):
        quantize_int8(network, tmp_path / "x.onnx", keep_float=["nowhere"])
    assert not (tmp_path / "x.onnx").exists()


def test_a_gemm_is_refused_because_it_would_stay_float(tmp_path):
    export(nn.Linear(8, 4), (torch.zeros(3, 8),), tmp_path / "gemm.onnx")
    with pytest.raises(ValueError, match="Gemm"):
        quantize_int8(tmp_path / "gemm.onnx", tmp_path / "x.onnx")


def test_a_matmul_of_a_weight_transposed_at_run_time_is_refused(tmp_path):
    # The exporter does not fold the transposition of a shared weight of more than 2^18 numbers.
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(512, 1024, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(self.layer(x)[..., :512])

    export(Shared(), (torch.zeros(1, 3, 512),), tmp_path / "float.onnx")
    assert operators(tmp_path / "float.onnx")["Transpose"] == 1
    with pytest.raises(ValueError, match=r"MatMul .* hides a weight"):
        quantize_int8(tmp_path / "float.onnx", tmp_path / "x.onnx")


def test_a_channel_of_zeros_gives_zeros(tmp_path):
    layer = nn.Linear(8, 4, bias=False)
    with torch.no_grad():
        layer.weight[2] = 0
    export(layer, (torch.ones(1, 3, 8),), tmp_path / "float.onnx")
    quantize_int8(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    result = run(tmp_path / "int8.onnx", np.ones((1, 3, 8), np.float32))
    assert np.isfinite(result).all() and (result[..., 2] == 0).all()


def test_products_at_the_end_of_the_range_do_not_saturate(tmp_path):
    # 2 * 255 * 127 = 64 770 does not fit the 16 bits in which AVX2 sums pairs unless an option prevents it.
    layer = nn.Linear(64, 8, bias=False)
    nn.init.ones_(layer.weight)
    export(layer, (torch.ones(1, 3, 64),), tmp_path / "float.onnx")
    quantize_int8(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    result = run(tmp_path / "int8.onnx", np.ones((1, 3, 64), np.float32))
    np.testing.assert_allclose(result, 64, rtol=1e-6)


def test_the_same_graph_gives_the_same_bytes(network, quantized, tmp_path):
    quantize_int8(network, tmp_path / "int8.onnx")
    for suffix in ("", ".data"):
        first = quantized[0].with_name(f"int8.onnx{suffix}")
        assert (tmp_path / f"int8.onnx{suffix}").read_bytes() == first.read_bytes()
