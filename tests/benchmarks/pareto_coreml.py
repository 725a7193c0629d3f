"""Core ML forms of the checkpoint beside ONNX's: the same steps and prompts, executed by the evaluator.

The evaluator's time says nothing of a phone, so the bytes that a step moves are counted instead.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from export.apple.coreml_bundle import CoreMLExporter, CoreMLOptions
from export.bundle_writer import write_bundle
from quantize.coreml import Form
from quantize.coreml_recipe import CoreMLRecipe
from quantize.trials import Trials, size
from reference.checkpoint import load_checkpoint
from reference.stickers.evaluation_prompts import Task
from runtime.bundle import Bundle, open_bundle
from runtime.coreml.saved import read_package
from runtime.coreml.structure import report
from runtime.manifest import MANIFEST
from runtime.parity.bundle_steps import BundleSteps
from runtime.parity.comparison import Comparison
from runtime.parity.prompt_following import judge
from tests.shared_bundles import STICKERS_64


@dataclass(frozen=True)
class CoreMLForm:
    """A form of a bundle; pictures are judged for some only, because that takes minutes a form."""

    default: Form
    activations: bool = False
    judged: bool = False


FORMS = {
    "fp16": CoreMLForm("fp16", judged=True),
    "int8": CoreMLForm("int8", judged=True),
    "palette6": CoreMLForm("palette6", judged=True),
    "int4": CoreMLForm("int4", judged=True),
    "palette8": CoreMLForm("palette8"),
    "int8, activations too": CoreMLForm("int8", activations=True),
    "palette4": CoreMLForm("palette4"),
}

Add = Callable[..., None]  # stores figures of a form: `pareto.Figures.add`


def exported(name: str, work: Path) -> Bundle:
    """The 64 px stickers' bundle in that form; an existing one is taken as it is."""
    form, folder = FORMS[name], work / name.replace(", ", "-").replace(" ", "-")
    if not (folder / MANIFEST).exists():
        checkpoint = load_checkpoint(STICKERS_64, stream=True)
        recipe = CoreMLRecipe(default=form.default)
        options = CoreMLOptions([checkpoint.defaults.size], recipe, activations=form.activations)
        write_bundle(CoreMLExporter(checkpoint, options), folder, False, lambda line: None)
    return open_bundle(folder)


def measure_coreml(
    known: dict[str, dict[str, Any]], add: Add, trials: Trials, tasks: list[Task], work: Path, threads: int
) -> Iterator[str]:
    """Measure size, damage and verdicts of every form; yields its name when it is done.

    Figures of the same bundle are not measured again.
    """
    for name, form in FORMS.items():
        bundle = exported(name, work)
        digest = hashlib.sha256(bundle.path(MANIFEST).read_bytes()).hexdigest()
        if known.get(name, {}).get("bundle") != digest:
            manifest = bundle.manifest
            graphs = ("text_encoder", "conditioner", *manifest.step)
            deciding = [file for graph in graphs for file in manifest.graphs[graph].files]
            found = Comparison.of(trials.steps, BundleSteps(bundle, threads).repeat)
            add(
                name,
                bundle=digest,
                bytes=size(bundle),
                deciding=sum(manifest.files[file].size for file in deciding),
                moved=moved(bundle),
                **asdict(found),
                verdicts="",
            )
        if form.judged:
            for verdicts in judge(bundle, tasks, known[name]["verdicts"], threads):
                add(name, verdicts=verdicts)
        yield name


def moved(bundle: Bundle) -> int:
    """Bytes of weights, inputs and outputs of a guided step's functions."""
    total = 0
    for graph in bundle.manifest.step:
        (wanted,) = (
            function.name
            for function in bundle.manifest.graphs[graph].functions
            if function.dimensions.get("rows", 2) == 2
        )
        package = bundle.path(bundle.manifest.graphs[graph].files[0]).parent
        found = report(read_package(package)).functions
        total += next(function.moved_bytes for function in found if function.name == wanted)
    return total
