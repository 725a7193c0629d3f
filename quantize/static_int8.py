"""Static int8 of convolutions: S8 weights with a scale an output channel, U8 activations of known range.

Each convolution becomes a pattern that onnxruntime fuses into one QLinearConv on load:

    x --> Conv(W, b) --> y

    x --> Quantize --> Dequantize --> Conv --> Quantize --> Dequantize --> y
                      W8 --> Dequantize -'|
                      b32 --> Dequantize -'

Nearest-neighbour upsampling of x moves behind its Quantize. It then copies bytes, and a quarter as many
values are quantized. If a Clip reads y, the Clip's bounds narrow y's range.

Constants go into the graph of the convolution, even if its weight comes from a graph around it, because
onnxruntime finds them only there when it guards S8 weights against saturation on x86 (see `quantize.int8`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx_ir as ir

from quantize.graph_edit import array, initializer, operator, same_bytes, scope
from quantize.onnx_files import load, save
from quantize.weights import reads

Range = tuple[float, float]  # smallest and largest value

LEVELS = 127  # weights are -127 .. 127
STEPS = 255  # activations are 0 .. 255
INT32 = 2**31 - 1
KEPT = "kept float on request"
QUANTIZED, SCALE, ZERO = ".int8", ".scale", ".zero"


class ConvRange(NamedTuple):
    """The ranges of a convolution's input and output."""

    input: Range
    output: Range


@dataclass
class QuantizedConvolutions:
    """What the pass made of a graph: its int8 convolutions, and for every float tensor the reason."""

    convolutions: list[str] = field(default_factory=list)  # the weight of each; a shared weight is repeated
    left_float: dict[str, str] = field(default_factory=dict)  # name -> reason

    def __str__(self) -> str:
        return f"{len(self.convolutions)} convolutions in int8, {len(self.left_float)} tensors float"

    @property
    def precision(self) -> str:
        """The precision that the manifest states."""
        if not self.convolutions:
            return "fp32"
        return "fp32+int8" if KEPT in self.left_float.values() else "int8"


def quantize_static(
    source: Path,
    target: Path,
    ranges: Mapping[str, ConvRange],
    keep_float: Collection[str] = (),
    first: Path | None = None,
) -> QuantizedConvolutions:
    """Quantize the convolutions of the float graph `source` into `target`, as `quantized_model` does.

    `first`: see `onnx_files.save`. Also raises OSError when the target cannot be written.
    """
    model, outcome = quantized_model(source, ranges, keep_float)
    save(model, target, first)
    return outcome


def quantized_model(
    source: Path, ranges: Mapping[str, ConvRange], keep_float: Collection[str] = ()
) -> tuple[ir.Model, QuantizedConvolutions]:
    """The float graph `source` in memory, with its convolutions quantized, those of subgraphs too.

    Convolutions are named by their weights. `ranges` must name each that `keep_float` does not. Tensors that
    stay float are still in the source's data file. Raises ValueError for a convolution without a range and
    for a name in keep_float that is no convolution's weight.
    """
    model = load(source)
    outcome = QuantizedConvolutions()
    found = list(convolutions(model))
    if unknown := set(keep_float) - {name for name, _ in found}:
        names = ", ".join(sorted(unknown))
        raise ValueError(f"{source.name}: keep_float names no weight of a convolution: {names}")
    for name, node in found:
        if name in keep_float:
            continue
        if name not in ranges:
            raise ValueError(f"{source.name}: no range was measured for the convolution of {name}")
        quantize_convolution(node, ranges[name])
        outcome.convolutions.append(name)
    for graph in model.graphs():
        for name, value in list(graph.initializers.items()):
            if not value.uses():
                del graph.initializers[name]
            elif value.dtype == ir.DataType.FLOAT and not name.endswith(SCALE):
                outcome.left_float[name] = reason(value, keep_float)
    return model, outcome


