"""Writes one graph of an iPhone bundle: its functions converted, compressed, and merged into one package."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.apple.activations import observed
from export.apple.calibration import Drawings, Feed, of_rows, round_weights
from export.apple.convert import Target, convert
from export.apple.graphs import Dimensions
from export.apple.reproducible import make_reproducible
from export.workspace import scratch
from quantize.coreml import Form, compress, quantize_activations, weights_of
from quantize.coreml_recipe import CoreMLRecipe
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
    drawings: Drawings,
    name: str,
    functions: Mapping[str, Dimensions],
    target: Target,
    recipe: CoreMLRecipe,
    path: Path,
    activations: bool = False,
) -> PackageReport:
    """Writes graph `name` of `drawings` with its `functions`, name -> dimensions, into the package `path`.

    `activations`: in 8 bits too, for a graph of the step.

    Raises RecipeError for a weight that the recipe does not fit.
    """
    graph = drawings.graphs[name]
    forms: dict[str, Form] = {}
    with scratch(path.with_name("functions")) as folder:
        codes = round_weights(drawings, name, next(iter(functions.values())), recipe, folder / "codes")
        for function, dimensions in functions.items():
            # Weights that the graph does not hold leave memory.
            module = drawings.module(name, dimensions)
            model = convert(module, graph, dimensions, target)
            del module
            if activations:
                model = with_activations(model, drawings.fed(name, dimensions), dimensions, folder)
            forms = recipe.of(name, weights_of(model))
            with quiet():
                model = compress(model, forms, codes, grouped=target == "ios18", half=graph.half)
                model.save(str(folder / (function + SUFFIX)))
            del model
        merge(folder, list(functions), path, target)
    make_reproducible(path)
    return PackageReport(len(functions), Counter(forms.values()))


def with_activations(model: Any, feeds: Iterable[Feed], dimensions: Dimensions, folder: Path) -> Any:
    """The model with 8-bit activations, their ranges found with the package as it is."""
    plain = folder / ("plain" + SUFFIX)
    with quiet():
        model.save(str(plain))
    ranges = observed(plain, (of_rows(feed, dimensions["rows"]) for feed in feeds))
    shutil.rmtree(plain)
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
