"""Attention in the form whose kernel needs no table of all scores.

    queries, keys, values [R, S, D] --> Attention --> [R, S, D]    ==>    the same --> MultiHeadAttention

onnxruntime's CPU kernel of ai.onnx Attention holds the scores [R, heads, S, S] (78 MB of a 1024-px image) and
passes over them three times; that of com.microsoft MultiHeadAttention goes tile by tile with a running
softmax.
"""

import onnx_ir as ir

DOMAIN = "com.microsoft"


def tile_attention(model: ir.Model) -> int:
    """Replaces every Attention without mask whose heads lie side by side; returns how many."""
    replaced = 0
    for node in list(model.graph):
        if node.op_type != "Attention" or masked(node):
            continue
        heads = node.attributes.get_int("q_num_heads", 0)
        if not heads:  # [R, heads, S, H] inputs
            continue
        output = node.outputs[0]
        tiled = ir.Node(DOMAIN, "MultiHeadAttention", node.inputs[:3], [ir.AttrInt64("num_heads", heads)])
        ir.convenience.replace_nodes_and_values(model.graph, node, [node], [tiled], [output], tiled.outputs)
        replaced += 1
    if replaced:
        model.opset_imports[DOMAIN] = 1
    return replaced


def masked(node: ir.Node) -> bool:
    return bool(node.attributes.get_int("is_causal", 0)) or any(
        extra is not None for extra in node.inputs[3:]
    )
