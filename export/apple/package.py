"""Writes one graph of an iPhone bundle: its functions, converted, compressed and merged into a package."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.apple.activations import measured_ranges
from export.apple.calibration import Drawings, Feed, of_rows, round_weights
from export.apple.convert import Target, convert
from export.apple.graphs import Dimensions
from export.apple.reproducible import make_reproducible
from export.workspace import scratch
from quantize.coreml import Form, compress, quantize_activations, weights_of
from quantize.coreml_recipe import CoreMLRecipe
from runtime.coreml.tools import coremltools as ct
from runtime.coreml.tools import quiet
from runtime.manifest import PRECISIONS

SUFFIX = ".mlpackage"


@dataclass(frozen=True)
class CompressedGraph:
    """How many functions a written package or asset has, and how its weights are stored."""

    functions: int
    forms: Counter[Form]  # how many weights of a function are in each form
    plain: Form = "fp16"  # of a graph without weights

    @property
    def precision(self) -> str:
        """The precision that the manifest states."""
        return "+".join(sorted(self.forms, key=PRECISIONS.index)) or self.plain

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
) -> CompressedGraph:
    """Write graph `name` of `drawings`, with its `functions` (name -> dimensions), into the package `path`.

    `activations` quantizes activations to 8 bits too, for a graph of the step. Raises RecipeError if the
    recipe does not fit a weight.
    """
    graph, grouped = drawings.graphs[name], target == "ios18"
    forms: dict[str, Form] = {}
    with scratch(path.with_name("functions")) as folder:
        first = next(iter(functions.values()))
        codes = round_weights(drawings, name, first, recipe, grouped, folder / "codes")
        for function, dimensions in functions.items():
            module = drawings.module(name, dimensions)
            model = convert(module, graph, dimensions, target)
            del module  # the model has copies of its weights
            if activations:
                model = with_activations(model, drawings.fed(name, dimensions), dimensions, folder)
            forms = recipe.of(name, weights_of(model))
            with quiet():
                model = compress(model, forms, codes, grouped, graph.half)
                model.save(str(folder / (function + SUFFIX)))
            del model
        merge(folder, list(functions), path, target)
    make_reproducible(path)
    return CompressedGraph(len(functions), Counter(forms.values()))


def with_activations(model: Any, feeds: Iterable[Feed], dimensions: Dimensions, folder: Path) -> Any:
    """The model with 8-bit activations, whose ranges are measured on the model without them."""
    plain = folder / ("plain" + SUFFIX)
    with quiet():
        model.save(str(plain))
    ranges = measured_ranges(plain, (of_rows(feed, dimensions["rows"]) for feed in feeds))
    shutil.rmtree(plain)
    return quantize_activations(model, ranges)


def merge(folder: Path, functions: list[str], path: Path, target: Target) -> None:
    """Merge packages of one function each into the package `path`, which stores equal weights once."""
    shutil.rmtree(path, ignore_errors=True)
    if target == "ios17":  # its packages have one function, "main"
        (folder / (functions[0] + SUFFIX)).rename(path)
        return
    parts = ct.utils.MultiFunctionDescriptor()
    for function in functions:
        parts.add_function(str(folder / (function + SUFFIX)), "main", function)
    parts.default_function_name = functions[0]
    with quiet():
        ct.utils.save_multifunction(parts, str(path))


def package_files(path: Path) -> Iterator[Path]:
    """The files of a package, its manifest first."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    yield from sorted(files, key=lambda file: file.name != "Manifest.json")
