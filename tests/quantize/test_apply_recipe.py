"""One pass over every kind of weight, in the graph and in the body of a Scan."""

import numpy as np
import onnx_ir as ir
import pytest

from quantize.apply_recipe import quantize_graph
from quantize.errors import RecipeError
from quantize.recipe import Recipe
from quantize.weights import layout_hash, weights_of

LINEARS = {"left_weight", "right_weight", "shared_weight"}


def test_every_kind_of_weight_is_found_once_with_its_shape(network):
    found = {name: (weight.kind, weight.shape) for name, weight in weights_of(network).items()}
    assert found == {
        "table": ("table", (50, 64)),
        "left_weight": ("linear", (64, 32)),
        "right_weight": ("linear", (64, 32)),
        "shared_weight": ("linear", (32, 32)),
        "first_kernel": ("convolution", (3, 32, 1, 1)),
        "scan_kernel": ("convolution", (4, 4, 3, 3)),
    }


@pytest.mark.parametrize(
    ("precision", "convolutions", "tables"),
    [("fp32", "fp32", "fp32"), ("fp16", "fp16", "fp16"), ("int8", "int8", "int8"), ("int4", "int8", "int8")],
)
def test_a_uniform_recipe_gives_each_kind_what_it_can_be(
    network, tmp_path, run, ids, precision, convolutions, tables
):
    report = quantize_graph(network, tmp_path / "x.onnx", "transformer", Recipe.uniform(precision))
    assert report.readers == {
        ("linear", precision): 4,
        ("table", tables): 1,
        ("convolution", convolutions): 2,
    }
    assert {name for name, (kind, _) in report.weights.items() if kind == "linear"} == LINEARS
    worst = {"fp32": 0, "fp16": 1e-3, "int8": 0.03, "int4": 0.3}[precision]
    for expected, actual in zip(run(network, ids), run(tmp_path / "x.onnx", ids), strict=True):
        assert np.linalg.norm(actual - expected) <= worst * np.linalg.norm(expected)
        assert precision == "fp32" or not np.array_equal(actual, expected)


def test_every_float_tensor_is_reported_with_a_reason(network, tmp_path):
    for precision in ("fp32", "fp16", "int8", "int4"):
        path = tmp_path / f"{precision}.onnx"
        report = quantize_graph(network, path, "transformer", Recipe.uniform(precision))
        floats = {
            name
            for graph in ir.load(path).graphs()
            for name, value in graph.initializers.items()
            if value.dtype == ir.DataType.FLOAT and not name.endswith(".scale")
        }
        assert floats == set(report.left_float)
        kept = {name for name, (_, stored) in report.weights.items() if stored == "fp32"}
        assert {name for name in floats if report.left_float[name] == "kept float by the recipe"} == kept


def test_a_recipe_mixes_precisions_and_says_so(network, tmp_path, operators):
    named = {"left_weight": "int4", "shared_weight": "fp32", "table": "fp16"}
    recipe = Recipe(default="int8", weights={"transformer": named})
    report = quantize_graph(network, tmp_path / "x.onnx", "transformer", recipe)
    assert report.weights == {
        "table": ("table", "fp16"),
        "left_weight": ("linear", "int4"),
        "right_weight": ("linear", "int8"),
        "shared_weight": ("linear", "fp32"),
        "first_kernel": ("convolution", "int8"),
        "scan_kernel": ("convolution", "int8"),
    }
    assert report.precision == "fp32+int8+int4"
    found = operators(tmp_path / "x.onnx")
    assert [found[name] for name in ("QLinearMul", "MatMulInteger", "MatMul")] == [1, 2, 2]


def test_outputs_of_linears_keep_their_names(network, tmp_path):
    for precision in ("fp16", "int8", "int4"):
        quantize_graph(network, tmp_path / "x.onnx", "transformer", Recipe.uniform(precision))
        names = {output.name for node in ir.load(tmp_path / "x.onnx").graph for output in node.outputs}
        assert {"left", "right", "once", "y"} <= names


