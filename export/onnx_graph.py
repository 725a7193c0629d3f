"""Writes one ONNX graph: traced, quantized as the recipe says, in strips where its maps are large.

Static int8 of the image graphs uses ranges of the bundle's own pictures. A range belongs to a weight,
whatever the size of the picture, so ranges are measured on windows of the drawn token grids, with graphs
traced for one window: a whole 1024-px decode would take 64 times as long.

The graphs of further sizes share the data file of the first, so what is measured to quantize a weight
(ranges, `gptq` moments) is measured on pictures of the first size alone.
"""

import gc
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from onnx_ir.passes.common import ShapeInferencePass

from export.bundle_writer import QuantizedGraph
from export.graphs import GraphSpec, graphs, npu_graphs
from export.sizes import Size
from export.strips import in_strips
from export.trace import trace
from export.workspace import scratch
from quantize.apply_recipe import quantize_graph
from quantize.gptq import Gptq
from quantize.gptq_moments import CHAIN, Calibration, opened
from quantize.onnx_files import load, save
from quantize.qnn import quantize_qnn
from quantize.recipe import Recipe
from quantize.rounding import Nearest
from quantize.static_int8 import ConvRange, quantize_static, unshare_weights
from quantize.static_ranges import PICTURES, WINDOW, Feed, QuantizedImageGraph, quantize_images
from reference.checkpoint import Checkpoint
from runtime.manifest import IMAGE_GRAPHS

WINDOWS = 16  # of large pictures, to calibrate with; fewer than 8 miss much of a range (docs/rejected.md)

SIZED = ("transformer", *IMAGE_GRAPHS)  # the graphs that depend on the size


