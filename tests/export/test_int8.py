"""int8 on the real graphs: everything that should be quantized is, and onnxruntime recognises all of it."""

from pathlib import Path

import onnxruntime
import pytest

from quantize.apply_recipe import QuantizedWeights, quantize_graph
from quantize.recipe import Recipe


def quantize_int8(source: Path, target: Path) -> QuantizedWeights:
    return quantize_graph(source, target, source.stem, Recipe.uniform("int8"))


TABLES = {"text_encoder": 1, "conditioner": 0, "transformer": 1}


@pytest.mark.parametrize("name", TABLES)
def test_no_linear_of_a_graph_stays_float_and_all_are_fused_on_load(traced, operators, tmp_path, name):
    report = quantize_int8(traced[name], tmp_path / "int8.onnx")
    linears = operators(traced[name])["MatMul"]
    assert linears > 0
    assert operators(tmp_path / "int8.onnx")["MatMulInteger"] == linears == report.readers["linear", "int8"]
    assert report.readers["table", "int8"] == TABLES[name]
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(tmp_path / "int8.onnx", options, providers=["CPUExecutionProvider"])
    fused = operators(tmp_path / "loaded.onnx")
    assert fused["DynamicQuantizeMatMul"] + fused["MatMulIntegerToFloat"] == linears


def test_layers_are_named_after_their_modules(traced, tmp_path):
    report = quantize_int8(traced["transformer"], tmp_path / "int8.onnx")
    assert {"double_blocks.0.image.qkv", "last_block.to_query", "drawing.logits"} <= set(report.weights)


def test_only_positions_and_rotations_are_float_matrices(traced, tmp_path):
    for name in TABLES:
        report = quantize_int8(traced[name], tmp_path / f"{name}.onnx")
        matrices = [reason for reason in report.left_float.values() if not reason.startswith("vector")]
        assert all("(Add)" in reason or "(RotaryEmbedding)" in reason for reason in matrices)
