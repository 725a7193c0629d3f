"""The iPhone bundle for iOS 27: Core AI assets, compressed as a recipe says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from export.apple.asset import asset_files, forms_of, write_asset
from export.apple.calibration import Drawings, Feed
from export.apple.coreai_ranges import LARGEST_HALF, largest_value
from export.apple.coreml_bundle import BITS, entry
from export.apple.data_format import Attention
from export.apple.graphs import (
    CHUNK_BYTES,
    ROWS,
    AppleGraph,
    Dimensions,
    apple_graphs,
    dimensions_of,
    functions_of,
    step_of,
)
from export.apple.norms import moved
from export.build_manifest import build_manifest, source_hash, write_tokenizer
from export.bundle_writer import QuantizedGraph
from export.errors import VerificationError
from export.preview import fit_preview
from export.verify import Effort, verify_against_reference
from quantize.coreml_recipe import CoreMLRecipe
from reference.checkpoint import Checkpoint
from runtime.bundle import Bundle
from runtime.engine import EngineName
from runtime.generator import Drawing
from runtime.manifest import ASSET, IMAGE_GRAPHS, Graph, Manifest

TOOLS = ("torch", "coreai-core", "coreai-torch", "coremltools", "transformers", "diffusers", "numpy")

Arithmetic = Literal["float32", "float16"]


@dataclass(frozen=True)
class CoreAIOptions:
    """What to make of a checkpoint."""

    sizes: Sequence[tuple[int, int]]  # (W, H) in pixels, the default first
    recipe: CoreMLRecipe
    attention: Attention = "gpu"
    arithmetic: Arithmetic = "float32"  # of the graphs that Core ML computes in half precision


class CoreAIExporter:
    """An `Exporter` (see `bundle_writer`) of a checkpoint to Core AI."""

    engine: EngineName | None = None

    def __init__(self, checkpoint: Checkpoint, options: CoreAIOptions) -> None:
        """Raises RecipeError for a recipe that does not fit, RequestError for a size."""
        self.checkpoint, self.choices = checkpoint, options
        self.shapes = [dimensions_of(checkpoint, size, count) for size in options.sizes for count in ROWS]
        self.graphs = apple_graphs(checkpoint, options.attention, chunked=False, norm=moved)
        self.sizes = self.estimate()
        if self.sizes["transformer"] > CHUNK_BYTES:
            self.graphs = apple_graphs(checkpoint, options.attention, chunked=True, norm=moved)
            self.sizes = self.estimate()
        options.recipe.check(self.graphs, "ios27")
        # The runtime lowers an asset to a folder as large before it runs it.
        self.scratch_bytes = 2 * max(self.sizes.values())
        self.golden_steps = Effort.of(checkpoint).golden_steps
        self.drawings = Drawings(checkpoint, self.graphs)

    @property
    def source(self) -> str:
        return source_hash(self.checkpoint)

    def half(self, name: str) -> bool:
        """Whether a graph computes in float16."""
        return self.graphs[name].half and self.choices.arithmetic == "float16"

    def estimate(self) -> dict[str, int]:
        """Bytes of each graph."""
        with FakeTensorMode(allow_non_fake_inputs=True):
            return {
                name: self.stored_bytes(graph.build(self.shapes[0]), name, graph)
                for name, graph in self.graphs.items()
            }

    def stored_bytes(self, module: nn.Module, name: str, graph: AppleGraph) -> int:
        """Bytes of a graph's module, with weights as the recipe stores them."""
        half = self.half(name)
        forms, total = forms_of(module, name, graph, self.choices.recipe, half), 0.0
        for parameter, value in [*module.named_parameters(), *module.named_buffers()]:
            bits = BITS[forms[parameter]] if parameter in forms else 16 if half else 32
            total += value.numel() * bits / 8
        return int(total)

    def write(self, name: str, folder: Path) -> tuple[Graph, QuantizedGraph]:
        asset, functions = folder / (name + ASSET), functions_of(self.graphs[name], self.shapes)
        made = write_asset(self.drawings, name, functions, self.choices.recipe, self.half(name), asset)
        files = [path.relative_to(folder).as_posix() for path in asset_files(asset)]
        return entry(self.graphs[name], functions, made.precision, files), made

    def describe(self, folder: Path, graphs: dict[str, Graph]) -> Manifest:
        write_tokenizer(folder, self.checkpoint)
        sizes, step = self.choices.sizes, step_of(self.graphs)
        return build_manifest(folder, self.checkpoint, sizes, graphs, step, TOOLS)

    def preview(self, bundle: Bundle, drawing: Drawing) -> tuple[np.ndarray, float]:
        return fit_preview(bundle, self.checkpoint, drawing)

    def verify(self, bundle: Bundle, drawing: Drawing) -> dict[str, float]:
        ranges = self.ranges(drawing)
        return verify_against_reference(bundle, self.checkpoint, drawing) | ranges

    def ranges(self, drawing: Drawing) -> dict[str, float]:
        """The largest value inside each graph that computes in float16: over the drawings that calibrate, in
        a graph of images over the one drawing.

        Raises VerificationError for one that float16 does not hold.
        """
        found, dimensions = {}, self.shapes[1]  # with guidance
        images = [{"tokens": drawing.tokens}]
        for name in filter(self.half, self.graphs):
            graph, module = self.graphs[name], self.drawings.module(name, dimensions)
            feeds = images if name in IMAGE_GRAPHS else self.drawings.fed(name, dimensions)
            fed = [fitted(feed, graph, dimensions) for feed in feeds]
            value, operator = largest_value(module, graph, fed)
            if not value <= LARGEST_HALF:
                raise VerificationError(
                    f"{name}: {operator} reaches {value:.3g}, and float16 ends at {LARGEST_HALF:.0f}:"
                    " export with --arithmetic float32"
                )
            found[f"{name}.largest"] = value
        return found


def fitted(feed: Feed, graph: AppleGraph, dimensions: Dimensions) -> Feed:
    """What the graph takes of a feed; the conditioner takes the first steps, repeated to fill its call."""
    feed = {name: feed[name] for name in graph.inputs}
    if "step_sinusoids" in feed:
        shape = graph.inputs["step_sinusoids"].example(dimensions).shape
        feed["step_sinusoids"] = np.resize(feed["step_sinusoids"], shape)
    return feed
