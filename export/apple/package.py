"""Writes one graph of an iPhone bundle: its functions converted, compressed, and merged into one package."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.apple.activations import observed, step_feeds
from export.apple.convert import Target, convert
from export.apple.graphs import AppleGraph, Dimensions
from export.graph_writer import scratch
from quantize.coreml import Form, compress, quantize_activations, weights_of
from quantize.coreml_recipe import CoreMLRecipe
from reference.checkpoint import Checkpoint
from runtime.bundle import PRECISIONS
from runtime.coreml.tools import coremltools as ct
from runtime.coreml.tools import quiet

SUFFIX = ".mlpackage"


@dataclass(frozen=True)
class PackageReport:
    """What became of a graph, to print."""

    functions: int
    forms: Counter[Form]  # of a function's weights

    @property
    def precision(self) -> str:
        return "+".join(sorted(self.forms, key=PRECISIONS.index)) or "fp16"

    def __str__(self) -> str:
        weights = ", ".join(f"{count} weights {form}" for form, count in self.forms.items())
        return f"{self.functions} function{'s' if self.functions > 1 else ''}, {weights or 'no weights'}"


def write_package(
    checkpoint: Checkpoint,
    name: str,
    graph: AppleGraph,
    functions: Mapping[str, Dimensions],
    target: Target,
    recipe: CoreMLRecipe,
    path: Path,
    activations: bool = False,
) -> PackageReport:
    """Writes the graph `name` with its `functions`, name -> dimensions, into the package `path`.

    `activations`: in 8 bits too, for a graph that is fed as `activations.step_feeds` says.

    Raises RecipeError for a weight that the recipe does not fit.
    """
    forms: dict[str, Form] = {}
    with scratch(path.with_name("functions")) as folder:
        for function, dimensions in functions.items():
            with checkpoint.loaded(graph.part):
                module = graph.build(dimensions)
            # Weights that the graph does not hold have left memory.
            model = convert(module, graph, dimensions, target)
            del module
            if activations:
                model = with_activations(checkpoint, model, dimensions, folder / ("plain" + SUFFIX))
            forms = recipe.of(name, weights_of(model))
            with quiet():
                model = compress(model, forms, grouped=target == "ios18", half=graph.half)
                model.save(str(folder / (function + SUFFIX)))
            del model
        merge(folder, list(functions), path, target)
    return PackageReport(len(functions), Counter(forms.values()))


def with_activations(checkpoint: Checkpoint, model: Any, dimensions: Dimensions, scratch_path: Path) -> Any:
    """The model with 8-bit activations, their ranges found with the package as it is."""
    with quiet():
        model.save(str(scratch_path))
    ranges = observed(scratch_path, step_feeds(checkpoint, dimensions))
    shutil.rmtree(scratch_path)
    return quantize_activations(model, ranges)


def merge(folder: Path, functions: list[str], path: Path, target: Target) -> None:
    """Packages of one function each into one; weights that are equal are there once."""
    shutil.rmtree(path, ignore_errors=True)
    if target == "ios17":  # which has one function a package, always "main"
        (folder / (functions[0] + SUFFIX)).rename(path)
        return
    parts = ct.utils.MultiFunctionDescriptor()
    for function in functions:
        parts.add_function(str(folder / (function + SUFFIX)), "main", function)
    parts.default_function_name = functions[0]
    with quiet():
        ct.utils.save_multifunction(parts, str(path))


def package_files(path: Path) -> Iterator[Path]:
    """All files of a package, its manifest first."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    yield from sorted(files, key=lambda file: file.name != "Manifest.json")
