"""A quantized bundle from a float one, without the checkpoint.

Graphs are quantized one by one in a work folder, compared with the float bundle's, and published in one
rename. What is interrupted resumes from the graphs that are done.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from export.workspace import Workspace, check_space, check_target, disk_errors, megabytes
from quantize.apply_recipe import Report, quantize_graph
from quantize.errors import QuantizationError
from quantize.gptq import Gptq
from quantize.gptq_moments import CHAIN, Calibration, opened
from quantize.onnx_files import files
from quantize.recipe import Recipe, stored_bytes
from quantize.rounding import Nearest
from quantize.static_ranges import PICTURES, WINDOW, Feed, ImagesReport, quantize_images
from quantize.weights import weights_of
from runtime.bundle import MANIFEST, Bundle, FileFacts, GoldenFile, Manifest, open_bundle
from runtime.parity.golden import golden_drawing
from runtime.parity.limits import judged, missed
from runtime.parity.measures import storable
from runtime.parity.verification import verification_steps, verify_against_bundle

GOLDEN = "golden/trace.json"
TOOLS = ("onnx", "onnx-ir", "onnxruntime", "numpy")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What to make of a float bundle."""

    out: Path
    recipe: Recipe
    overwrite: bool = False


def open_float(folder: Path) -> Bundle:
    """A bundle all of whose graphs are float. Raises BundleError, QuantizationError."""
    bundle = open_bundle(folder)
    for name, graph in bundle.manifest.graphs.items():
        if graph.precision != "fp32":
            raise QuantizationError(
                f"{folder}: {name} is {graph.precision} already, and only a float bundle can be quantized:"
                " export one with python -m export.onnx --fp32 --out DIR"
            )
    return bundle


def planned(bundle: Bundle, options: Options) -> dict[str, int]:
    """Bytes of each graph that `requantize` would write. Raises what it would raise before writing."""
    check_target(options.out, options.overwrite)
    if options.out.resolve() == bundle.folder.resolve():
        raise QuantizationError(f"{options.out} is the float bundle itself: name another folder with --out")
    options.recipe.check_graphs(bundle.manifest.graphs)
    sizes = {}
    for name, graph in bundle.manifest.graphs.items():
        weights = weights_of(bundle.path(graph.files[0]))
        options.recipe.check(name, weights)
        now = sum(bundle.manifest.files[file].size for file in graph.files)
        stored = sum(
            stored_bytes(weight, options.recipe.precision(name, weight), options.recipe.block)
            for weight in weights.values()
        )
        sizes[name] = now - 4 * sum(weight.size for weight in weights.values()) + stored
    return sizes


def requantize(bundle: Bundle, options: Options, say: Say) -> Manifest:
    """Writes and publishes the bundle at `options.out`; `say` is given a line for each thing done.

    Raises RecipeError, BundleError (folder or disk), QuantizationError (a limit is missed).
    """
    total = sum(planned(bundle, options).values())
    options.out.parent.mkdir(parents=True, exist_ok=True)
    check_space(options.out, total)
    workspace = Workspace(options.out, resume_key(bundle, options))
    with disk_errors(workspace, total):
        try:
            return fill(workspace, bundle, options, say)
        except QuantizationError:
            workspace.discard()
            raise


