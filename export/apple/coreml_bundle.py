"""The iPhone bundle: Core ML packages, compressed as a recipe says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

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
from export.build_manifest import build_manifest, source_hash, write_tokenizer
from export.bundle_writer import QuantizedGraph
from export.errors import ExportError
from export.preview import fit_preview
from export.size_estimate import weights_of
from export.verify import Effort, verify_against_reference
from quantize.coreml import BLOCK, SMALLEST, Form, in_program
from quantize.coreml_recipe import CoreMLRecipe
from reference.checkpoint import Checkpoint
from runtime.bundle import Bundle
from runtime.engine import EngineName
from runtime.generator import Drawing
from runtime.manifest import Function, Graph, Manifest, Tensor

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
class CoreMLOptions:
    """What to make of a checkpoint."""

    sizes: Sequence[tuple[int, int]]  # (W, H) in pixels, the default first
    recipe: CoreMLRecipe
    target: Target = "ios18"
    attention: Attention = "gpu"
    activations: bool = False  # of the blocks, in 8 bits too


class CoreMLExporter:
    """An `Exporter` (see `bundle_writer`) of a checkpoint to Core ML."""

    engine: EngineName | None = None

    def __init__(self, checkpoint: Checkpoint, options: CoreMLOptions) -> None:
        """Raises ExportError or RecipeError for choices that do not go together, RequestError for a size."""
        self.checkpoint, self.choices = checkpoint, options
        if options.target == "ios17" and len(options.sizes) > 1:
            raise ExportError("several sizes in one package need iOS 18: use --target ios18, or one --size")
        # iOS 17 has one function a package, so drawings without guidance use two rows there too.
        rows = ROWS if options.target == "ios18" else (2,)
        self.shapes = [dimensions_of(checkpoint, size, count) for size in options.sizes for count in rows]
        self.graphs = apple_graphs(checkpoint, options.attention, chunked=False)
        self.sizes = self.estimate()
        if self.sizes["transformer"] > CHUNK_BYTES:
            self.graphs = apple_graphs(checkpoint, options.attention, chunked=True)
            self.sizes = self.estimate()
        if options.activations and "transformer" not in self.graphs:
            raise ExportError(
                "--activations needs the blocks in one graph, and here they are more than 1 GB: leave it out"
            )
        options.recipe.check(self.graphs, options.target)
        # The functions of a package exist apart before they are merged; an int4 code takes a byte until then.
        self.scratch_bytes = (len(self.shapes) + 2) * max(self.sizes.values())
        self.golden_steps = Effort.of(checkpoint).golden_steps
        self.drawings = Drawings(checkpoint, self.graphs)

    @property
    def source(self) -> str:
        return source_hash(self.checkpoint)

    def estimate(self) -> dict[str, int]:
        """Bytes of each graph."""
        with FakeTensorMode(allow_non_fake_inputs=True):
            return {
                name: stored_bytes(graph.build(self.shapes[0]), name, graph, self.choices.recipe)
                for name, graph in self.graphs.items()
            }

    def write(self, name: str, folder: Path) -> tuple[Graph, QuantizedGraph]:
        options, functions = self.choices, functions_of(self.graphs[name], self.shapes)
        package = folder / (name + SUFFIX)
        activations = options.activations and name == "transformer"
        quantized = write_package(
            self.drawings, name, functions, options.target, options.recipe, package, activations
        )
        files = [path.relative_to(folder).as_posix() for path in package_files(package)]
        named = functions if options.target == "ios18" else {"main": self.shapes[0]}
        return entry(self.graphs[name], named, quantized.precision, files), quantized

    def describe(self, folder: Path, graphs: dict[str, Graph]) -> Manifest:
        write_tokenizer(folder, self.checkpoint)
        sizes, step = self.choices.sizes, step_of(self.graphs)
        return build_manifest(folder, self.checkpoint, sizes, graphs, step, TOOLS)

    def preview(self, bundle: Bundle, drawing: Drawing) -> tuple[np.ndarray, float]:
        return fit_preview(bundle, self.checkpoint, drawing)

    def verify(self, bundle: Bundle, drawing: Drawing) -> dict[str, float]:
        return verify_against_reference(bundle, self.checkpoint, drawing)


def entry(graph: AppleGraph, functions: Mapping[str, Dimensions], precision: str, files: list[str]) -> Graph:
    """A graph's entry of the manifest; `functions` are its dimensions by name."""
    sides = set(graph.dimension_names())
    if sides - {"rows"}:  # 2 x 3 cells and 3 x 2 cells are different functions with tensors of one shape
        sides |= {"height", "width"}
    return Graph(
        precision=precision,
        inputs=[tensor(name, spec) for name, spec in graph.inputs.items()],
        outputs=[tensor(name, spec) for name, spec in graph.outputs.items()],
        files=files,
        functions=[
            Function(name=name, dimensions={side: dimensions[side] for side in sorted(sides)})
            for name, dimensions in functions.items()
        ],
        compute=graph.compute,
    )


def tensor(name: str, spec: TensorSpec) -> Tensor:
    return Tensor(name=name, dtype=spec.dtype, shape=list(spec.shape))


def stored_bytes(module: nn.Module, name: str, graph: AppleGraph, recipe: CoreMLRecipe) -> int:
    """Bytes of a graph's module, with weights as the recipe stores them."""
    weights, total = dict(weights_of(module)), 0.0
    for parameter, tensor in [*module.named_parameters(), *module.named_buffers()]:
        bits = 16.0 if graph.half else 32.0
        if parameter in weights and tensor.numel() > SMALLEST:
            bits = BITS[recipe.form(name, in_program(parameter), KINDS[weights[parameter].kind])]
        total += tensor.numel() * bits / 8
    return int(total)
