"""Static quantization for Qualcomm's NPU (HTP): 16-bit activations, 8- or 4-bit weights, fixed shapes.

Every float tensor becomes codes with a fixed scale and zero point, between a Quantize and a Dequantize. The
NPU's provider reads that pattern and computes on the codes:

    x --> Quantize --> Dequantize --> MatMul --> Quantize --> Dequantize --> y
                 W8 --> Dequantize ----^

    matrix of a MatMul, kernel of a Conv    signed, a scale a column or output channel, zero points of 0
    bias of a Conv                          32 bits, in units of input scale * weight scale
    every other tensor                      16 bits unsigned, one scale and zero point

Scales come from the smallest and largest value in runs of the float graph. Operators that only move numbers
keep the scale of their input, so that nothing is rounded twice.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import ml_dtypes
import numpy as np
import onnx_ir as ir

from quantize.errors import QuantizationError
from quantize.gptq import whole_columns
from quantize.graph_edit import array, operator, same_bytes
from quantize.onnx_files import load, save
from quantize.static_int8 import constant
from quantize.static_ranges import Feed, Range, extremes

SMALLEST_RANGE = 1e-4  # so that a tensor of zeros has a scale
LEVELS = 127  # weights are -127 .. 127
# Their first input comes out as it is, in another order or in part.
MOVES = {
    "DepthToSpace", "Expand", "Flatten", "Gather", "Reshape", "Slice", "Split", "Squeeze", "Transpose",
    "Unsqueeze",
}  # fmt: skip
# The NPU's sigmoid gives codes of this scale, whatever is wanted.
SIGMOID = np.array(2**-16, np.float32), np.array(0, np.uint16)
CODES, FLOAT, SCALE, ZERO, EXACT = ".codes", ".float", ".scale", ".zero", ".exact"
INT32 = 2**31 - 1

Moments = Mapping[str, np.ndarray]  # H f32 [G, K / G, K / G] by weight
Encoding = tuple[ir.Value, ir.Value]  # the scale and the zero point of a tensor
# How an operator reads a constant input: as a matrix with a scale a column, and so on.
Form = Literal["matrix", "kernel", "bias", "norm", "tensor"]
READ_AS: dict[tuple[str, int], Form] = {
    ("MatMul", 1): "matrix",
    ("Conv", 1): "kernel",
    ("Conv", 2): "bias",
    ("LayerNormalization", 1): "norm",
    ("InstanceNormalization", 1): "norm",
    ("InstanceNormalization", 2): "bias",
}


class Codes(NamedTuple):
    """A constant as it is stored; `axis` has a scale for each slice."""

    codes: ir.TensorProtocol
    scale: ir.TensorProtocol
    zero: ir.TensorProtocol
    axis: int = 0


@dataclass(frozen=True)
class NpuGraph:
    """What quantization made of a graph."""

    weights: dict[str, str]  # name -> the type of its codes, such as "INT8"
    operators: dict[str, int]  # that the NPU computes

    @property
    def precision(self) -> str:
        """For the manifest."""
        return "int4" if "INT4" in self.weights.values() else "qnn"

    def __str__(self) -> str:
        kinds = Counter(self.weights.values())
        weights = " and ".join(f"{count} weights in {kind.lower()}" for kind, count in sorted(kinds.items()))
        return f"{weights}, {sum(self.operators.values())} operators for the NPU"


def quantize_qnn(
    source: Path, target: Path, feeds: Sequence[Feed], moments: Moments | None = None
) -> NpuGraph:
    """Quantize the float graph `source` into `target`, with ranges over `feeds`, its inputs by name.

    `moments` of the inputs of matrices (`quantize.gptq_moments`) put matrices in 4 bits, rounded by GPTQ.

    Raises QuantizationError without feeds, OSError when the target cannot be written.
    """
    if not feeds:
        raise QuantizationError(f"{source.name}: no step to calibrate on: draw at least one picture")
    observed, model = load(source), load(source)
    ranges = extremes(observed, source.parent, list(activations(observed.graph)), feeds)
    quantizer = Quantizer(model.graph, ranges, moments)
    quantizer.run()
    save(model, target)
    return NpuGraph(quantizer.weights, dict(quantizer.operators))


def activations(graph: ir.Graph) -> Iterator[ir.Value]:
    """The float inputs of the graph and of its nodes' outputs."""
    values = [*graph.inputs, *(value for node in graph for value in node.outputs)]
    return (value for value in values if value.dtype == ir.DataType.FLOAT)


