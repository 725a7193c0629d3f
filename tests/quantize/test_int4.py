"""MatMulNBits as written: what onnxruntime computes from it, and what it lets it do."""

import numpy as np
import onnx
import onnxruntime
import pytest

from quantize.graph import quantize_graph
from quantize.recipe import Recipe
from quantize.rounding import Hqq, Nearest, Rounding
from quantize.store import load
from runtime.engine import session_options
from tests.quantize.test_rounding import widened


def product(path):
    """The int4 operators of a graph."""
    return [node for node in load(path).graph if node.op_type == "MatMulNBits"]


@pytest.mark.parametrize("rounding", [Nearest(), Nearest(zeros=True), Hqq()])
def test_the_operator_reads_the_weights_that_the_codes_stand_for(network, tmp_path, rounding: Rounding):
    named = {"left_weight": "int4", "right_weight": "int4"}
    recipe = Recipe(default="fp32", weights={"transformer": named})
    quantize_graph(network, tmp_path / "x.onnx", "transformer", recipe, rounding)
    for node, name in zip(product(tmp_path / "x.onnx"), named, strict=True):
        inputs = [value.const_value.numpy() for value in node.inputs[1:]]
        k, n, block = (node.attributes.get_int(key) for key in ("K", "N", "block_size"))
        # The identity through the operator gives the weights back, at accuracy level 0.
        types = [onnx.helper.np_dtype_to_tensor_dtype(value.dtype) for value in inputs]
        alone = onnx.helper.make_node(
            "MatMulNBits",
            ["x", "codes", "scales", "zeros"][: 1 + len(inputs)],
            ["y"],
            domain="com.microsoft",
            K=k,
            N=n,
            bits=4,
            block_size=block,
        )
        info = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            [alone],
            "alone",
            [info("x", onnx.TensorProto.FLOAT, [k, k])]
            + [
                info(given, kind, value.shape)
                for given, kind, value in zip(alone.input[1:], types, inputs, strict=True)
            ],
            [info("y", onnx.TensorProto.FLOAT, [k, n])],
        )
        opsets = [onnx.helper.make_opsetid("", 23), onnx.helper.make_opsetid("com.microsoft", 1)]
        model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10)
        session = onnxruntime.InferenceSession(model.SerializeToString(), session_options(1))
        feed = dict(zip(alone.input[1:], inputs, strict=True)) | {"x": np.eye(k, dtype=np.float32)}
        weight = load(network).graph.initializers[name].const_value.numpy()
        expected = widened(rounding(name, weight, block))
        np.testing.assert_allclose(session.run(None, feed)[0], expected, atol=1e-5)


def test_every_linear_may_quantize_its_input(network, tmp_path):
    quantize_graph(network, tmp_path / "x.onnx", "transformer", Recipe.uniform("int4"))
    nodes = product(tmp_path / "x.onnx")
    assert len(nodes) == 4
    assert {node.attributes.get_int("accuracy_level") for node in nodes} == {4}


def test_block_and_zero_points_are_those_asked_for(network, tmp_path):
    for rounding, inputs in ((Nearest(), 3), (Nearest(zeros=True), 4)):
        quantize_graph(network, tmp_path / "x.onnx", "transformer", Recipe.uniform("int4", 16), rounding)
        for node in product(tmp_path / "x.onnx"):
            assert node.attributes.get_int("block_size") == 16
            assert len(node.inputs) == inputs
