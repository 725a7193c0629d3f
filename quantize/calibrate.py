"""Static int8 for the image graphs: ranges measured on the checkpoint's own pictures, and what it costs them.

A range is the smallest and the largest value seen. Cutting rare values off saves nothing here and can spoil a
picture (docs/rejected.md).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime as ort

from quantize.edit import operator
from quantize.errors import QuantizationError
from quantize.static import ConvRange, StaticReport, convolutions, quantize_static
from quantize.store import load
from runtime.engine import session_options
from runtime.measures import agreement, image_psnr

Feed = Mapping[str, np.ndarray]

# By what a graph gives out. Pictures must stay within 35 dB of the float decoder's, the worst of them. Of the
# encoder's tokens 87 % must be the float encoder's: as many stay when a sticker is saved as JPEG 90.
FLOORS = {"image": 35.0, "tokens": 0.87}
WINDOW = 128  # pixels a side, at most: of larger pictures windows calibrate
PICTURES = 32  # that calibrate where a picture is no larger than a window
JUDGES_EVERY = 4  # of the feeds, one in four judges the result and is not measured
STAGE = re.compile(r"\w+\.((?:up|down)_blocks\.\d+|\w+)\..*")


@dataclass(frozen=True)
class ImagesReport:
    """What became of an image graph."""

    static: StaticReport
    ranges: dict[str, ConvRange]  # they serve the same weights in a graph of another size or form too
    keep_float: tuple[str, ...]  # likewise
    floor: float  # dB for a decoder, a share of tokens for an encoder
    figure: float  # of what was written; infinite dB, or 1, where all is float
    tried: tuple[tuple[int, float], ...]  # convolutions in int8 and their figure; the last was written

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
    kind = str(output.name)
    floor = FLOORS[kind] if floor is None else floor
    expected, tried = run(source, judging), []
    for keep_float in choices(list(ranges), from_the_end=kind == "image"):
        report = quantize_static(source, target, ranges, keep_float)
        figure = likeness(expected, run(target, judging))
        tried.append((len(report.convolutions), figure))
        if figure >= floor:
            break
    return ImagesReport(report, ranges, keep_float, floor, figure, tuple(tried))


def choices(names: Sequence[str], from_the_end: bool) -> Iterator[tuple[str, ...]]:
    """What to keep float, from nothing to everything: first the convolutions at both ends with the stage of
    the picture's own size, then that of half the size, and so on.

    A stage is "up_blocks.3" or "mid_block" of weights such as "decoder.up_blocks.3.resnets.0.conv1.weight".
    """
    stages: dict[str, list[str]] = {}
    for name in reversed(names) if from_the_end else names:
        stages.setdefault(STAGE.sub(r"\1", name), []).append(name)
    order = list(stages.values())
    yield ()
    for count in range(2, len(order)):
        kept = [*order[:count], order[-1]]
        yield tuple(name for stage in kept for name in stage)


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
    options = session_options()
    folder = str(source.parent.resolve())
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    graph = ir.to_proto(model).SerializeToString()
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    extremes = np.array([session.run(None, dict(feed)) for feed in feeds]).reshape(-1, len(watched), 2)
    lowest, highest = extremes[..., 0].min(axis=0), extremes[..., 1].max(axis=0)
    seen = {name: (float(lowest[i]), float(highest[i])) for i, name in enumerate(watched)}
    return {name: ConvRange(seen[str(x.name)], seen[str(y.name)]) for name, (x, y) in values.items()}


def run(path: Path, feeds: Iterable[Feed]) -> list[np.ndarray]:
    """The only output of a graph for each feed."""
    session = ort.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])
    return [session.run(None, dict(feed))[0] for feed in feeds]