def convolutions(model: ir.Model) -> Iterator[tuple[str, ir.Node]]:
    """The weight's name and the node of every convolution of a float graph, in subgraphs too.

    Raises as `weights.reads`.
    """
    for node, weight, kind in reads(model):
        if kind == "convolution":
            yield str(weight.name), node


def reason(value: ir.Value, keep_float: Collection[str]) -> str:
    """Why a tensor is float in the quantized graph."""
    if value.name in keep_float:
        return KEPT
    readers = sorted({use.node.op_type for use in value.uses()})
    return f"no weight of a convolution ({', '.join(readers)})"


def quantize_convolution(node: ir.Node, measured: ConvRange) -> None:
    """Rewrite Conv(x, W, b) as drawn above."""
    x, weight, *others = node.inputs
    graph = scope(node)
    assert x is not None and weight is not None
    bias = others[0] if others else None
    name, y = str(weight.name), str(node.outputs[0].name)
    x_dequantize = x.producer()
    if x_dequantize is None or x_dequantize.op_type != "DequantizeLinear":
        x_dequantize = quantize_input(node, *activation(graph, f"{name}.x", measured.input))
    x_scale = number(x_dequantize.inputs[1])
    codes, scale = quantized_weight(weight, bias, x_scale)
    dequantizes = [dequantize(*stored(graph, name, codes, scale), f"{y}.weight")]
    if bias is not None:
        bias_scale = np.float32(x_scale) * scale
        whole = np.rint(array(bias).astype(np.float64) / bias_scale).astype(np.int32)
        dequantizes.append(dequantize(*stored(graph, str(bias.name), whole, bias_scale), f"{y}.bias"))
    graph.insert_before(node, dequantizes)
    for index, dequantized in enumerate(dequantizes, start=1):
        node.replace_input_with(index, dequantized.outputs[0])
    quantize_output(node, *activation(graph, f"{name}.y", clipped(node.outputs[0], measured.output)))


def quantize_input(node: ir.Node, scale: ir.Value, zero: ir.Value) -> ir.Node:
    """Let a convolution read 8 bits; returns the Dequantize that it now reads.

    x --> Conv              ==>   x --> Quantize --> Dequantize --> Conv
    x --> Resize --> Conv   ==>   x --> Quantize --> Resize --> Dequantize --> Conv
    """
    x, graph, y = node.inputs[0], scope(node), str(node.outputs[0].name)
    assert x is not None
    resize = x.producer()
    if resize is None or not repeats(resize) or len(x.uses()) > 1:
        resize = None
    to_codes = operator("QuantizeLinear", f"{y}.x.codes", [resize.inputs[0] if resize else x, scale, zero])
    new = [to_codes]
    if resize is not None:
        new.append(operator("Resize", f"{y}.x.repeated", [to_codes.outputs[0], *resize.inputs[1:]]))
        new[-1].attributes.update(resize.attributes)
    new.append(dequantize(new[-1].outputs[0], scale, zero, f"{y}.x"))
    graph.insert_before(node, new)
    node.replace_input_with(0, new[-1].outputs[0])
    if resize is not None:
        scope(resize).remove(resize, safe=True)
    return new[-1]


def quantize_output(node: ir.Node, scale: ir.Value, zero: ir.Value) -> None:
    """Let a convolution give 8 bits.

    Conv --> readers   ==>   Conv --> Quantize --> Dequantize --> readers
    """
    y = node.outputs[0]
    to_codes = operator("QuantizeLinear", f"{y.name}.codes", [y, scale, zero])
    as_float = dequantize(to_codes.outputs[0], scale, zero, f"{y.name}.float")
    ir.convenience.replace_all_uses_with(y, as_float.outputs[0], replace_graph_outputs=True)
    to_codes.replace_input_with(0, y)
    scope(node).insert_after(node, [to_codes, as_float])


def repeats(node: ir.Node) -> bool:
    """Whether a node only copies values of its input."""
    return node.op_type == "Resize" and node.attributes.get_string("mode", "nearest") == "nearest"


