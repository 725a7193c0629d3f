"""The iPhone bundle: Core ML packages, compressed as a recipe says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

import export.bundle_writer as bundle_writer
from export.apple.calibration import Drawings
from export.apple.convert import Target
from export.apple.data_format import Attention
from export.apple.graphs import (
    CHUNK_BYTES,
    ROWS,
    AppleGraph,
    Dimensions,
    TensorSpec,
    apple_graphs,
    dimensions_of,
    functions_of,
    step_of,
)
from export.apple.package import SUFFIX, package_files, write_package
from export.bundle_writer import Report, Written
from export.errors import ExportError
from export.size_estimate import weights_of
from export.verify import verify_against_reference
from quantize.coreml import BLOCK, SMALLEST, Form, in_program
from quantize.coreml_recipe import CoreMLRecipe
from reference.checkpoint import Checkpoint
from runtime.bundle import Bundle, Function, Graph, Manifest, Tensor
from runtime.generator import Drawing

TOOLS = ("torch", "coremltools", "transformers", "diffusers", "numpy")
BITS: dict[Form, float] = {
    "fp32": 32,
    "fp16": 16,
    "int8": 8,
    "int4": 4 + 16 / BLOCK,
    "palette8": 8,
    "palette6": 6,
    "palette4": 4,
}
KINDS = {"linear": "linear", "table": "gather", "convolution": "conv"}


@dataclass(frozen=True)
class Options:
    """What to make of a checkpoint."""

    out: Path
    sizes: Sequence[tuple[int, int]]  # (W, H) in pixels, the default first
    recipe: CoreMLRecipe
    target: Target = "ios18"
    attention: Attention = "gpu"
    overwrite: bool = False
    activations: bool = False  # of the blocks, in 8 bits too


@dataclass
class Apple:
    """A `bundle_writer.Target`."""

    checkpoint: Checkpoint
    options: Options
    tools: Sequence[str] = TOOLS
    sizes: Sequence[tuple[int, int]] = field(init=False)
    step: Sequence[str] = field(init=False)
    choices: Sequence[Any] = field(init=False)

    def __post_init__(self) -> None:
        """Raises ExportError or RecipeError for choices that do not go together, RequestError for a size."""
        options = self.options
        self.sizes = options.sizes
        self.choices = [options.recipe.model_dump(), options.target, options.attention, options.activations]
        if options.target == "ios17" and len(options.sizes) > 1:
            raise ExportError("several sizes in one package need iOS 18: use --target ios18, or one --size")
        # iOS 17 has one function a package: two rows then serve drawings without guidance too.
        rows = ROWS if options.target == "ios18" else (2,)
        self.shapes: list[Dimensions] = [
            dimensions_of(self.checkpoint, size, count) for size in options.sizes for count in rows
        ]
        self.graphs = apple_graphs(self.checkpoint, options.attention, chunked=False)
        self.estimated = self.estimate()
        if self.estimated["transformer"] > CHUNK_BYTES:
            self.graphs = apple_graphs(self.checkpoint, options.attention, chunked=True)
            self.estimated = self.estimate()
        self.step = step_of(self.graphs)
        self.drawings = Drawings(self.checkpoint, self.graphs)
        if options.activations and "transformer" not in self.graphs:
            raise ExportError(
                "--activations needs the blocks in one graph, and here they are more than 1 GB: leave it out"
            )
        options.recipe.check(self.graphs, options.target)

    def planned(self) -> dict[str, int]:
        return self.estimated

    def estimate(self) -> dict[str, int]:
        dimensions = self.shapes[0]
        with FakeTensorMode(allow_non_fake_inputs=True):
            return {
                name: stored_bytes(graph.build(dimensions), name, graph, self.options.recipe)
                for name, graph in self.graphs.items()
            }

    def scratch_bytes(self) -> int:
        """Functions stand beside each other before they are merged, and int4 codes, a byte each."""
        return (len(self.shapes) + 2) * max(self.estimated.values())

    def write(self, name: str, folder: Path) -> Written:
        options, functions = self.options, functions_of(self.graphs[name], self.shapes)
        path = folder / (name + SUFFIX)
        activations = options.activations and name == "transformer"
        return write_package(
            self.drawings, name, functions, options.target, options.recipe, path, activations
        )

    def done(self, name: str, folder: Path) -> None:
        pass

    def files(self, name: str, folder: Path) -> list[Path]:
        return list(package_files(folder / (name + SUFFIX)))

    def entry(self, name: str, folder: Path, precision: str) -> Graph:
        graph = self.graphs[name]
        functions = functions_of(graph, self.shapes)
        return Graph(
            precision=precision,
            inputs=[tensor(name, spec) for name, spec in graph.inputs.items()],
            outputs=[tensor(name, spec) for name, spec in graph.outputs.items()],
            files=[path.relative_to(folder).as_posix() for path in self.files(name, folder)],
            functions=[
                Function(
                    name=function if self.options.target == "ios18" else "main",
                    dimensions={side: dimensions[side] for side in sorted(graph.names())},
                )
                for function, dimensions in functions.items()
            ],
            compute=graph.compute,
        )

    def verify(self, bundle: Bundle, drawing: Drawing) -> dict[str, float]:
        return verify_against_reference(bundle, self.checkpoint, drawing)


def tensor(name: str, spec: TensorSpec) -> Tensor:
    return Tensor(name=name, dtype=spec.dtype, shape=list(spec.shape))


def stored_bytes(module: nn.Module, name: str, graph: AppleGraph, recipe: CoreMLRecipe) -> int:
    """Of a graph's module, its weights as the recipe stores them."""
    weights, total = dict(weights_of(module)), 0.0
    for parameter, tensor in [*module.named_parameters(), *module.named_buffers()]:
        bits = 16.0 if graph.half else 32.0
        if parameter in weights and tensor.numel() > SMALLEST:
            bits = BITS[recipe.form(name, in_program(parameter), KINDS[weights[parameter].kind])]
        total += tensor.numel() * bits / 8
    return int(total)


def planned(checkpoint: Checkpoint, options: Options) -> dict[str, int]:
    """See `bundle_writer.planned`."""
    return bundle_writer.planned(Apple(checkpoint, options), options.out, options.overwrite)


def write_bundle(checkpoint: Checkpoint, options: Options, report: Report) -> Manifest:
    """See `bundle_writer.write_bundle`."""
    return bundle_writer.write_bundle(Apple(checkpoint, options), options.out, options.overwrite, report)
