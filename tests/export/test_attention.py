"""The rewrite of attention: the same numbers, and only where it may."""

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from export.attention import tile_attention

ROWS, HEADS, WIDTH = 2, 3, 8


def graph(queries: int, keys: int, **attributes: int) -> ir.Model:
    """Attention of [R, S, heads*H] inputs."""
    sides = {"q": queries, "k": keys, "v": keys}
    inputs = [
        ir.Value(
            name=name, type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape([ROWS, side, HEADS * WIDTH])
        )
        for name, side in sides.items()
    ]
    heads = {"q_num_heads": HEADS, "kv_num_heads": HEADS, **attributes}
    node = ir.Node("", "Attention", inputs, [ir.AttrInt64(name, value) for name, value in heads.items()])
    (output,) = node.outputs
    output.name, output.type = "y", ir.TensorType(ir.DataType.FLOAT)
    return ir.Model(
        ir.Graph(inputs, [output], nodes=[node], opset_imports={"": 23}, name="attention"), ir_version=10
    )


def run(model: ir.Model, arrays: dict[str, np.ndarray]) -> np.ndarray:
    return onnxruntime.InferenceSession(ir.to_proto(model).SerializeToString()).run(None, arrays)[0]


@pytest.mark.parametrize(("queries", "keys"), [(90, 90), (13, 90), (1, 5)])
def test_the_numbers_are_those_of_attention(queries, keys):
    random = np.random.default_rng(0)
    arrays = {
        name: random.standard_normal((ROWS, side, HEADS * WIDTH)).astype(np.float32)
        for name, side in (("q", queries), ("k", keys), ("v", keys))
    }
    model = graph(queries, keys)
    expected = run(model, arrays)
    assert tile_attention(model) == 1
    assert [node.op_type for node in model.graph] == ["MultiHeadAttention"]
    np.testing.assert_allclose(run(model, arrays), expected, atol=1e-6)


def test_masked_attention_is_left_alone():
    model = graph(4, 4, is_causal=1)
    assert tile_attention(model) == 0
    assert [node.op_type for node in model.graph] == ["Attention"]
