"""The Android bundle: five ONNX graphs, quantized as a recipe says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx_ir as ir

import export.bundle_writer as bundle_writer
from export.bundle_writer import Report, Written
from export.calibration import calibration
from export.graph_writer import write_graph
from export.graphs import graphs
from export.manifest import describe
from export.size_estimate import estimate
from export.verify import verify_against_reference
from quantize.onnx_files import files, load
from quantize.recipe import Recipe
from reference.checkpoint import Checkpoint
from runtime.bundle import Bundle, Graph, Manifest, Tensor
from runtime.generator import Drawing

STEP = ("transformer",)
TOOLS = ("torch", "onnx", "onnx-ir", "onnxscript", "onnxruntime", "transformers", "diffusers", "numpy")
DTYPES = {ir.DataType.INT32: "int32", ir.DataType.FLOAT: "float32", ir.DataType.UINT8: "uint8"}


@dataclass(frozen=True)
class Options:
    """What to make of a checkpoint."""

    out: Path
    size: tuple[int, int]  # (W, H) in pixels
    recipe: Recipe
    overwrite: bool = False
    qnn: bool = False  # see write_graph


class Android:
    """A `bundle_writer.Target`."""

    step: Sequence[str] = STEP
    tools: Sequence[str] = TOOLS

    def __init__(self, checkpoint: Checkpoint, options: Options) -> None:
        self.checkpoint, self.options = checkpoint, options
        self.sizes: Sequence[tuple[int, int]] = [options.size]
        self.choices: Sequence[Any] = [options.recipe.model_dump(), options.qnn]
        self.drawings = calibration(checkpoint, options.size, two_rows=options.qnn)

    def planned(self) -> dict[str, int]:
        specs = graphs(self.checkpoint, self.options.size)
        return estimate(specs, self.options.recipe, self.options.qnn)

    def scratch_bytes(self) -> int:
        """While a graph is quantized, its float32 form is on the disk too."""
        return max(estimate(graphs(self.checkpoint, self.options.size), Recipe.uniform("fp32")).values())

    def write(self, name: str, folder: Path) -> Written:
        options, path = self.options, model_path(name, folder)
        return write_graph(
            self.checkpoint, name, options.size, options.recipe, path, self.drawings, options.qnn
        )

    def done(self, name: str, folder: Path) -> None:
        self.drawings.pass_on(name, model_path(name, folder))

    def files(self, name: str, folder: Path) -> list[Path]:
        return files(model_path(name, folder))

    def entry(self, name: str, folder: Path, precision: str) -> Graph:
        return graph(model_path(name, folder), precision)

    def verify(self, bundle: Bundle, drawing: Drawing) -> dict[str, float]:
        return verify_against_reference(bundle, self.checkpoint, drawing)


def model_path(name: str, folder: Path) -> Path:
    return folder / f"{name}.onnx"


def planned(checkpoint: Checkpoint, options: Options) -> dict[str, int]:
    """See `bundle_writer.planned`."""
    return bundle_writer.planned(Android(checkpoint, options), options.out, options.overwrite)


def write_bundle(checkpoint: Checkpoint, options: Options, report: Report) -> Manifest:
    """See `bundle_writer.write_bundle`."""
    target = Android(checkpoint, options)
    return bundle_writer.write_bundle(target, options.out, options.overwrite, report)


def manifest_of(
    folder: Path, checkpoint: Checkpoint, size: tuple[int, int], precisions: dict[str, str]
) -> Manifest:
    """The manifest of graphs in `folder`, name -> precision, without golden trace and figures."""
    entries = {name: graph(model_path(name, folder), precision) for name, precision in precisions.items()}
    return describe(folder, checkpoint, [size], entries, STEP, TOOLS)


def graph(path: Path, precision: str) -> Graph:
    """One graph's entry; every tensor as the file declares it."""
    model = load(path).graph
    return Graph(
        precision=precision,
        inputs=[tensor(value) for value in model.inputs],
        outputs=[tensor(value) for value in model.outputs],
        files=[file.name for file in files(path) if file.exists()],
    )


def tensor(value: ir.Value) -> Tensor:
    assert value.name is not None and value.dtype is not None and value.shape is not None
    dimensions = [dim if isinstance(dim, int) else str(dim.value) for dim in value.shape]
    return Tensor(name=value.name, dtype=DTYPES[value.dtype], shape=dimensions)  # type: ignore[arg-type]
