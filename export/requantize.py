"""A quantized bundle from a float one, without its checkpoint: the `Exporter` of `python -m quantize`."""

import hashlib
import shutil
from collections.abc import Iterator
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
from quantize.static_ranges import PICTURES, WINDOW, Feed, quantize_images
from quantize.teacher import PROMPTS, Drawer, damage, record
from quantize.weights import weights_of
from runtime import measures
from runtime.bundle import MANIFEST, Bundle, FileFacts, Graph, Manifest
from runtime.generator import Drawing, Generator
from runtime.limits import DECODER_LIMITS, ENCODER_LIMITS, step_limit
from runtime.measures import Limit
from runtime.request import Request

TOOLS = ("onnx", "onnx-ir", "onnxruntime", "numpy")
# Of a drawing that verifies, which goes from all masked to finished whatever the default is.
MOST_STEPS, FEWEST_STEPS = 8, 4
POSITIONS = 2**14  # drawn, that are enough: 4 drawings at 64 px, 1 in 4 steps at 1024


class Requantizer:
    """An `Exporter` (see `bundle_writer`) of a float bundle to a quantized one."""

    def __init__(self, bundle: Bundle, recipe: Recipe) -> None:
        """`bundle` is float (`quantize.float_bundle`). Raises RecipeError for a recipe of another model."""
        self.bundle, self.choices = bundle, recipe
        recipe.check_graphs(bundle.manifest.graphs)
        self.sizes = {name: self.estimate(name) for name in bundle.manifest.graphs}
        self.scratch_bytes = 0
        self.golden_steps = steps_of(bundle)
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
        written = {"precision": quantized.precision, "files": [file.name for file in files(path)]}
        return self.bundle.manifest.graphs[name].model_copy(update=written), quantized

    def quantize(self, name: str, path: Path) -> QuantizedGraph:
        """Write a graph to `path` as the recipe says."""
        source, recipe = self.float_graph(name), self.choices
        if static_int8(recipe, name, self.calibration.size):
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
        tokenizer = [float_manifest.tokenizer.vocab, float_manifest.tokenizer.merges]
        for file in tokenizer:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.bundle.path(file), folder / file)
        names = [*tokenizer, *(file for graph in graphs.values() for file in graph.files)]
        return float_manifest.model_copy(
            update={
                "graphs": graphs,
                "files": {name: FileFacts.of(folder / name) for name in names},
                "golden": None,
                "tools": float_manifest.tools | {tool: version(tool) for tool in TOOLS},
                "parity": {"float_bundle": float_manifest.parity},
            }
        )

    def verify(self, bundle: Bundle, drawing: Drawing) -> dict[str, float]:
        return verify(self.bundle, bundle)


def static_int8(recipe: Recipe, graph: str, size: tuple[int, int]) -> bool:
    """Whether convolutions become int8 with measured ranges, for pictures of `size`.

    The image graphs of larger pictures run in strips, where ranges cannot be measured: only an export from
    the checkpoint has a graph without strips.
    """
    return recipe.static_int8(graph) and max(size) <= WINDOW


def verify(bundle: Bundle, quantized: Bundle) -> dict[str, float]:
    """Figures of the quantized bundle beside the float one. Raises VerificationError for a limit missed.

    Drawings from text, with guidance: fewer and in fewer steps, the more tokens a picture has.
    """
    steps, guidance = steps_of(bundle), max(bundle.manifest.defaults.guidance, 2.0)
    prompts = PROMPTS[: max(1, POSITIONS // (steps * tokens_of(bundle)))]
    requests = [
        Request(prompt, seed=seed, steps=steps, guidance=guidance) for seed, prompt in enumerate(prompts)
    ]
    teacher, other = Drawer(bundle), Drawer(quantized)
    found = damage(record(teacher, requests), other.repeat)
    figures = {
        "transformer.agreement": found.agreement,
        "transformer.kl": found.kl,
        "transformer.kl_per_guidance": measures.kl_per_guidance(found.kl, guidance),
    }
    figures |= images(Generator(bundle), Generator(quantized), requests[0])
    for limit in limits_of(quantized.manifest):
        value = figures[limit.figure]
        if not limit.holds(value):
            side = "below" if limit.higher_is_better else "above"
            graph = limit.figure.partition(".")[0]
            precision = (
                quantized.manifest.precision if graph in CHAIN else quantized.manifest.graphs[graph].coarsest
            )
            raise VerificationError(
                f"{limit.figure} is {value:.6g}, {side} the {precision} limit of {limit.worst:g}:"
                " nothing was kept; choose a higher precision"
            )
    return figures


def limits_of(manifest: Manifest) -> Iterator[Limit]:
    """Those of its graphs' precisions."""
    yield step_limit(manifest.precision, "transformer")
    yield from DECODER_LIMITS[manifest.graphs["image_decoder"].coarsest]
    if "image_encoder" in manifest.graphs:
        yield from ENCODER_LIMITS[manifest.graphs["image_encoder"].coarsest]


def tokens_of(bundle: Bundle) -> int:
    width, height = bundle.manifest.defaults.size
    return width * height // bundle.manifest.model.token_size**2


def steps_of(bundle: Bundle) -> int:
    """Of a drawing that verifies, or that other runtimes reproduce."""
    return min(bundle.manifest.defaults.steps, MOST_STEPS, max(FEWEST_STEPS, POSITIONS // tokens_of(bundle)))


def images(teacher: Generator, other: Generator, request: Request) -> dict[str, float]:
    """Of the image graphs, on one picture of the teacher."""
    drawing = teacher.text_to_image(request)
    decoded = other.decode(drawing.tokens)
    figures = {
        "image_decoder.psnr": measures.image_psnr(drawing.picture, decoded),
        "image_decoder.levels": measures.max_abs(drawing.picture, decoded),
    }
    if "image_encoder" in teacher.bundle.manifest.graphs:
        codes = teacher.encode(drawing.picture)
        figures["image_encoder.agreement"] = measures.agreement(codes, other.encode(drawing.picture))
    return figures
