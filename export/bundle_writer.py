"""Writes a bundle: graphs one by one, verified together, published in one rename.

Until the last moment everything is in `NAME.partial`. What is interrupted resumes from the graphs that are
done; what fails verification is removed.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from export.errors import VerificationError
from export.manifest import MERGES, VOCAB, describe
from export.verify import Effort
from export.workspace import Workspace, check_space, check_target, disk_errors, megabytes
from reference.checkpoint import Checkpoint
from reference.text import vocabulary_and_merges
from runtime.bundle import MANIFEST, Bundle, FileFacts, GoldenFile, Graph, Manifest, open_bundle
from runtime.generator import Drawing
from runtime.parity.golden import golden_drawing
from runtime.parity.measures import storable

GOLDEN = "golden/trace.json"
Report = Callable[[str], None]


class Written(Protocol):
    """What became of a graph, to print."""

    @property
    def precision(self) -> str:
        """For the manifest."""


class Target(Protocol):
    """The platform a bundle is for, and what is to be made of a checkpoint for it."""

    checkpoint: Checkpoint
    sizes: Sequence[tuple[int, int]]  # (W, H) in pixels, the default first
    step: Sequence[str]  # the chain
    tools: Sequence[str]  # packages that make the graphs
    choices: Sequence[Any]  # what, beside checkpoint, code and tools, makes its graphs; JSON

    def planned(self) -> dict[str, int]:
        """Bytes of each graph, by name. Raises what is wrong with the choices."""

    def scratch_bytes(self) -> int:
        """On the disk beside the bundle while it is written, at most."""

    def write(self, name: str, folder: Path) -> Written:
        """Writes a graph."""

    def done(self, name: str, folder: Path) -> None:
        """Told of each graph that is there, before the next is written."""

    def files(self, name: str, folder: Path) -> list[Path]:
        """Of a written graph."""

    def entry(self, name: str, folder: Path, precision: str) -> Graph:
        """Of a written graph, for the manifest."""

    def verify(self, bundle: Bundle, drawing: Drawing) -> dict[str, float]:
        """The figures of the bundle, `drawing` its own. Raises VerificationError."""


def planned(target: Target, out: Path, overwrite: bool) -> dict[str, int]:
    """Bytes of each graph that `write_bundle` would write. Raises what it would raise before writing."""
    check_target(out, overwrite)
    return target.planned()


def write_bundle(target: Target, out: Path, overwrite: bool, report: Report) -> Manifest:
    """Writes and publishes the bundle at `out`; `report` is given a line for each thing done.

    Raises BundleError (folder or disk), RequestError (size), RecipeError (a recipe of another layout),
    VerificationError (a graph misses a limit).
    """
    total = sum(planned(target, out, overwrite).values())
    out.parent.mkdir(parents=True, exist_ok=True)
    check_space(out, total + target.scratch_bytes())
    workspace = Workspace(out, resume_key(target))
    with disk_errors(workspace, total):
        try:
            return fill(workspace, target, report)
        except VerificationError:
            workspace.discard()
            raise


def fill(workspace: Workspace, target: Target, report: Report) -> Manifest:
    folder, names = workspace.folder, list(target.planned())
    for number, name in enumerate(names, start=1):
        turn = f"[{number}/{len(names)}] {name}"
        if workspace.has(name):
            report(f"{turn}: done before")
        else:
            report(f"{turn}: tracing")
            begun = time.perf_counter()
            written = target.write(name, folder)
            workspace.record(name, written.precision, target.files(name, folder))
            seconds = time.perf_counter() - begun
            report(f"{turn}: {written}, {megabytes(workspace.size(name))}, {seconds:.1f} s")
        target.done(name, folder)
    write_tokenizer(folder, target.checkpoint)
    graphs = {name: target.entry(name, folder, workspace.done[name].precision) for name in names}
    manifest = describe(folder, target.checkpoint, target.sizes, graphs, target.step, target.tools)
    write_manifest(folder, manifest)

    report("verifying: the bundle draws, the reference draws, every graph is compared")
    begun = time.perf_counter()
    bundle = open_bundle(folder)
    golden, drawing = golden_drawing(bundle, Effort.of(target.checkpoint).golden_steps)
    figures = target.verify(bundle, drawing)
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


def resume_key(target: Target) -> str:
    """Equal keys give equal graphs. A checkpoint without files has no hash, so nothing of it is resumed."""
    checkpoint = target.checkpoint
    parts = [checkpoint.sha256 if checkpoint.files else time.time_ns(), list(target.sizes), *target.choices]
    parts += [code_hash(), {tool: version(tool) for tool in target.tools}]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def code_hash() -> str:
    """Hash of all source a graph is traced from: graphs of another version of it are not resumed."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for package in ("export", "quantize", "reference"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
