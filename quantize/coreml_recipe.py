"""A recipe of a Core ML bundle: the form of each weight of each graph, as JSON.

    {"format": "meissonic-coreml-recipe", "version": 1, "default": "palette6",
     "weights": {"transformer": {"double_blocks_blocks_0_image_qkv_weight": "int8"}}}

A weight has the name of its module's parameter. `--int8` and the like are recipes that name no weight. Unless
the recipe names them, tables keep at least 6 bits and the image decoder at least 8, because they are small
beside the blocks and lose more. The image encoder stays in half precision and its scores of codes in single,
because small errors change the nearest code: with 8 bits 57 to 71 % of a sticker's tokens stay the same, with
half precision throughout 91 %.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from quantize.coreml import FORMS, Form, Weight
from quantize.errors import RecipeError
from quantize.recipe import read_recipe

OF_TABLES: dict[Form, Form] = {"int4": "int8", "palette4": "palette6"}
OF_DECODER: dict[Form, Form] = {"int4": "int8", "palette6": "palette8", "palette4": "palette8"}
NEEDS_IOS18: dict[Form, str] = {"int4": "int4 in blocks"}


class CoreMLRecipe(BaseModel):
    """See the head of this file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["meissonic-coreml-recipe"] = "meissonic-coreml-recipe"
    version: Literal[1] = 1
    default: Form
    weights: dict[str, dict[str, Form]] = {}  # by graph, by weight
    note: str = ""  # for people: its origin and its figures

    @classmethod
    def read(cls, path: Path) -> "CoreMLRecipe":
        """Raises RecipeError, which names the file and the value."""
        return read_recipe(path, cls)

    @property
    def forms(self) -> set[Form]:
        """All that it names."""
        return {self.default, *(form for weights in self.weights.values() for form in weights.values())}

    def form(self, graph: str, name: str, layer: str) -> Form:
        """The form of a weight that an operation of kind `layer` reads."""
        named = self.weights.get(graph, {})
        if name in named:
            return named[name]
        if graph == "image_encoder":
            return "fp16" if layer == "conv" else "fp32"
        if graph == "image_decoder":
            return OF_DECODER.get(self.default, self.default)
        if layer == "gather":
            return OF_TABLES.get(self.default, self.default)
        return self.default

    def of(self, graph: str, weights: Sequence[Weight]) -> dict[str, Form]:
        """The form of each weight of a graph. Raises RecipeError if the recipe names one that it lacks."""
        known = {weight.name for weight in weights}
        for name in self.weights.get(graph, {}):
            if name not in known:
                near = ", ".join(get_close_matches(name, sorted(known), cutoff=0))
                raise RecipeError(
                    f'the recipe names weight "{name}" of {graph}, which this model does not have:'
                    f" the nearest are {near}"
                )
        return {weight.name: self.form(graph, weight.name, weight.layer) for weight in weights}

    def check(self, graphs: Mapping[str, object], target: str) -> None:
        """Raises RecipeError for a graph that the bundle lacks, or a form that `target` lacks."""
        for graph in self.weights:
            if graph not in graphs:
                raise RecipeError(f'the recipe names graph "{graph}", but the bundle has {", ".join(graphs)}')
        for form in sorted(self.forms, key=FORMS.index):
            if form in NEEDS_IOS18 and target == "ios17":
                raise RecipeError(
                    f"iOS 17 does not know {NEEDS_IOS18[form]}: use --target ios18, or --palette 4 for iOS 17"
                )
