"""Static quantization for Qualcomm's NPU (HTP): 16-bit activations, 8-bit weights, fixed shapes.

onnxruntime's own quantizer and QNN settings do the work. What stands here prepares a graph for them, because
QNN's execution provider runs neither operator below on integers, and an operator it does not run sends its
tensors to the CPU and back. Between two Reshapes, in which heads lie apart (x [R, S, heads, H]):

    q, k, v --> MultiHeadAttention          Transpose q, k --> MatMul --> Mul 1/sqrt(H) --> Softmax
                                                Transpose v --> MatMul --> Transpose
    x --> RotaryEmbedding(ids, cos, sin)    x * cos[ids] + (x P) * sin[ids]
                                                P [H, H] turns (a, b) into (-b, a) in each pair

The drawing behind the logits (sums, comparisons, look-ups) stays float, on the CPU: chances rounded to 16
bits would make rare codes impossible.
"""

import logging
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx_ir as ir
import psutil
from onnx.reference import ReferenceEvaluator
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize
from onnxruntime.quantization.execution_providers.qnn import get_qnn_qdq_config

from export.workspace import megabytes
from quantize.errors import QuantizationError
from quantize.graph_edit import array, operator
from quantize.onnx_files import files, load, save
from quantize.static_int8 import constant
from quantize.static_ranges import Feed

LOGITS = "drawing.logits.out."  # chunks of the step's logits; what follows draws from them
# Ranges behind the guidance grow with it: calibrated at 2, a step keeps 49 % of its tokens at 9. So they are
# measured at this one, which costs nothing at 2; a greater one is cut off.
MOST_GUIDANCE = np.array(20, np.float32)
# onnxruntime's quantizer holds the graph this often: a step of 345 MB took 1.96 GB, 0.3 GB of them Python's.
COPIES = 5
TURN = "rotary.turn"  # P, whose entries -1, 0 and 1 are exact so:
EXACT = {"quant_type": QuantType.QUInt8, "scale": np.float32(1 / 127), "zero_point": np.uint8(128)}


@dataclass(frozen=True)
class QnnReport:
    """What the NPU gets and what the CPU keeps of a graph."""

    weights: tuple[str, ...]  # in 8 bits
    quantized: dict[str, int]  # operators between Dequantize and Quantize: the NPU's
    left_float: dict[str, int]  # operators on floats, integers or booleans: the CPU's

    @property
    def precision(self) -> str:
        """For the manifest."""
        return "qnn"

    def __str__(self) -> str:
        npu, cpu = (sum(counts.values()) for counts in (self.quantized, self.left_float))
        return f"{len(self.weights)} weights in 8 bits, {npu} operators for the NPU, {cpu} for the CPU"


