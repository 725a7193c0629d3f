"""Attention in the form that onnxruntime's CPU kernel computes without a table of all scores.

    queries, keys, values [R, S, D] --> Attention --> [R, S, D]    ==>    the same --> MultiHeadAttention

The kernel of ai.onnx Attention holds the scores [R, heads, S, S] (78 MB for a 1024-px image) and passes over
them three times. The kernel of com.microsoft MultiHeadAttention goes tile by tile with a running softmax.
"""

import onnx_ir as ir

DOMAIN = "com.microsoft"


def tile_attention(model: ir.Model) -> int:
    """Replace every Attention that has heads side by side and no mask, and return how many."""
    replaced = 0
    for node in list(model.graph):
        heads = heads_side_by_side(node)
        if not heads:
            continue
        output = node.outputs[0]
        tiled = ir.Node(DOMAIN, "MultiHeadAttention", node.inputs[:3], [ir.AttrInt64("num_heads", heads)])
        ir.convenience.replace_nodes_and_values(model.graph, node, [node], [tiled], [output], tiled.outputs)
        replaced += 1
    if replaced:
        model.opset_imports[DOMAIN] = 1
    return replaced


def heads_side_by_side(node: ir.Node) -> int:
    """The number of heads of an Attention with [R, S, heads*H] inputs and no mask; 0 for any other node."""
    if node.op_type != "Attention" or masked(node):
        return 0
    return node.attributes.get_int("q_num_heads", 0)  # absent where inputs are [R, heads, S, H]


def masked(node: ir.Node) -> bool:
    return bool(node.attributes.get_int("is_causal", 0)) or any(
        extra is not None for extra in node.inputs[3:]
    )