def fill(workspace: Workspace, bundle: Bundle, options: Options, say: Say) -> Manifest:
    folder, old = workspace.folder, bundle.manifest
    calibration, graphs = Calibration.of(bundle), {}
    for number, (name, graph) in enumerate(old.graphs.items(), start=1):
        turn, path = f"[{number}/{len(old.graphs)}] {name}", folder / f"{name}.onnx"
        begun = time.perf_counter()
        if workspace.has(name):
            say(f"{turn}: done before")
        else:
            quantized = write_graph(bundle, name, path, options.recipe, calibration)
            workspace.record(name, quantized.precision, files(path))
            seconds = time.perf_counter() - begun
            say(f"{turn}: {quantized}, {megabytes(workspace.size(name))}, {seconds:.1f} s")
        calibration.pass_on(name, path)
        done = workspace.done[name]
        graphs[name] = graph.model_copy(update={"precision": done.precision, "files": list(done.files)})
    for name in (old.tokenizer.vocab, old.tokenizer.merges):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle.path(name), folder / name)
    names = [old.tokenizer.vocab, old.tokenizer.merges]
    names += [file for graph in graphs.values() for file in graph.files]
    manifest = old.model_copy(
        update={
            "graphs": graphs,
            "files": {name: FileFacts.of(folder / name) for name in names},
            "golden": None,
            "tools": old.tools | {tool: version(tool) for tool in TOOLS},
            "parity": {},
        }
    )
    write_json(folder / MANIFEST, manifest.model_dump(mode="json"))

    say("verifying: the float bundle draws, every step is compared")
    begun = time.perf_counter()
    quantized_bundle = open_bundle(folder)
    figures = verify(bundle, quantized_bundle)
    say(f"verified: {summary(figures)}, {time.perf_counter() - begun:.1f} s")
    trace, _ = golden_drawing(quantized_bundle, verification_steps(quantized_bundle))
    write_json(folder / GOLDEN, trace.model_dump())
    manifest = manifest.model_copy(
        update={
            "golden": GoldenFile(file=GOLDEN),
            "files": manifest.files | {GOLDEN: FileFacts.of(folder / GOLDEN)},
            "parity": {"float_bundle": old.parity}
            | {name: storable(value) for name, value in figures.items()},
        }
    )
    write_json(folder / MANIFEST, manifest.model_dump(mode="json"))
    open_bundle(folder)
    workspace.publish()
    return manifest


def static_int8(recipe: Recipe, graph: str, size: tuple[int, int]) -> bool:
    """Whether convolutions become int8 with measured ranges, for pictures of `size`.

    Image graphs of larger pictures run in strips, where ranges cannot be measured: only an export from the
    checkpoint has a graph without.
    """
    return recipe.static_int8(graph) and max(size) <= WINDOW


def write_graph(
    bundle: Bundle, name: str, path: Path, recipe: Recipe, calibration: Calibration
) -> Report | ImagesReport:
    """Writes a float bundle's graph to `path` as the recipe says; the graphs before it are done."""

    def float_graph(name: str) -> Path:
        return bundle.path(bundle.manifest.graphs[name].files[0])

    source = float_graph(name)
    if static_int8(recipe, name, calibration.size):
        feeds: list[Feed] = [{"tokens": tokens} for tokens in calibration.pictures(PICTURES)]
        if name == "image_encoder":
            decode = opened(float_graph("image_decoder"))
            feeds = [decode(feed) for feed in feeds]
        return quantize_images(source, path, feeds)
    observed = "int4" in recipe.precisions and name in CHAIN
    rounding = Gptq(calibration.moments(name, source)) if observed else Nearest()
    return quantize_graph(source, path, name, recipe, rounding)


def verify(bundle: Bundle, quantized: Bundle) -> dict[str, float]:
    """Figures of the quantized bundle beside the float one. Raises QuantizationError for a limit missed."""
    figures = verify_against_bundle(bundle, quantized)
    if wrong := missed(judged(figures, quantized.manifest)):
        said = ", ".join(map(str, wrong))
        raise QuantizationError(f"{said}: nothing was kept; choose a higher precision")
    return figures


def summary(figures: dict[str, float]) -> str:
    same, kl = figures["transformer.agreement"], figures["transformer.kl"]
    return f"same token {same:.2%}, KL {kl:.2g}, picture {figures['image_decoder.psnr']:.1f} dB"


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def resume_key(bundle: Bundle, options: Options) -> str:
    """Equal keys give equal graphs."""
    digest = hashlib.sha256((bundle.folder / MANIFEST).read_bytes())
    digest.update(options.recipe.model_dump_json().encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update(json.dumps({tool: version(tool) for tool in TOOLS}).encode())
    return digest.hexdigest()