def write_graph(
    checkpoint: Checkpoint,
    name: str,
    sizes: Sequence[Size],
    recipe: Recipe,
    path: Path,
    calibration: Calibration,
    npu: bool = False,
) -> QuantizedGraph:
    """Write the graph `name` into `path` and its data file, after `calibration` was passed those before it.

    A graph that depends on the size is written for each of `sizes`, see `models`. `npu`: of a bundle for
    Qualcomm's NPU, which has one size; the recipe is then for the graphs that the CPU runs. The float graph
    goes to disk before it is quantized, so that the checkpoint's weights leave memory.
    """
    size = sizes[0]
    spec = (npu_graphs if npu else graphs)(checkpoint, size)[name]
    with scratch(path.parent / "float") as folder:
        whole = folder / path.name
        write_float(checkpoint, spec, whole)
        if spec.npu:
            decodes = name == "image_decoder"
            pictures = calibration.pictures(-(-WINDOWS // windows_in(size))) if decodes else []
            feeds = [{"tokens": tokens} for tokens in pictures] or calibration.fed(whole)
            four_bits = recipe.default == "int4" and name in CHAIN
            return quantize_qnn(whole, path, feeds, calibration.moments(name, whole) if four_bits else None)
        again: Callable[[Path, Path], object]  # quantizes another size's float graph in the same way
        if recipe.static_int8(name):
            static = write_static(checkpoint, name, size, whole, path, calibration)
            quantized: QuantizedGraph = static
            again = partial(save_static, ranges=static.ranges, keep_float=static.keep_float, first=path)
        elif name in IMAGE_GRAPHS:
            quantized = quantize_in_strips(whole, path, name, recipe)
            again = partial(quantize_in_strips, graph=name, recipe=recipe, first=path)
        else:
            observed = "int4" in recipe.precisions and name in CHAIN
            rounding = Gptq(calibration.moments(name, whole)) if observed else Nearest()
            quantized = quantize_graph(whole, path, name, recipe, rounding)
            again = partial(quantize_graph, graph=name, recipe=recipe, first=path)
        for other in models(path, name, sizes)[1:]:
            write_float(checkpoint, graphs(checkpoint, other.size)[name], folder / other.path.name, whole)
            again(folder / other.path.name, other.path)
        return quantized


@dataclass(frozen=True)
class SizedModel:
    """The model of a graph for one size."""

    path: Path
    size: Size


def models(path: Path, name: str, sizes: Sequence[Size]) -> list[SizedModel]:
    """The models of the graph `name`, the first of which is `path`; all read the data file of the first."""
    others = sizes[1:] if name in SIZED else ()
    named = [path.with_name(f"{path.stem}_{width}x{height}{path.suffix}") for width, height in others]
    return [SizedModel(path, sizes[0]), *map(SizedModel, named, others)]


def write_static(
    checkpoint: Checkpoint, name: str, size: Size, whole: Path, path: Path, calibration: Calibration
) -> QuantizedImageGraph:
    """Quantize the float image graph `whole` into `path`; other files go beside `whole`."""
    window = min(size[0], WINDOW), min(size[1], WINDOW)
    small, specs = whole, graphs(checkpoint, window)
    if window != size:
        write_float(checkpoint, specs[name], small := whole.with_name("window.onnx"))
    feeds: list[Feed] = [{"tokens": tokens} for tokens in windows(checkpoint, window, calibration)]
    if name == "image_encoder":
        write_float(checkpoint, specs["image_decoder"], decoder := whole.with_name("decoder.onnx"))
        feeds = [opened(decoder)(feed) for feed in feeds]
    static = whole.with_name("static.onnx")
    quantized = quantize_images(small, static, feeds)
    if window == size:
        save_in_strips(static, path)
    else:
        save_static(whole, path, quantized.ranges, quantized.keep_float)
    return quantized


def save_static(
    whole: Path,
    path: Path,
    ranges: Mapping[str, ConvRange],
    keep_float: Collection[str],
    first: Path | None = None,
) -> None:
    """Quantize the float image graph `whole` into `path` with known ranges; another file goes beside it."""
    static = whole.with_name("static.onnx")
    quantize_static(whole, static, ranges, keep_float)
    save_in_strips(static, path, first)


def quantize_in_strips(
    whole: Path, path: Path, graph: str, recipe: Recipe, first: Path | None = None
) -> QuantizedGraph:
    """Quantize the float image graph `whole` into `path` as the recipe says; another file goes beside it."""
    cut = whole.with_name("strips.onnx")
    save_in_strips(whole, cut)
    return quantize_graph(cut, path, graph, recipe, first=first)


def windows(checkpoint: Checkpoint, window: Size, calibration: Calibration) -> list[np.ndarray]:
    """Parts i32 [h, w] of the token grids that the bundle draws, of `window` (W, H) pixels."""
    width, height = (side // checkpoint.token_size for side in window)
    rows, columns = (side // part for side, part in zip(calibration.grid, (height, width), strict=True))
    count = WINDOWS if rows * columns > 1 else PICTURES
    parts = [
        tokens[top * height : (top + 1) * height, left * width : (left + 1) * width]
        for tokens in calibration.pictures(-(-count // (rows * columns)))
        for top in range(rows)
        for left in range(columns)
    ]
    return parts[:count]


def windows_in(size: Size) -> int:
    """How many windows a picture has."""
    return max(1, size[0] // WINDOW) * max(1, size[1] // WINDOW)


def write_float(checkpoint: Checkpoint, spec: GraphSpec, path: Path, first: Path | None = None) -> None:
    """Trace a graph into `path` and its data file, or that of `first`; the checkpoint's weights then leave
    memory.
    """
    with checkpoint.loaded(spec.part):
        save(trace(spec), path, first)
    gc.collect()  # the traced program refers to itself and holds folded weights


def save_in_strips(source: Path, target: Path, first: Path | None = None) -> None:
    """Write an image graph whose large maps are computed in strips (`export.strips`); `first`: see `save`."""
    model = load(source)
    ShapeInferencePass()(model)  # quantization has inserted operators without shapes
    in_strips(model)
    unshare_weights(model)
    save(model, target, first)
