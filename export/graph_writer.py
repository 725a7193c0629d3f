"""Writes one graph of a bundle: traced, quantized as the recipe says, in strips where its maps are large.

Static int8 of the image graphs takes ranges of the bundle's own pictures. Ranges belong to the weights,
whatever the size of a picture, so they are measured on windows of the drawn token grids, in graphs traced for
a window: a whole 1024-px decode takes 64 times as long.
"""

import gc
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from onnx_ir.passes.common import ShapeInferencePass

from export.bundle_writer import Written
from export.graphs import GraphSpec, graphs
from export.strips import in_strips
from export.trace import trace
from quantize.apply_recipe import quantize_graph
from quantize.gptq import Gptq
from quantize.gptq_moments import Calibration, opened
from quantize.onnx_files import load, save
from quantize.qnn import quantize_qnn
from quantize.recipe import IMAGE_GRAPHS, Recipe
from quantize.rounding import Nearest
from quantize.static_int8 import quantize_static, unshare_weights
from quantize.static_ranges import PICTURES, WINDOW, Feed, quantize_images
from reference.checkpoint import Checkpoint

WINDOWS = 16  # of large pictures, that calibrate; fewer than 8 miss much of a range (docs/rejected.md)
QNN_GRAPHS = ("transformer", "image_decoder")  # that Qualcomm's NPU gets

Size = tuple[int, int]  # (W, H) in pixels


def write_graph(
    checkpoint: Checkpoint,
    name: str,
    size: Size,
    recipe: Recipe,
    path: Path,
    drawings: Calibration,
    qnn: bool = False,
) -> Written:
    """Writes the graph `name` into `path` and its data file. `drawings` has seen the graphs before it.

    `qnn`: QNN_GRAPHS for the NPU, with ranges at full size; the recipe is for the others.

    The float graph is on the disk before it is quantized, so that the checkpoint's weights have left memory.
    """
    with scratch(path.parent / "float") as folder:
        whole = folder / path.name
        write_float(checkpoint, graphs(checkpoint, size)[name], whole)
        if qnn and name in QNN_GRAPHS:
            pictures = drawings.pictures(WINDOWS) if name == "image_decoder" else []
            feeds = [{"tokens": tokens} for tokens in pictures] or drawings.fed(whole)
            return quantize_qnn(whole, path, feeds)
        if name not in IMAGE_GRAPHS:
            rounding = Gptq(drawings.moments(name, whole)) if "int4" in recipe.precisions else Nearest()
            return quantize_graph(whole, path, name, recipe, rounding)
        if recipe.static_int8(name):
            return write_static(checkpoint, name, size, whole, path, drawings)
        cut = folder / "strips.onnx"
        save_in_strips(whole, cut)
        return quantize_graph(cut, path, name, recipe)


def write_static(
    checkpoint: Checkpoint, name: str, size: Size, whole: Path, path: Path, drawings: Calibration
) -> Written:
    """Quantizes the float image graph `whole`, with `scratch` files beside it."""
    window = min(size[0], WINDOW), min(size[1], WINDOW)
    small, specs = whole, graphs(checkpoint, window)
    if window != size:
        write_float(checkpoint, specs[name], small := whole.with_name("window.onnx"))
    feeds: list[Feed] = [{"tokens": tokens} for tokens in windows(checkpoint, window, drawings)]
    if name == "image_encoder":
        write_float(checkpoint, specs["image_decoder"], decoder := whole.with_name("decoder.onnx"))
        feeds = [opened(decoder)(feed) for feed in feeds]
    static = whole.with_name("static.onnx")
    report = quantize_images(small, static, feeds)
    if window != size:
        quantize_static(whole, static, report.ranges, report.keep_float)
    save_in_strips(static, path)
    return report


def windows(checkpoint: Checkpoint, window: Size, drawings: Calibration) -> list[np.ndarray]:
    """Parts i32 [h, w] of the token grids that the bundle draws."""
    width, height = (side // checkpoint.token_size for side in window)
    rows, columns = (side // part for side, part in zip(drawings.grid, (height, width), strict=True))
    count = WINDOWS if rows * columns > 1 else PICTURES
    parts = [
        tokens[top * height : (top + 1) * height, left * width : (left + 1) * width]
        for tokens in drawings.pictures(-(-count // (rows * columns)))
        for top in range(rows)
        for left in range(columns)
    ]
    return parts[:count]


def write_float(checkpoint: Checkpoint, spec: GraphSpec, path: Path) -> None:
    """Traces a graph into `path` and its data file."""
    with checkpoint.loaded(spec.part):
        save(trace(spec), path)
    gc.collect()  # what was traced refers to itself, and holds folded weights


def save_in_strips(source: Path, target: Path) -> None:
    model = load(source)
    ShapeInferencePass()(model)  # quantization has put operators of unknown shapes between
    in_strips(model)
    unshare_weights(model)
    save(model, target)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """An empty folder for the block alone, also after a run that was killed in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
