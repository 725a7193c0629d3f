"""Weights stored in half precision, as onnxruntime reads them, against weights that numpy rounded."""

import numpy as np
import onnx_ir as ir
import onnxruntime

from quantize.apply_recipe import quantize_graph
from quantize.onnx_files import load, save
from quantize.recipe import Recipe
from runtime.onnxruntime_engine import session_options


def test_results_equal_those_of_rounded_weights(network, tmp_path, run, ids):
    quantize_graph(network, tmp_path / "half.onnx", "transformer", Recipe.uniform("fp16"))
    model = load(network)
    for name, value in model.graph.initializers.items():
        if value.dtype == ir.DataType.FLOAT:
            rounded = value.const_value.numpy().astype(np.float16).astype(np.float32)
            value.const_value = ir.tensor(rounded, name=name)
    save(model, tmp_path / "rounded.onnx")
    for one, other in zip(run(tmp_path / "half.onnx", ids), run(tmp_path / "rounded.onnx", ids), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)  # sums may be in another order


def test_weights_are_widened_on_load_unless_folding_is_off(network, tmp_path, operators):
    quantize_graph(network, tmp_path / "half.onnx", "transformer", Recipe.uniform("fp16"))

    def casts(options: onnxruntime.SessionOptions, disabled: list[str]) -> int:
        options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
        onnxruntime.InferenceSession(
            tmp_path / "half.onnx",
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=disabled,
        )
        return operators(tmp_path / "loaded.onnx")["Cast"]

    rows = 1  # the table's rows are widened at run time
    assert casts(session_options(1), []) == rows
    folding = ["ConstantFolding", "FuseFp16InitializerToFp32NodeTransformer"]
    assert casts(session_options(1), folding) == rows + 5


def test_a_shared_weight_is_widened_once(network, tmp_path):
    quantize_graph(network, tmp_path / "half.onnx", "transformer", Recipe.uniform("fp16"))
    graph = load(tmp_path / "half.onnx").graph
    assert len(graph.initializers["shared_weight.fp16"].uses()) == 1


def test_a_weight_beyond_the_range_of_half_precision_stays_float_with_a_reason(network, tmp_path):
    model = load(network)
    value = model.graph.initializers["left_weight"]
    large = value.const_value.numpy().copy()
    large[3, 5] = 70000
    value.const_value = ir.tensor(large, name="left_weight")
    save(model, tmp_path / "large.onnx")
    report = quantize_graph(
        tmp_path / "large.onnx", tmp_path / "x.onnx", "transformer", Recipe.uniform("fp16")
    )
    assert report.weights["left_weight"] == ("linear", "fp32")
    assert report.left_float["left_weight"] == "holds numbers above 65504, the largest of fp16"
    assert report.weights["right_weight"] == ("linear", "fp16")
