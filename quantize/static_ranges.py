"""Static int8 for the image graphs: measures ranges on the checkpoint's own pictures, and checks the result.

A range is the smallest and the largest value seen. Clipping rare values gains nothing here and can spoil a
picture (docs/rejected.md). Convolutions that cost too much quality stay float.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime as ort

from quantize.errors import QuantizationError
from quantize.graph_edit import operator
from quantize.onnx_files import load
from quantize.static_int8 import (
    ConvRange,
    QuantizedConvolutions,
    Range,
    convolutions,
    quantize_static,
    quantized_model,
)
from runtime.onnxruntime_engine import open_copy, session_options
from runtime.parity.measures import agreement, image_psnr

Feed = Mapping[str, np.ndarray]

# The least likeness to the float graph, by the graph's output. The worst picture must reach 35 dB. Of the
# encoder's tokens 87 % must stay the same, as many as stay when a sticker is saved as JPEG 90.
FLOORS = {"image": 35.0, "tokens": 0.87}
WINDOW = 128  # pixels a side; larger pictures calibrate by windows of this size
PICTURES = 32  # calibrate if a picture is not larger than a window
JUDGES_EVERY = 4  # one feed in four judges the result and does not calibrate
ALONE = 2  # judges of each convolution alone, because that takes a run a convolution


@dataclass(frozen=True)
class QuantizedImageGraph:
    """What quantization made of an image graph."""

    static: QuantizedConvolutions
    ranges: dict[str, ConvRange]  # valid for the same weights in a graph of another size, too
    keep_float: tuple[str, ...]  # weights of the convolutions that stay float; valid likewise
    floor: float  # dB for a decoder, a share of tokens for an encoder
    likeness: float  # of the written graph to the float one; infinite dB, or 1, if all is float
    tried: tuple[tuple[int, float], ...]  # the number of int8 convolutions, and the likeness with them

    @property
    def precision(self) -> str:
        """The precision that the manifest states."""
        return self.static.precision

    def __str__(self) -> str:
        tried = ", ".join(f"{likeness:.4g} with {count}" for count, likeness in self.tried)
        return f"{self.static} (floor {self.floor:g}: {tried})"


def quantize_images(
    source: Path, target: Path, feeds: Iterable[Feed], floor: float | None = None
) -> QuantizedImageGraph:
    """Write a float image decoder or encoder to `target` in static int8, with a likeness of at least `floor`.

    feeds are the graph's inputs by name for pictures of the checkpoint, at least two; some measure ranges,
    the others judge. floor is dB for a decoder, a share of tokens for an encoder, by default that in FLOORS.
    To reach it, as few convolutions as possible stay float, the most harmful first. Raises
    QuantizationError for too few feeds, OSError when the target cannot be written.
    """
    feeds = list(feeds)
    if len(feeds) < 2:
        raise QuantizationError(
            f"{source.name}: {len(feeds)} pictures to calibrate on: draw at least 2 with the checkpoint"
        )
    judging = feeds[::JUDGES_EVERY]
    ranges = measure(source, [feed for index, feed in enumerate(feeds) if index % JUDGES_EVERY])
    (output,) = load(source).graph.outputs
    floor = FLOORS[str(output.name)] if floor is None else floor
    expected = run(load(source), source.parent, judging)
    reached: dict[int, float] = {}  # number of convolutions kept float -> likeness
    order, kept = list(ranges), 0  # the first `kept` convolutions of `order` stay float

    def likeness_with(kept: int) -> float:
        model, _ = quantized_model(source, ranges, order[:kept])
        reached[kept] = likeness(expected, run(model, source.parent, judging))
        return reached[kept]

    if likeness_with(kept) < floor:
        order = most_harmful_first(source, ranges, judging[:ALONE], expected[:ALONE])
        counts = range(1, len(order) + 1)  # the last, an entirely float graph, reaches any floor
        kept = counts[bisect_left(counts, floor, key=likeness_with)]
    static = quantize_static(source, target, ranges, order[:kept])
    tried = tuple((len(order) - count, found) for count, found in reached.items())
    return QuantizedImageGraph(static, ranges, tuple(order[:kept]), floor, reached[kept], tried)


def most_harmful_first(
    source: Path, ranges: Mapping[str, ConvRange], feeds: list[Feed], expected: list[np.ndarray]
) -> list[str]:
    """The names of `ranges`, ordered by each convolution's harm per saving, largest first.

    Harm is the error when this convolution alone is int8; harms of several convolutions nearly add up. Saving
    is its share of the graph's products (time) plus its share of the weights (bytes). A few convolutions do
    most of the harm: those that read or give the residual stream itself, which no norm has scaled.
    """
    nodes = dict(convolutions(load(source)))
    weights = {name: size_of(node.inputs[1], 0) for name, node in nodes.items()}
    products = {name: weights[name] * size_of(node.outputs[0], 2) for name, node in nodes.items()}
    all_products, all_weights = sum(products.values()), sum(weights.values())
    harm_per_saving = {}
    for name in ranges:
        model, _ = quantized_model(source, ranges, [other for other in ranges if other != name])
        saving = products[name] / all_products + weights[name] / all_weights
        harm_per_saving[name] = harm(expected, run(model, source.parent, feeds)) / saving
    return sorted(ranges, key=harm_per_saving.__getitem__, reverse=True)


def size_of(value: ir.Value | None, first_axis: int) -> int:
    """The product of a value's dimensions from an axis on: a weight's size, or the positions of a map."""
    assert value is not None and value.shape is not None
    return prod(value.shape.numpy()[first_axis:])


def harm(expected: list[np.ndarray], found: list[np.ndarray]) -> float:
    """An additive error: mean squared error of pictures (full scale 1), or the share of changed tokens."""
    if expected[0].dtype == np.uint8:
        return float(10 ** (-image_psnr(expected, found) / 10))
    return 1 - agreement(expected, found)


def likeness(expected: list[np.ndarray], found: list[np.ndarray]) -> float:
    """PSNR of the worst picture in dB, or the share of equal tokens."""
    if expected[0].dtype == np.uint8:
        return min(image_psnr(*pair) for pair in zip(expected, found, strict=True))
    return agreement(expected, found)


def measure(source: Path, feeds: Iterable[Feed]) -> dict[str, ConvRange]:
    """The range of every convolution of a float graph over all feeds, by the name of its weight.

    Raises ValueError for a convolution in a subgraph: measure the plain graph instead.
    """
    model = load(source)
    values: dict[str, tuple[ir.Value, ir.Value]] = {}  # a convolution's input and output
    for name, node in convolutions(model):
        if node.graph is not model.graph:
            raise ValueError(
                f"{source.name}: the convolution of {name} is in a subgraph; measure a plain graph"
            )
        assert node.inputs[0] is not None
        values[name] = (node.inputs[0], node.outputs[0])
    seen = extremes(model, source.parent, (value for pair in values.values() for value in pair), feeds)
    return {name: ConvRange(seen[str(x.name)], seen[str(y.name)]) for name, (x, y) in values.items()}


def extremes(
    model: ir.Model, folder: Path, values: Iterable[ir.Value], feeds: Iterable[Feed]
) -> dict[str, Range]:
    """The smallest and largest number of each activation over all feeds, by name.

    `model` is edited: its outputs become the extremes, so that no activation leaves onnxruntime. `folder`
    holds its data file.

        activation --> ReduceMin, ReduceMax
    """
    # onnxruntime runs a graph depth first from its last output. The first activation is watched last, so that
    # it is reduced at once; otherwise all activations stay in memory until the model has run.
    watched = {str(value.name): value for value in reversed(list(values))}
    model.graph.outputs.clear()
    for value in watched.values():
        for kind in ("ReduceMin", "ReduceMax"):
            node = operator(kind, f"{value.name}.{kind}", [value], keepdims=0)
            node.outputs[0].type, node.outputs[0].shape = ir.TensorType(ir.DataType.FLOAT), ir.Shape([])
            model.graph.append(node)
            model.graph.outputs.append(node.outputs[0])
    session = open_briefly(model, folder)
    found = np.array([session.run(None, dict(feed)) for feed in feeds]).reshape(-1, len(watched), 2)
    lowest, highest = found[..., 0].min(axis=0), found[..., 1].max(axis=0)
    return {name: (float(lowest[i]), float(highest[i])) for i, name in enumerate(watched)}


def run(model: ir.Model, folder: Path, feeds: Iterable[Feed]) -> list[np.ndarray]:
    """The only output of a graph for each feed; `folder` holds its data file."""
    session = open_briefly(model, folder)
    return [session.run(None, dict(feed))[0] for feed in feeds]


def open_briefly(model: ir.Model, folder: Path) -> ort.InferenceSession:
    """A session for a few runs. It skips the layout optimization, which takes as long as the runs it would
    speed up.
    """
    options = session_options()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    return open_copy(ir.to_proto(model).SerializeToString(), folder, options)