def clipped(y: ir.Value, measured: Range) -> Range:
    """The range of y, narrowed to a Clip's bounds if the Clip is y's only reader."""
    readers = [use.node for use in y.uses()]
    if [reader.op_type for reader in readers] != ["Clip"]:
        return measured
    low, high = (number(bound) for bound in readers[0].inputs[1:])
    return max(measured[0], low), min(measured[1], high)


def activation(graph: ir.Graph, name: str, measured: Range) -> tuple[ir.Value, ir.Value]:
    """U8 scale and zero point [] of a range, which is widened to hold zero.

    They equal those of onnxruntime's quantizer to the last bit, so the width of the range is rounded to
    float32.
    """
    low, high = min(measured[0], 0.0), max(measured[1], 0.0)
    scale = float(np.float32(high) - np.float32(low)) / STEPS or 1.0
    zero = np.array(np.rint(-low / scale), np.uint8)
    return constant(graph, name + SCALE, np.array(scale, np.float32)), constant(graph, name + ZERO, zero)


def quantized_weight(
    weight: ir.Value, bias: ir.Value | None, x_scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """S8 codes of a weight [out, in, kh, kw] and the scales of its output channels [out].

    A scale is max|w| / 127. It is larger if the bias, which is stored in units of input scale * scale, would
    not fit 32 bits (in a channel with tiny weights).
    """
    values = array(weight)
    largest = np.abs(values).reshape(len(values), -1).max(axis=1).astype(np.float64)
    scale = np.where(largest == 0, 1, largest / LEVELS)
    if bias is not None:
        scale = np.maximum(scale, 1.0001 * np.abs(array(bias).astype(np.float64)) / (INT32 * x_scale))
    scale = scale.astype(np.float32)
    rounded = np.rint(values / scale[:, None, None, None])
    return np.clip(rounded, -LEVELS, LEVELS).astype(np.int8), scale


def stored(
    graph: ir.Graph, name: str, codes: np.ndarray, scale: np.ndarray
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Codes, and the scale and zero point of each slice of axis 0, as constants of a graph."""
    zero = np.zeros(len(scale), codes.dtype)
    return (
        constant(graph, name + QUANTIZED, codes),
        constant(graph, name + SCALE, scale),
        constant(graph, name + ZERO, zero),
    )


def constant(graph: ir.Graph, name: str, values: np.ndarray) -> ir.Value:
    """The graph's initializer `name`, added if it is new: convolutions with the same weight share it."""
    if name not in graph.initializers:
        initializer(graph, ir.tensor(values, name=name))
    return graph.initializers[name]


def number(value: ir.Value | None) -> float:
    """The number of a constant []."""
    assert value is not None
    return float(array(value))


def dequantize(codes: ir.Value, scale: ir.Value, zero: ir.Value, name: str) -> ir.Node:
    """A node that makes floats of codes, with one scale and zero point or one for each slice of axis 0."""
    return operator("DequantizeLinear", name, [codes, scale, zero], axis=0)


def unshare_weights(model: ir.Model) -> None:
    """Give every convolution its own S8 weight; all copies refer to the same bytes of the data file.

    A graph in strips has a convolution for each strip. Where onnxruntime converts S8 weights to U8 (see
    `quantize.int8`), it cannot open a graph in which two operators share one.
    """
    for node in list(model.graph):
        weight = node.inputs[0] if node.op_type == "DequantizeLinear" else None
        if weight is None or not weight.is_initializer() or weight.dtype != ir.DataType.INT8:
            continue
        _, scale, zero = node.inputs
        for number, use in enumerate(list(node.outputs[0].uses())[1:], start=1):
            codes, own_zero = (
                same_bytes(model.graph, value.const_value, f"{value.name}.{number}")
                for value in (weight, zero)
                if value is not None and value.const_value is not None
            )
            name = f"{node.outputs[0].name}.{number}"
            widened = operator("DequantizeLinear", name, [codes, scale, own_zero], axis=0)
            model.graph.insert_before(node, widened)
            use.node.replace_input_with(use.idx, widened.outputs[0])
