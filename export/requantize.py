"""A quantized bundle from a float one, without its checkpoint: the `Exporter` of `python -m quantize`."""

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path

from export.bundle_writer import QuantizedGraph
from export.errors import VerificationError
from quantize.apply_recipe import quantize_graph
from quantize.gptq import Gptq
from quantize.gptq_moments import CHAIN, Calibration, opened
from quantize.onnx_files import files
from quantize.recipe import Recipe, stored_bytes
from quantize.rounding import Nearest
from quantize.static_int8 import quantize_static
from quantize.static_ranges import PICTURES, WINDOW, Feed, QuantizedImageGraph, quantize_images
from quantize.weights import weights_of
from runtime.bundle import Bundle
from runtime.engine import EngineName
from runtime.generator import Drawing
from runtime.manifest import MANIFEST, FileFacts, Graph, Manifest
from runtime.parity.limits import judged, missed
from runtime.parity.verification import size_prefix, verification_steps, verify_against_bundle

TOOLS = ("onnx", "onnx-ir", "onnxruntime", "numpy")


class Requantizer:
    """An `Exporter` (see `bundle_writer`) of a float bundle to a quantized one."""

    engine: EngineName | None = None

    def __init__(self, bundle: Bundle, recipe: Recipe) -> None:
        """`bundle` is float (`quantize.float_bundle`). Raises RecipeError for a recipe of another model."""
        self.bundle, self.choices = bundle, recipe
        recipe.check_graphs(bundle.manifest.graphs)
        self.sizes = {name: self.estimate(name) for name in bundle.manifest.graphs}
        self.scratch_bytes = 0
        self.golden_steps = verification_steps(bundle)
        self.calibration = Calibration.of(bundle)

    @property
    def source(self) -> str:
        """Hash of the manifest, which holds the hashes of all files."""
        return hashlib.sha256((self.bundle.folder / MANIFEST).read_bytes()).hexdigest()

    def float_graph(self, name: str) -> Path:
        return self.bundle.path(self.bundle.manifest.graphs[name].files[0])

    def estimate(self, name: str) -> int:
        """Bytes of a graph as the recipe stores it."""
        recipe, manifest, weights = self.choices, self.bundle.manifest, weights_of(self.float_graph(name))
        recipe.check(name, weights)
        now = sum(manifest.files[file].size for file in manifest.graphs[name].files)
        stored = sum(
            stored_bytes(weight, recipe.precision(name, weight), recipe.block) for weight in weights.values()
        )
        return now - 4 * sum(weight.size for weight in weights.values()) + stored

    def write(self, name: str, folder: Path) -> tuple[Graph, QuantizedGraph]:
        for earlier in self.sizes:  # a graph is calibrated with the outputs of those before it
            self.calibration.pass_on(earlier, folder / f"{earlier}.onnx")
        path = folder / f"{name}.onnx"
        quantized = self.quantize(name, path)
        graph = self.bundle.manifest.graphs[name]
        for model in graph.models[1:]:
            self.quantize_again(name, self.bundle.path(model), folder / model, quantized, path)
        written = [path.name, *graph.models[1:], *(file.name for file in files(path)[1:])]
        return graph.model_copy(update={"precision": quantized.precision, "files": written}), quantized

    def quantize_again(
        self, name: str, source: Path, target: Path, made: QuantizedGraph, first: Path
    ) -> None:
        """Quantize a graph's model for another size in the way that `made` the `first`."""
        if isinstance(made, QuantizedImageGraph):
            quantize_static(source, target, made.ranges, made.keep_float, first)
        else:
            quantize_graph(source, target, name, self.choices, first=first)

    def quantize(self, name: str, path: Path) -> QuantizedGraph:
        """Write a graph to `path` as the recipe says."""
        source, recipe = self.float_graph(name), self.choices
        if all(static_int8(recipe, name, size) for size in self.bundle.manifest.sizes):
            feeds: list[Feed] = [{"tokens": tokens} for tokens in self.calibration.pictures(PICTURES)]
            if name == "image_encoder":
                decode = opened(self.float_graph("image_decoder"))
                feeds = [decode(feed) for feed in feeds]
            return quantize_images(source, path, feeds)
        observed = "int4" in recipe.precisions and name in CHAIN
        rounding = Gptq(self.calibration.moments(name, source)) if observed else Nearest()
        return quantize_graph(source, path, name, recipe, rounding)

    def describe(self, folder: Path, graphs: dict[str, Graph]) -> Manifest:
        float_manifest = self.bundle.manifest
        kept = [float_manifest.tokenizer.vocab, float_manifest.tokenizer.merges]
        kept += [float_manifest.preview.file] if float_manifest.preview else []
        for file in kept:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.bundle.path(file), folder / file)
        names = [*kept, *(file for graph in graphs.values() for file in graph.files)]
        return float_manifest.model_copy(
            update={
                "graphs": graphs,
                "files": {name: FileFacts.of(folder / name) for name in names},
                "golden": None,
                "tools": float_manifest.tools | {tool: version(tool) for tool in TOOLS},
                "parity": {"float_bundle": float_manifest.parity},
            }
        )

    def preview(self, bundle: Bundle, drawing: Drawing) -> None:
        """The float bundle's patches serve the quantized one, and `describe` has copied them."""

    def verify(self, bundle: Bundle, drawing: Drawing) -> dict[str, float]:
        figures: dict[str, float] = {}
        for size in bundle.manifest.sizes:
            own, prefix = verify_against_bundle(self.bundle, bundle, size), size_prefix(size, bundle.manifest)
            if wrong := missed(judged(own, bundle.manifest)):
                said = ", ".join(f"{prefix}{verdict}" for verdict in wrong)
                raise VerificationError(f"{said}: nothing was kept; choose a higher precision")
            figures |= {f"{prefix}{name}": value for name, value in own.items()}
        return figures


def static_int8(recipe: Recipe, graph: str, size: tuple[int, int]) -> bool:
    """Whether convolutions become int8 with measured ranges, for pictures of `size`.

    The image graphs of larger pictures run in strips, where ranges cannot be measured: only an export from
    the checkpoint has a graph without strips.
    """
    return recipe.static_int8(graph) and max(size) <= WINDOW
