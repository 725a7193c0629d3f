"""A graph in the operators that Qualcomm's NPU runs on integers, with fixed shapes.

QNN's execution provider would leave the operators below to the CPU, and every tensor would travel there and
back. In the drawings heads lie apart (x [R, S, heads, H]) between two Reshapes:

    q, k, v --> Attention                   Transpose q, k --> MatMul --> Mul 1/sqrt(H) --> Softmax
                                                Transpose v --> MatMul --> Transpose
    x --> RotaryEmbedding(ids, cos, sin)    x * cos[ids] + (x P) * sin[ids]
                                                P [H, H] turns (a, b) into (-b, a) in each pair
"""

from collections.abc import Mapping

import numpy as np
import onnx_ir as ir
from onnx.reference import ReferenceEvaluator

from export.attention import heads_side_by_side
from quantize.graph_edit import array, operator
from quantize.qnn import TURN
from quantize.static_int8 import constant


def to_npu_form(model: ir.Model, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Fix the shape of each input and rewrite the operators drawn above; the numbers stay the same."""
    graph = model.graph
    for value in graph.inputs:
        value.shape = ir.Shape(shapes[str(value.name)])
    fold(graph)
    for node in list(graph):
        if heads := heads_side_by_side(node):
            made = attention(graph, node, heads)
        elif node.op_type == "RotaryEmbedding":
            made = rotary_embedding(graph, node)
        else:
            continue
        made[-1].outputs[0].shape = node.outputs[0].shape  # attention reads what was rotated
        graph.insert_before(node, made)
        ir.convenience.replace_all_uses_with(node.outputs[0], made[-1].outputs[0])
        graph.remove(node, safe=True)
    for name in [name for name, value in graph.initializers.items() if not value.uses()]:
        del graph.initializers[name]
    for node in graph:
        for value in node.outputs:
            if not value.is_graph_output():
                value.shape = None  # it had an unknown number of rows; onnxruntime infers the fixed shape


def fold(graph: ir.Graph) -> None:
    """Compute what is constant once the shapes of the inputs are fixed: the NPU wants shapes and tables so.

    Shape(x) --> Concat(.., 1) --> Expand     positions --> Slice --> Expand --> RotaryEmbedding
    """
    for node in list(graph):
        if node.op_type == "Shape":
            (x,) = node.inputs
            assert x is not None and x.shape is not None
            start, end = node.attributes.get_int("start", 0), node.attributes.get_int("end", None)
            result = np.array(x.shape.numpy()[start:end], np.int64)
        elif node.op_type in ("Concat", "Slice", "Expand") and all(x and x.const_value for x in node.inputs):
            feeds = {str(x.name): array(x) for x in node.inputs if x}
            results = ReferenceEvaluator(ir.to_proto(node)).run(None, feeds)
            assert isinstance(results, list)
            (result,) = results
        else:
            continue
        made = constant(graph, f"{node.outputs[0].name}.fixed", result)
        ir.convenience.replace_all_uses_with(node.outputs[0], made)
        graph.remove(node, safe=True)


def attention(graph: ir.Graph, node: ir.Node, heads: int) -> list[ir.Node]:
    """Attention of q, k, v [R, S, D] in plain operators."""
    query, key, value = node.inputs[:3]
    name, head = str(node.outputs[0].name), width(query) // heads
    scale = constant(graph, "attention.scale", np.array(head**-0.5, np.float32))
    apart = heads_apart(graph, heads, head)
    made: list[ir.Node] = []
    turned = []
    for part, x, order in (
        ("query", query, (0, 2, 1, 3)),
        ("key", key, (0, 2, 3, 1)),
        ("value", value, (0, 2, 1, 3)),
    ):
        split = operator("Reshape", f"{name}.{part}.heads", [x, apart])
        made += [split, transpose(f"{name}.{part}", split.outputs[0], order)]
        turned.append(made[-1].outputs[0])
    products = operator("MatMul", f"{name}.products", turned[:2])
    scores = operator("Mul", f"{name}.scores", [products.outputs[0], scale])
    shares = operator("Softmax", f"{name}.shares", [scores.outputs[0]])
    mixed = operator("MatMul", f"{name}.mixed", [shares.outputs[0], turned[2]])
    back = transpose(f"{name}.heads", mixed.outputs[0], (0, 2, 1, 3))
    joined = operator("Reshape", f"{name}.joined", [back.outputs[0], heads_joined(graph, heads * head)])
    return [*made, products, scores, shares, mixed, back, joined]


def rotary_embedding(graph: ir.Graph, node: ir.Node) -> list[ir.Node]:
    """Rotation of x [R, S, D] in plain operators.

    cos and sin are [positions, H/2], ids [R, S] the same in all rows; the two of a pair are neighbours.
    """
    heads = node.attributes["num_heads"].as_int()
    x, *tables, ids = node.inputs
    name, head = str(node.outputs[0].name), width(x) // heads
    assert ids is not None
    cos, sin = (
        constant(
            graph,
            f"{table.name}.of.{ids.name}",
            np.repeat(array(table)[array(ids)[0]], 2, axis=-1)[:, None],  # [S, 1, H]
        )
        for table in tables
        if table
    )
    pairs = np.eye(head // 2, dtype=np.float32)
    turn = constant(graph, TURN, np.kron(pairs, np.array([[0, 1], [-1, 0]], np.float32)))
    split = operator("Reshape", f"{name}.heads", [x, heads_apart(graph, heads, head)])
    straight = operator("Mul", f"{name}.straight", [split.outputs[0], cos])
    turned = operator("MatMul", f"{name}.turned", [split.outputs[0], turn])
    across = operator("Mul", f"{name}.across", [turned.outputs[0], sin])
    rotated = operator("Add", f"{name}.rotated", [straight.outputs[0], across.outputs[0]])
    joined = operator("Reshape", f"{name}.joined", [rotated.outputs[0], heads_joined(graph, heads * head)])
    return [split, straight, turned, across, rotated, joined]


def transpose(name: str, x: ir.Value, order: tuple[int, ...]) -> ir.Node:
    made = operator("Transpose", name, [x])
    made.attributes["perm"] = ir.AttrInt64s("perm", order)
    return made


def heads_apart(graph: ir.Graph, heads: int, head: int) -> ir.Value:
    """The shape [R, S, heads, H] for a Reshape, which copies axes given as 0."""
    return constant(graph, f"heads.{heads}x{head}", np.array([0, 0, heads, head]))


def heads_joined(graph: ir.Graph, size: int) -> ir.Value:
    """The shape [R, S, D] for a Reshape."""
    return constant(graph, f"heads.{size}", np.array([0, 0, size]))


def width(value: ir.Value | None) -> int:
    """Size of the last axis, which is known for any number of rows."""
    assert value is not None and value.shape is not None
    size = value.shape[-1]
    assert isinstance(size, int)
    return size