class Quantizer:
    """One pass over a float graph in memory; weights are rounded when they are written."""

    def __init__(self, graph: ir.Graph, ranges: dict[str, Range], moments: Moments | None = None) -> None:
        self.graph, self.ranges, self.moments = graph, ranges, moments
        self.encodings: dict[ir.Value, Encoding] = {}
        self.codes: dict[tuple[ir.Value, Form], Codes] = {}  # of constants
        self.readers: Counter[ir.Value] = Counter()  # of constants, so far
        self.originals: dict[ir.Value, ir.Value] = {}  # dequantized codes -> the tensor that they stand for
        self.weights: dict[str, str] = {}
        self.operators: Counter[str] = Counter()

    def run(self) -> None:
        nodes = list(self.graph)
        for value in self.graph.inputs:
            if value.dtype == ir.DataType.FLOAT:
                self.quantize(value)
        for node in nodes:
            self.operators[node.op_type] += 1
            if node.op_type == "QuantizeLinear":  # the image decoder's last: its codes are the picture
                continue
            for index, x in enumerate(node.inputs):
                if x is not None and x.is_initializer() and x.dtype == ir.DataType.FLOAT:
                    node.replace_input_with(index, self.stored(node, index, x))
            for value in node.outputs:
                if value.dtype == ir.DataType.FLOAT:
                    self.quantize(value)
        for name in [name for name, value in self.graph.initializers.items() if not value.uses()]:
            del self.graph.initializers[name]

    def quantize(self, x: ir.Value) -> None:
        """x --> readers   ==>   x --> Quantize --> Dequantize --> readers"""
        encoding, output = self.encoding(x), x.name if x.is_graph_output() else None
        codes = operator("QuantizeLinear", f"{x.name}{CODES}", [x, *encoding])
        floats = operator("DequantizeLinear", f"{x.name}{FLOAT}", [codes.outputs[0], *encoding])
        ir.convenience.replace_all_uses_with(x, floats.outputs[0], replace_graph_outputs=True)
        codes.outputs[0].type, codes.outputs[0].shape = encoding[1].type, x.shape
        codes.replace_input_with(0, x)
        floats.outputs[0].type, floats.outputs[0].shape = x.type, x.shape
        producer = x.producer()
        if producer is None:
            self.graph.insert_before(self.graph[0], [codes, floats])
        else:
            self.graph.insert_after(producer, [codes, floats])
        self.originals[floats.outputs[0]] = x
        if output is not None:
            x.name, floats.outputs[0].name = f"{output}{EXACT}", output

    def encoding(self, x: ir.Value) -> Encoding:
        """Of an activation: that of the tensor whose numbers it holds, or a new one for its range."""
        source = self.moved(x)
        if source not in self.encodings:
            node = source.producer()
            of_sigmoid = node is not None and node.op_type == "Sigmoid"
            fitted = SIGMOID if of_sigmoid else scale_of(self.ranges[str(source.name)])
            self.encodings[source] = (
                constant(self.graph, f"{source.name}{SCALE}", fitted[0]),
                constant(self.graph, f"{source.name}{ZERO}", fitted[1]),
            )
        return self.encodings[source]

    def moved(self, x: ir.Value) -> ir.Value:
        """The tensor whose numbers x holds, in another order or in part; mostly x itself."""
        node = x.producer()
        if node is None or not (node.op_type in MOVES or repeats(node)):
            return x
        source = node.inputs[0]
        assert source is not None
        return self.moved(self.originals.get(source, source))

    def stored(self, node: ir.Node, index: int, tensor: ir.Value) -> ir.Value:
        """A float constant that a node reads, as dequantized codes.

        Each reader has constants of its own, which refer to the same bytes, because onnxruntime cannot open a
        graph in which readers share them where it makes S8 weights unsigned (see `quantize.int8`).
        """
        form = READ_AS.get((node.op_type, index), "tensor")
        if form == "bias":  # its unit depends on what else the node reads
            codes = self.bias(node, tensor)
        else:
            if (tensor, form) not in self.codes:
                self.codes[tensor, form] = self.rounded(tensor, form)
            codes = self.codes[tensor, form]
        readers = self.readers[tensor]
        self.readers[tensor] += 1
        name = f"{tensor.name}.{readers}" if readers else str(tensor.name)
        parts = [
            same_bytes(self.graph, part, f"{name}{suffix}")
            for part, suffix in zip(codes[:3], (CODES, SCALE, ZERO), strict=True)
        ]
        dequantize = operator("DequantizeLinear", f"{name}{FLOAT}", parts, axis=codes.axis)
        self.graph.insert_before(self.graph[0], dequantize)
        (floats,) = dequantize.outputs
        floats.type, floats.shape = tensor.type, tensor.shape
        self.originals[floats] = tensor
        if form == "tensor":
            self.encodings[tensor] = parts[1], parts[2]  # what moves its numbers keeps their scale
        return floats

    def rounded(self, tensor: ir.Value, form: Form) -> Codes:
        """A constant that is read in this form."""
        if form == "matrix" and self.moments is not None:
            return self.small_weight(tensor, self.moments)
        if form in ("matrix", "kernel"):
            return self.weight(tensor, axis=1 if form == "matrix" else 0)
        dtype = np.uint8 if form == "norm" else np.uint16
        numbers, most = array(tensor), np.iinfo(dtype).max
        scale, zero = scale_of((float(numbers.min()), float(numbers.max())), dtype)

        def codes() -> np.ndarray:
            return np.clip(np.rint(numbers / scale) + zero, 0, most).astype(dtype)

        return Codes(late(codes, dtype, numbers.shape), ir.tensor(scale), ir.tensor(zero))

    def weight(self, tensor: ir.Value, axis: int) -> Codes:
        """A weight in signed 8 bits, with a scale for each slice of `axis`."""
        numbers = array(tensor)
        scales = channel_scales(numbers, axis)
        shape = [-1 if place == axis else 1 for place in range(numbers.ndim)]

        def codes() -> np.ndarray:
            rounded = np.rint(numbers / scales.reshape(shape))
            return np.clip(rounded, -LEVELS, LEVELS).astype(np.int8)

        self.weights[str(tensor.name)] = "INT8"
        zeros = ir.tensor(np.zeros(len(scales), np.int8))
        return Codes(late(codes, np.int8, numbers.shape), ir.tensor(scales), zeros, axis)

    def small_weight(self, tensor: ir.Value, moments: Moments) -> Codes:
        """A matrix in signed 4 bits, with a scale for each column.

        The zero points of 0 are given, because the NPU computes a product without them wrongly.
        """
        codes, scales = whole_columns(array(tensor), moments.get(str(tensor.name)))
        self.weights[str(tensor.name)] = "INT4"
        zeros = np.zeros(len(scales), np.int8)
        return Codes(four_bits(codes), ir.tensor(scales), four_bits(zeros), 1)

    def bias(self, node: ir.Node, tensor: ir.Value) -> Codes:
        """The bias of a convolution or norm in 32 bits, in units of input scale * weight scale."""
        scales = (scale_read(node, 0) * scale_read(node, 1)).astype(np.float32)
        codes = np.clip(np.rint(array(tensor) / scales), -INT32, INT32).astype(np.int32)
        return Codes(ir.tensor(codes), ir.tensor(scales), ir.tensor(np.zeros(scales.shape, np.int32)), 0)


