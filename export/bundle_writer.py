"""Writes a bundle: graphs one by one, verified together, published in one rename.

Until the last moment everything is in `NAME.partial`. What is interrupted resumes from the graphs that are
done; what fails verification is removed.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from export.calibration import calibration
from export.errors import VerificationError
from export.graph_writer import write_graph
from export.graphs import graphs
from export.manifest import MERGES, TOOLS, VOCAB, describe
from export.sizes import estimate
from export.verify import Effort, verify
from quantize.recipe import Recipe
from quantize.store import files
from reference.checkpoint import Checkpoint
from reference.text import vocabulary_and_merges
from runtime.bundle import MANIFEST, FileFacts, GoldenFile, Manifest, open_bundle
from runtime.golden import golden_drawing
from runtime.measures import storable
from runtime.workspace import Workspace, check_space, check_target, disk_errors, megabytes

GOLDEN = "golden/trace.json"
Report = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What to make of a checkpoint."""

    out: Path
    size: tuple[int, int]  # (W, H) in pixels
    recipe: Recipe
    overwrite: bool = False
    qnn: bool = False  # see write_graph


def planned(checkpoint: Checkpoint, options: Options) -> dict[str, int]:
    """Bytes of each graph that `write_bundle` would write. Raises what it would raise before writing."""
    check_target(options.out, options.overwrite)
    return estimate(graphs(checkpoint, options.size), options.recipe, options.qnn)


def write_bundle(checkpoint: Checkpoint, options: Options, report: Report) -> Manifest:
    """Writes and publishes the bundle at `options.out`; `report` is given a line for each thing done.

    Raises BundleError (folder or disk), RequestError (size), RecipeError (a recipe of another layout),
    VerificationError (a graph misses a limit).
    """
    needed = planned(checkpoint, options)
    total = sum(needed.values())
    options.out.parent.mkdir(parents=True, exist_ok=True)
    # While a graph is quantized, its float32 form is on the disk too.
    floats = estimate(graphs(checkpoint, options.size), Recipe.uniform("fp32"))
    check_space(options.out, total + max(floats.values()))
    workspace = Workspace(options.out, resume_key(checkpoint, options))
    with disk_errors(workspace, total):
        try:
            return fill(workspace, checkpoint, options, report)
        except VerificationError:
            workspace.discard()
            raise


def fill(workspace: Workspace, checkpoint: Checkpoint, options: Options, report: Report) -> Manifest:
    specs, folder = graphs(checkpoint, options.size), workspace.folder
    drawings = calibration(checkpoint, options.size, two_rows=options.qnn)
    for number, name in enumerate(specs, start=1):
        turn, path = f"[{number}/{len(specs)}] {name}", folder / f"{name}.onnx"
        if workspace.has(name):
            report(f"{turn}: done before")
        else:
            report(f"{turn}: tracing")
            begun = time.perf_counter()
            written = write_graph(checkpoint, name, options.size, options.recipe, path, drawings, options.qnn)
            workspace.record(name, written.precision, files(path))
            seconds = time.perf_counter() - begun
            report(f"{turn}: {written}, {megabytes(workspace.size(name))}, {seconds:.1f} s")
        drawings.pass_on(name, path)
    write_tokenizer(folder, checkpoint)
    precisions = {name: workspace.done[name].precision for name in specs}
    manifest = describe(folder, checkpoint, options.size, precisions)
    write_manifest(folder, manifest)

    report("verifying: the bundle draws, the reference draws, every graph is compared")
    begun = time.perf_counter()
    bundle = open_bundle(folder)
    golden, drawing = golden_drawing(bundle, Effort.of(checkpoint).golden_steps)
    figures = verify(bundle, checkpoint, drawing)
    report(f"verified: {summary(figures)}, {time.perf_counter() - begun:.1f} s")
    write_json(folder / GOLDEN, golden.model_dump())
    manifest = manifest.model_copy(
        update={
            "golden": GoldenFile(file=GOLDEN),
            "files": manifest.files | {GOLDEN: FileFacts.of(folder / GOLDEN)},
            "parity": {name: storable(value) for name, value in figures.items()},
        }
    )
    write_manifest(folder, manifest)
    open_bundle(folder)
    workspace.publish()
    return manifest


def write_tokenizer(folder: Path, checkpoint: Checkpoint) -> None:
    vocabulary, merges = vocabulary_and_merges(checkpoint.tokenizer)
    write_json(folder / VOCAB, vocabulary)
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / MERGES).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")


def summary(figures: dict[str, float]) -> str:
    same, kl = figures["transformer.agreement"], figures["transformer.kl"]
    psnr = figures["image_decoder.psnr"]
    image = "image equal" if psnr == float("inf") else f"image {psnr:.1f} dB"
    return f"same token {same:.2%}, KL {kl:.2g}, {image}"


def resume_key(checkpoint: Checkpoint, options: Options) -> str:
    """Equal keys give equal graphs. A checkpoint without files has no hash, so nothing of it is resumed."""
    parts: list[Any] = [
        checkpoint.sha256 if checkpoint.files else time.time_ns(),
        options.size,
        options.recipe.model_dump(),
        options.qnn,
    ]
    parts += [code_hash(), {tool: version(tool) for tool in TOOLS}]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def code_hash() -> str:
    """Hash of all source a graph is traced from: graphs of another version of it are not resumed."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for package in ("export", "quantize", "reference"):
        for path in sorted((root / package).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