def test_image_graphs_stay_float_unless_named_but_for_convolutions(network, tmp_path):
    def forms(recipe: Recipe) -> dict[str, str]:
        report = quantize_graph(network, tmp_path / "x.onnx", "image_decoder", recipe)
        return {name: precision for name, (_, precision) in report.weights.items()}

    for default in ("int8", "int4"):
        small = forms(Recipe.uniform(default))
        assert {name for name, precision in small.items() if precision == "int8"} == {
            "first_kernel",
            "scan_kernel",
        }
        assert {precision for name, precision in small.items() if "kernel" not in name} == {"fp32"}
    named = forms(Recipe(default="int8", weights={"image_decoder": {"table": "int8"}}))
    assert named["table"] == "int8" and named["left_weight"] == "fp32"


def test_a_recipe_of_the_same_layout_fits_and_of_another_does_not(network, tmp_path):
    layout = layout_hash(weights_of(network))
    fitting = Recipe(default="int8", layout={"transformer": layout})
    quantize_graph(network, tmp_path / "x.onnx", "transformer", fitting)
    named = {name: "int8" for name in ("table", "left_weight")}
    other = Recipe(default="int8", layout={"transformer": "0" * 64}, weights={"transformer": named})
    with pytest.raises(
        RecipeError, match=r'another layout of transformer \(it does not name "right_weight"\)'
    ):
        quantize_graph(network, tmp_path / "y.onnx", "transformer", other)
    assert not (tmp_path / "y.onnx").exists()


def test_the_same_graph_and_recipe_give_the_same_bytes(network, tmp_path):
    for precision in ("fp16", "int8", "int4"):
        for name in ("a", "b"):
            quantize_graph(network, tmp_path / f"{name}.onnx", "transformer", Recipe.uniform(precision))
        first, second = ((tmp_path / f"{name}.onnx").read_bytes() for name in ("a", "b"))
        assert first.replace(b"a.onnx.data", b"b.onnx.data") == second
        assert (tmp_path / "a.onnx.data").read_bytes() == (tmp_path / "b.onnx.data").read_bytes()


def test_columns_worked_on_in_parts_give_the_same_weights(
    network, tmp_path, monkeypatch, run, ids, operators
):
    for precision, products in (("int8", [4, 4]), ("int4", [4, 2 * 7 + 2 * 4])):
        whole, parts = tmp_path / "whole.onnx", tmp_path / "parts.onnx"
        quantize_graph(network, whole, "transformer", Recipe.uniform(precision))
        with monkeypatch.context() as patched:
            patched.setattr("quantize.graph_edit.CHUNK", 64 * 5)
            quantize_graph(network, parts, "transformer", Recipe.uniform(precision))
        # A large weight in 4 bits is several products, of 5 columns of 64 or 10 of 32.
        assert [operators(path)["MatMulInteger"] for path in (whole, parts)] == products
        if precision == "int8":
            data = [path.with_name(path.name + ".data").read_bytes() for path in (whole, parts)]
            assert data[0] == data[1]
        for expected, actual in zip(run(whole, ids), run(parts, ids), strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_kernels_are_stored_with_a_scale_an_output_and_widened(network, tmp_path, run, ids):
    path = tmp_path / "x.onnx"
    quantize_graph(
        network, path, "transformer", Recipe(default="fp32", weights={"transformer": {"scan_kernel": "int8"}})
    )
    stored = ir.load(path).graph.initializers
    weight = ir.load(network).graph.initializers["scan_kernel"].const_value.numpy()
    scale = np.abs(weight).reshape(len(weight), -1).max(axis=1) / 127
    np.testing.assert_allclose(stored["scan_kernel.scale"].const_value.numpy().ravel(), scale, rtol=1e-6)
    error = stored["scan_kernel.int8"].const_value.numpy() * scale.reshape(-1, 1, 1, 1) - weight
    assert (np.abs(error).reshape(len(weight), -1).max(axis=1) <= scale / 2 * 1.001).all()
    for expected, actual in zip(run(network, ids), run(path, ids), strict=True):
        np.testing.assert_allclose(actual, expected, atol=0.02 * np.abs(expected).max())
