"""4-bit weights in a written graph: what onnxruntime unpacks them to, and what it keeps in memory."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from quantize.apply_recipe import quantize_graph
from quantize.onnx_files import load
from quantize.recipe import Recipe
from quantize.rounding import Nearest
from runtime.onnxruntime_engine import session_options
from tests.quantize.dequantize import dequantized

PRODUCTS = ("DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulInteger")  # as onnxruntime fuses them
NAMED = {"left_weight": "int4", "right_weight": "int4"}
TWO = Recipe(default="fp32", weights={"transformer": NAMED})  # the linears that read the table's rows


def operators(path, kind):
    return [node for node in load(path).graph if node.op_type == kind]


def test_the_graph_unpacks_codes_to_the_rounded_weights(network, tmp_path):
    """The int8 weights that onnxruntime unpacks, with every code and many scales, against the rounding's."""
    path, rounding = tmp_path / "x.onnx", Nearest()
    quantize_graph(network, path, "transformer", TWO, rounding)
    model = onnx.load(path)
    products = [node for node in model.graph.node if node.op_type == "MatMulInteger"]
    for node in products:
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(node.input[1], onnx.TensorProto.INT8, None)
        )
    session = onnxruntime.InferenceSession(model.SerializeToString(), session_options(1))
    unpacked = session.run([node.input[1] for node in products], {"ids": np.zeros((1, 16), np.int64)})
    for name, codes in zip(NAMED, unpacked, strict=True):
        weight = load(network).graph.initializers[name].const_value.numpy()
        blocks = rounding(name, weight, TWO.block)
        np.testing.assert_array_equal(codes * blocks.units, dequantized(blocks))


def test_sums_of_two_products_fit_16_bits():
    weight = np.random.default_rng(0).standard_t(2, size=(256, 300)).astype(np.float32)  # many extremes
    for block in (16, 64):
        blocks = Nearest()("w", weight, block)
        units = np.abs(dequantized(blocks) / blocks.units)
        assert 60 <= units.max() <= 64 and 2 * 255 * units.max() < 2**15


@pytest.mark.parametrize("mapped", [False, True])
def test_a_session_keeps_only_packed_weights(network, tmp_path, mapped):
    """If onnxruntime unpacked weights when it opens the session, they would take twice the bytes."""
    quantize_graph(network, tmp_path / "x.onnx", "transformer", Recipe.uniform("int4"))
    options = session_options(1, mapped)
    options.optimized_model_filepath = str(tmp_path / "opened.onnx")
    onnxruntime.InferenceSession(tmp_path / "x.onnx", options)
    kinds = [
        node.op_type for node in onnx.load(tmp_path / "opened.onnx", load_external_data=False).graph.node
    ]
    # One of the three weights serves two linears, and is unpacked once.
    assert [kinds.count(kind) for kind in ("QLinearConcat", "BitwiseAnd", "BitShift", "QLinearMul")] == [
        3
    ] * 4
    assert kinds.count("DynamicQuantizeMatMul") + kinds.count("MatMulIntegerToFloat") == 4


def test_a_weight_is_unpacked_just_before_its_product(network, tmp_path, ids):
    """If these operators stood elsewhere, onnxruntime would unpack all weights first and hold them."""
    quantize_graph(network, tmp_path / "x.onnx", "transformer", Recipe.uniform("int4"))
    options = session_options(1)
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "profile")
    session = onnxruntime.InferenceSession(tmp_path / "x.onnx", options)
    session.run(None, {"ids": ids})
    events = json.loads(Path(session.end_profiling()).read_text())
    kinds = [
        event["args"]["op_name"]
        for event in sorted(events, key=lambda event: event["ts"])
        if "op_name" in event["args"]
    ]
    made = [
        "unpacked" if kind == "QLinearMul" else "multiplied"
        for kind in kinds
        if kind in ("QLinearMul", *PRODUCTS)
    ]
    assert made == ["unpacked", "multiplied"] * 3 + ["multiplied"]  # the last two products share a weight


@pytest.mark.parametrize("block", [16, 32])
def test_the_recipes_block_is_used(network, tmp_path, block):
    quantize_graph(network, tmp_path / "x.onnx", "transformer", Recipe.uniform("int4", block))
    stored = load(tmp_path / "x.onnx").graph.initializers
    assert stored["left_weight.int4"].shape.numpy() == (64 // block, block // 2, 32)


def test_linears_of_one_input_quantize_it_once(network, tmp_path):
    quantize_graph(network, tmp_path / "x.onnx", "transformer", Recipe.uniform("int4"))
    assert len(operators(tmp_path / "x.onnx", "MatMulInteger")) == 4
    assert len(operators(tmp_path / "x.onnx", "DynamicQuantizeLinear")) == 3