class Reader(CalibrationDataReader):
    def __init__(self, feeds: Iterable[Feed]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> Feed | None:
        feed = next(self.feeds, None)
        return feed if feed is None or "guidance" not in feed else {**feed, "guidance": MOST_GUIDANCE}


def quantize_qnn(source: Path, target: Path, feeds: Sequence[Feed]) -> QnnReport:
    """Quantizes the float graph `source` into `target` with ranges over `feeds`, inputs of it by name.

    The inputs' shapes become those of the feeds. Raises QuantizationError without feeds, for feeds of
    several shapes and where memory is too small, OSError when the target cannot be written.
    """
    if not feeds:
        raise QuantizationError(f"{source.name}: no step to calibrate on: draw at least one picture")
    shapes = {tuple(sorted((name, array.shape) for name, array in feed.items())) for feed in feeds}
    if len(shapes) > 1:
        raise QuantizationError(
            f"{source.name}: the NPU takes one shape of each input, the steps have several"
        )
    check_memory(source)
    model = load(source)
    for value in model.graph.inputs:
        value.shape = ir.Shape(feeds[0][str(value.name)].shape)
    fold(model.graph)
    decompose(model.graph)
    with tempfile.TemporaryDirectory(dir=source.parent) as name, quiet():
        whole, quantized = (Path(name) / file for file in ("float.onnx", "quantized.onnx"))
        save(model, whole)
        settings = get_qnn_qdq_config(
            whole,
            Reader(feeds),
            activation_type=QuantType.QUInt16,
            weight_type=QuantType.QUInt8,
            init_overrides={TURN: [EXACT]} if TURN in model.graph.initializers else None,
            nodes_to_exclude=list(after_logits(model.graph)),
        )
        quantize(whole, quantized, settings)
        save(load(quantized), target)
    return report(load(target).graph)


def check_memory(source: Path) -> None:
    """Raises QuantizationError if the machine's memory would not hold what onnxruntime's quantizer does."""
    needed = COPIES * sum(file.stat().st_size for file in files(source))
    there = psutil.virtual_memory().total
    if needed > there:
        raise QuantizationError(
            f"{source.name}: the NPU variant takes about {megabytes(needed)} of memory to make, this machine"
            f" has {megabytes(there)}: use a larger one, or a bundle for the CPU (--int8)"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Without onnxruntime's advice to optimise the graph first, which folds weights that are to be found."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def fold(graph: ir.Graph) -> None:
    """Computes what is constant once the number of text rows is: the NPU wants shapes and tables so.

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


def decompose(graph: ir.Graph) -> None:
    """MultiHeadAttention and RotaryEmbedding in the operators drawn above, of a graph that was folded."""
    for node in list(graph):
        if node.op_type == "MultiHeadAttention":
            made = attention(graph, node)
        elif node.op_type == "RotaryEmbedding":
            made = rotary_embedding(graph, node)
        else:
            continue
        made[-1].outputs[0].shape = node.outputs[0].shape  # for attention, which reads what was rotated
        graph.insert_before(node, made)
        ir.convenience.replace_all_uses_with(node.outputs[0], made[-1].outputs[0])
        graph.remove(node, safe=True)
    for name in [name for name, value in graph.initializers.items() if not value.uses()]:
        del graph.initializers[name]
    for node in graph:
        for value in node.outputs:
            if not value.is_graph_output():
                value.shape = None  # it was that of an unknown number of rows; onnxruntime infers it


def attention(graph: ir.Graph, node: ir.Node) -> list[ir.Node]:
    """q, k, v [R, S, D], neither mask nor causal."""
    heads = node.attributes["num_heads"].as_int()
    query, key, value = node.inputs
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
    """x [R, S, D], cos and sin [positions, H/2], ids [R, S] the same in all rows, pairs beside each other."""
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
    """The shape [R, S, heads, H] of a Reshape, which copies axes of size 0."""
    return constant(graph, f"heads.{heads}x{head}", np.array([0, 0, heads, head]))


def heads_joined(graph: ir.Graph, size: int) -> ir.Value:
    return constant(graph, f"heads.{size}", np.array([0, 0, size]))


def width(value: ir.Value | None) -> int:
    """Size of the last axis, which does not depend on the rows."""
    assert value is not None and value.shape is not None
    size = value.shape[-1]
    assert isinstance(size, int)
    return size


def after_logits(graph: ir.Graph) -> Iterator[str]:
    """Names of the nodes that draw from the logits."""
    drawn: set[ir.Value] = set()
    for node in graph:
        if any(
            str(value.name).startswith(LOGITS) or value in drawn for value in node.inputs if value is not None
        ):
            drawn.update(node.outputs)
            yield str(node.name)


def report(graph: ir.Graph) -> QnnReport:
    quantized, left = Counter[str](), Counter[str]()
    for node in graph:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            continue
        readers = {use.node.op_type for value in node.outputs for use in value.uses()}
        (quantized if "QuantizeLinear" in readers else left)[node.op_type] += 1
    weights = [
        name.removesuffix("_quantized")
        for name, value in graph.initializers.items()
        if value.dtype == ir.DataType.UINT8 and value.shape is not None and value.shape.rank() > 0
    ]
    return QnnReport(tuple(weights), dict(quantized), dict(left))
