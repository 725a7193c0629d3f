"""Writes a bundle of any kind: graph by graph, verified, then published in one step.

`write_bundle` is the spine of `python -m export.onnx`, `export.coreml` and `quantize`. What differs between
them is an `Exporter`. Until the last stage everything lies in a work folder: an interrupted run resumes from
the graphs that are finished there, and a bundle that fails verification is removed.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from export.errors import VerificationError
from export.resume_key import resume_key
from export.workspace import Workspace, check_space, check_target, disk_errors, megabytes
from reference.files import shown
from reference.publishing import check_output_folder
from runtime.bundle import Bundle, open_bundle
from runtime.engine import EngineName
from runtime.generator import Drawing
from runtime.manifest import MANIFEST, FileFacts, GoldenFile, Graph, Manifest, PreviewFacts
from runtime.parity.golden import golden_drawing
from runtime.parity.measures import storable

GOLDEN = "golden/trace.json"
PREVIEW = "preview.bin"

STOPPED = "finished graphs are kept, and the same command resumes from them"  # after Ctrl-C

Log = Callable[[str], None]  # takes one line to print


class QuantizedGraph(Protocol):
    """What a quantization pass made of a graph; `str` of it is for the log."""

    @property
    def precision(self) -> str:
        """For the manifest."""


class Exporter(Protocol):
    """One kind of bundle and what it is made from. To create one checks the choices."""

    choices: Any  # every option that decides what the graphs are; JSON, dataclasses or pydantic models
    sizes: dict[str, int]  # estimated bytes of each graph, in the order of writing
    scratch_bytes: int  # most that lies on the disk beside the bundle while it is written
    golden_steps: int  # of the golden drawing
    engine: EngineName | None  # that verifies and draws the golden trace; None: the bundle's usual one

    @property
    def source(self) -> str:
        """A hash that identifies the model."""

    def write(self, name: str, folder: Path) -> tuple[Graph, QuantizedGraph]:
        """Write a graph, after those before it in `sizes`, and return its entry of the manifest too."""

    def describe(self, folder: Path, graphs: dict[str, Graph]) -> Manifest:
        """Write the tokenizer, and return the manifest of all files so far."""

    def preview(self, bundle: Bundle, drawing: Drawing) -> tuple[np.ndarray, float] | None:
        """Patches u8 [C, side, side, 3] for previews and their PSNR (`export.preview`); None: no new ones."""

    def verify(self, bundle: Bundle, drawing: Drawing) -> dict[str, float]:
        """Figures of the bundle, which drew `drawing`. Raises VerificationError."""


def write_bundle(exporter: Exporter, out: Path, overwrite: bool, log: Log) -> Manifest:
    """Write, verify and publish a bundle at `out`.

    Raises BundleError (folder or disk), RecipeError or QuantizationError (a graph cannot be quantized as
    chosen), VerificationError (a graph misses a limit).
    """
    needed = sum(exporter.sizes.values())
    check_space(out, needed + exporter.scratch_bytes)
    with Workspace(out, resume_key(exporter.source, exporter.choices), overwrite) as workspace:
        folder = workspace.folder
        with disk_errors(workspace, needed):
            graphs = write_graphs(exporter, workspace, log)  # each is loaded, traced, quantized
            manifest = exporter.describe(folder, graphs)
            write_manifest(folder, manifest)
            try:
                manifest = verified(exporter, folder, manifest, log)
            except VerificationError:
                workspace.discard()
                raise
            write_manifest(folder, manifest)
            open_bundle(folder)
            workspace.publish()
    return manifest


def write_graphs(exporter: Exporter, workspace: Workspace, log: Log) -> dict[str, Graph]:
    """Write every graph that is not finished; the manifest's entries of all."""
    for number, name in enumerate(exporter.sizes, start=1):
        turn = f"[{number}/{len(exporter.sizes)}] {name}"
        if workspace.has(name):
            log(f"{turn}: done before")
            continue
        log(f"{turn}: writing")
        begun = time.perf_counter()
        graph, quantized = exporter.write(name, workspace.folder)
        workspace.record(name, graph)
        seconds = time.perf_counter() - begun
        log(f"{turn}: {quantized}, {megabytes(workspace.size(name))}, {seconds:.1f} s")
    return {name: workspace.finished[name].graph for name in exporter.sizes}


def verified(exporter: Exporter, folder: Path, manifest: Manifest, log: Log) -> Manifest:
    """Draw with the bundle, compare every graph, write golden trace and preview; the manifest with all."""
    log("verifying: the bundle draws, and every graph is compared with its original")
    begun = time.perf_counter()
    bundle = open_bundle(folder)
    golden, drawing = golden_drawing(bundle, exporter.golden_steps, exporter.engine)
    figures = exporter.verify(bundle, drawing)
    manifest = with_preview(folder, manifest, exporter.preview(bundle, drawing))
    log(f"verified: {summary(figures)}, {time.perf_counter() - begun:.1f} s")
    write_json(folder / GOLDEN, golden.model_dump())
    return manifest.model_copy(
        update={
            "golden": GoldenFile(file=GOLDEN),
            "files": manifest.files | {GOLDEN: FileFacts.of(folder / GOLDEN)},
            "parity": manifest.parity
            | ({"engine": exporter.engine} if exporter.engine else {})
            | {name: storable(value) for name, value in figures.items()},
        }
    )


def with_preview(folder: Path, manifest: Manifest, made: tuple[np.ndarray, float] | None) -> Manifest:
    """Write the patches of previews; the manifest with them and their PSNR."""
    if made is None:
        return manifest
    patches, psnr = made
    (folder / PREVIEW).write_bytes(patches.tobytes())
    return manifest.model_copy(
        update={
            "preview": PreviewFacts(file=PREVIEW, side=patches.shape[1]),
            "files": manifest.files | {PREVIEW: FileFacts.of(folder / PREVIEW)},
            "parity": manifest.parity | {"preview.psnr": storable(psnr)},
        }
    )


def summary(figures: dict[str, float]) -> str:
    same, kl = figures["transformer.agreement"], figures["transformer.kl"]
    psnr = figures["image_decoder.psnr"]
    image = "image equal" if psnr == float("inf") else f"image {psnr:.1f} dB"
    return f"same token {same:.2%}, KL {kl:.2g}, {image}"


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")


def check_out(out: Path, overwrite: bool) -> None:
    """Raises UserError if a bundle could not be written to `out`: for commands, before they read a model."""
    check_output_folder(out)
    check_target(out, overwrite)


def export_bundle(exporter: Exporter, out: Path, overwrite: bool, dry_run: bool) -> None:
    """`write_bundle` for a command: prints progress and total size, or in a dry run the planned sizes."""
    if dry_run:
        print(planned_sizes(exporter.sizes))
        return
    begun = time.perf_counter()
    manifest = write_bundle(exporter, out, overwrite, lambda line: print(line, flush=True))
    total = sum(facts.size for facts in manifest.files.values())
    print(f"{shown(out)}: {megabytes(total)} in {time.perf_counter() - begun:.0f} s", flush=True)


def planned_sizes(sizes: Mapping[str, int]) -> str:
    """What a dry run prints: the size of each graph, and their sum."""
    lines = [f"{name:14} {megabytes(size):>9}" for name, size in sizes.items()]
    lines.append(f"{'total':14} {megabytes(sum(sizes.values())):>9}  and tokenizer; nothing was written")
    return "\n".join(lines)
