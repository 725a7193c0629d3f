"""Edits of ONNX graphs that the forms of weights share: initializers, operators and columns in chunks."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import onnx_ir as ir

Widened = dict[
    tuple[ir.Graph, str], ir.Value
]  # (graph, weight's name) -> the weight widened to float32 there

CHUNK = 2**24  # the most numbers of a weight that are converted at a time


def owner(value: ir.Value) -> ir.Graph:
    """The graph that holds an initializer."""
    graph = value.graph
    assert isinstance(graph, ir.Graph)
    return graph


def scope(node: ir.Node) -> ir.Graph:
    """The graph or subgraph that holds a node."""
    assert isinstance(node.graph, ir.Graph)
    return node.graph


def array(weight: ir.Value) -> np.ndarray:
    """The numbers of an initializer, mapped from its file."""
    assert weight.const_value is not None
    return weight.const_value.numpy()


def initializer(graph: ir.Graph, tensor: ir.TensorProtocol) -> ir.Value:
    """Add the tensor to the graph as an initializer with the tensor's name."""
    assert tensor.name is not None
    return same_bytes(graph, tensor, tensor.name)


def same_bytes(graph: ir.Graph, tensor: ir.TensorProtocol, name: str) -> ir.Value:
    """Add the tensor as an initializer `name`. `onnx_files.save` stores a tensor that several hold once."""
    shape = ir.Shape(tensor.shape.numpy())
    value = ir.Value(name=name, shape=shape, type=ir.TensorType(tensor.dtype), const_value=tensor)
    graph.register_initializer(value)
    return value


def lazy(
    graph: ir.Graph, name: str, make: Callable[[], np.ndarray], dtype: ir.DataType, shape: tuple[int, ...]
) -> ir.Value:
    """Add an initializer that `make` computes when it is written, so memory holds one weight at a time."""
    tensor = ir.LazyTensor(
        lambda: ir.tensor(make(), name=name), dtype=dtype, shape=ir.Shape(shape), name=name
    )
    return initializer(graph, tensor)


def columns(weight: np.ndarray) -> Iterator[slice]:
    """Slices of the columns of a matrix [K, N], each with at most CHUNK numbers but at least one column."""
    rows, count = weight.shape
    width = max(1, CHUNK // rows)
    for start in range(0, count, width):
        yield slice(start, min(start + width, count))


def operator(
    kind: str,
    name: str,
    inputs: Sequence[ir.Value | None],
    domain: str = "",
    outputs: int = 1,
    **attributes: int,
) -> ir.Node:
    """A node whose outputs are named after it, because generated names are not unique across subgraphs."""
    values = [ir.Value(name=name if outputs == 1 else f"{name}.{index}") for index in range(outputs)]
    integers = [ir.AttrInt64(key, value) for key, value in attributes.items()]
    return ir.Node(domain, kind, inputs, integers, outputs=values, name=name)


def cast_to_float(value: ir.Value, name: str) -> ir.Node:
    """A node that casts to float32."""
    return operator("Cast", name, [value], to=ir.DataType.FLOAT)


def substitute(node: ir.Node, new: list[ir.Node]) -> None:
    """Replace a node by new ones; the last one's output takes over its output's name, type and readers."""
    graph, old_value, new_value = scope(node), node.outputs[0], new[-1].outputs[0]
    new_value.name, new_value.type, new_value.shape = old_value.name, old_value.type, old_value.shape
    graph.insert_before(node, new)
    ir.convenience.replace_all_uses_with(old_value, new_value, replace_graph_outputs=True)
    graph.remove(node, safe=True)