def late(make: Callable[[], np.ndarray], dtype: type[np.generic], shape: tuple[int, ...]) -> ir.LazyTensor:
    """A tensor that is computed when it is written, so memory holds one weight at a time."""
    return ir.LazyTensor(
        lambda: ir.tensor(make()), dtype=ir.DataType.from_numpy(np.dtype(dtype)), shape=ir.Shape(shape)
    )


def four_bits(codes: np.ndarray) -> ir.Tensor:
    """A tensor of 4-bit codes, -8 .. 7."""
    return ir.Tensor(codes.astype(ml_dtypes.int4), dtype=ir.DataType.INT4)


def scale_read(node: ir.Node, index: int) -> np.ndarray:
    """The scales of an input that is dequantized."""
    value = node.inputs[index]
    dequantize = value.producer() if value is not None else None
    assert dequantize is not None and dequantize.inputs[1] is not None
    return array(dequantize.inputs[1])


def scale_of(measured: Range, dtype: type[np.unsignedinteger] = np.uint16) -> tuple[np.ndarray, np.ndarray]:
    """Scale f32 [] and zero point [] of a range, which is widened to hold zero."""
    low, high, most = min(measured[0], 0.0), max(measured[1], 0.0), np.iinfo(dtype).max
    scale = np.array(max(high - low, SMALLEST_RANGE) / most, np.float32)
    return scale, np.array(np.clip(np.rint(-low / scale), 0, most), dtype)


def channel_scales(weight: np.ndarray, axis: int) -> np.ndarray:
    """max|w| / 127 of each slice of `axis`, f32 [slices]; 1 where all weights are zero."""
    largest = np.abs(weight).max(axis=tuple(other for other in range(weight.ndim) if other != axis))
    return np.where(largest == 0, 1, largest / LEVELS).astype(np.float32)


def repeats(node: ir.Node) -> bool:
    """Whether a node concatenates copies of one tensor."""
    return node.op_type == "Concat" and len(set(node.inputs)) == 1
