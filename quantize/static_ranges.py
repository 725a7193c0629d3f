"""Static int8 for the image graphs: ranges measured on the checkpoint's own pictures, and what it costs them.

A range is the smallest and the largest value seen. Cutting rare values off saves nothing here and can spoil a
picture (docs/rejected.md).
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
from quantize.static_int8 import ConvRange, StaticReport, convolutions, quantize_static, quantized
from runtime.measures import agreement, image_psnr
from runtime.onnxruntime_engine import open_copy, session_options

Feed = Mapping[str, np.ndarray]

# By what a graph gives out. Pictures must stay within 35 dB of the float decoder's, the worst of them. Of the
# encoder's tokens 87 % must be the float encoder's: as many stay when a sticker is saved as JPEG 90.
FLOORS = {"image": 35.0, "tokens": 0.87}
WINDOW = 128  # pixels a side, at most: of larger pictures windows calibrate
PICTURES = 32  # that calibrate where a picture is no larger than a window
JUDGES_EVERY = 4  # of the feeds, one in four judges the result and is not measured
ALONE = 2  # of the judges see what each convolution costs alone, which takes a run for each


@dataclass(frozen=True)
class ImagesReport:
    """What became of an image graph."""

    static: StaticReport
    ranges: dict[str, ConvRange]  # they serve the same weights in a graph of another size or form too
    keep_float: tuple[str, ...]  # likewise
    floor: float  # dB for a decoder, a share of tokens for an encoder
    figure: float  # of what was written; infinite dB, or 1, where all is float
    tried: tuple[tuple[int, float], ...]  # convolutions in int8 and their figure

    @property
    def precision(self) -> str:
        """For the manifest."""
        return self.static.precision

    def __str__(self) -> str:
        figures = ", ".join(f"{figure:.4g} with {count}" for count, figure in self.tried)
        return f"{self.static} (floor {self.floor:g}: {figures})"


def quantize_images(
    source: Path, target: Path, feeds: Iterable[Feed], floor: float | None = None
) -> ImagesReport:
    """Writes an image decoder or encoder, a float graph, to `target` in static int8, as far as `floor` lets.

    feeds are the graph's inputs by name for pictures of the checkpoint, at least two; some measure, the
    others judge. floor is dB for a decoder, a share of tokens for an encoder; FLOORS by default. Raises
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
    figures: dict[int, float] = {}  # by how many convolutions are kept float
    order, kept = list(ranges), 0  # the first `kept` of the order are

    def figure(count: int) -> float:
        model, _ = quantized(source, ranges, order[:count])
        figures[count] = likeness(expected, run(model, source.parent, judging))
        return figures[count]

    if figure(kept) < floor:
        order = most_harmful_first(source, ranges, judging[:ALONE], expected[:ALONE])
        counts = range(1, len(order) + 1)  # the last, all float, reaches any floor
        kept = counts[bisect_left(counts, floor, key=figure)]
    static = quantize_static(source, target, ranges, order[:kept])
    tried = tuple((len(order) - count, found) for count, found in figures.items())
    return ImagesReport(static, ranges, tuple(order[:kept]), floor, figures[kept], tried)


def most_harmful_first(
    source: Path, ranges: Mapping[str, ConvRange], feeds: list[Feed], expected: list[np.ndarray]
) -> list[str]:
    """The names of `ranges`, by what each convolution costs the picture when it alone is int8, against what
    that saves: its share of the graph's products (time) and of its weights (bytes). Harms of several nearly
    add up.

    Most harm is done by few: those that read or give the residual stream itself, which no norm has scaled.
    """
    nodes = dict(convolutions(load(source)))
    weights = {name: size_of(node.inputs[1], 0) for name, node in nodes.items()}
    products = {name: weights[name] * size_of(node.outputs[0], 2) for name, node in nodes.items()}
    of_all = sum(products.values()), sum(weights.values())
    worth = {}
    for name in ranges:
        model, _ = quantized(source, ranges, [other for other in ranges if other != name])
        saved = products[name] / of_all[0] + weights[name] / of_all[1]
        worth[name] = harm(expected, run(model, source.parent, feeds)) / saved
    return sorted(ranges, key=worth.__getitem__, reverse=True)


def size_of(value: ir.Value | None, first_axis: int) -> int:
    """Numbers of a value from an axis on: all of a weight's, or the positions of a map."""
    assert value is not None and value.shape is not None
    return prod(value.shape.numpy()[first_axis:])


def harm(expected: list[np.ndarray], found: list[np.ndarray]) -> float:
    """What adds up over several causes: squared error of pictures, full scale 1; share of other tokens."""
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

    The graph is run with the extremes of each activation as outputs, so that no activation leaves it:

        activation --> ReduceMin, ReduceMax

    Raises ValueError for a graph whose convolutions run in a subgraph: measure the plain graph instead.
    """
    model = load(source)
    values: dict[str, tuple[ir.Value, ir.Value]] = {}  # what a convolution reads and gives
    for name, node in convolutions(model):
        if node.graph is not model.graph:
            raise ValueError(
                f"{source.name}: the convolution of {name} is in a subgraph; measure a plain graph"
            )
        assert node.inputs[0] is not None
        values[name] = (node.inputs[0], node.outputs[0])
    watched = {str(value.name): value for pair in values.values() for value in pair}
    model.graph.outputs.clear()
    for value in watched.values():
        for kind in ("ReduceMin", "ReduceMax"):
            node = operator(kind, f"{value.name}.{kind}", [value], keepdims=0)
            node.outputs[0].type, node.outputs[0].shape = ir.TensorType(ir.DataType.FLOAT), ir.Shape([])
            model.graph.append(node)
            model.graph.outputs.append(node.outputs[0])
    session = open_briefly(model, source.parent)
    extremes = np.array([session.run(None, dict(feed)) for feed in feeds]).reshape(-1, len(watched), 2)
    lowest, highest = extremes[..., 0].min(axis=0), extremes[..., 1].max(axis=0)
    seen = {name: (float(lowest[i]), float(highest[i])) for i, name in enumerate(watched)}
    return {name: ConvRange(seen[str(x.name)], seen[str(y.name)]) for name, (x, y) in values.items()}


def run(model: ir.Model, folder: Path, feeds: Iterable[Feed]) -> list[np.ndarray]:
    """The only output of a graph for each feed; `folder` is that of its data file."""
    session = open_briefly(model, folder)
    return [session.run(None, dict(feed))[0] for feed in feeds]


def open_briefly(model: ir.Model, folder: Path) -> ort.InferenceSession:
    """A session for a few runs: convolutions laid out anew would take as long to open as to run."""
    options = session_options()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    return open_copy(ir.to_proto(model).SerializeToString(), folder, options)
