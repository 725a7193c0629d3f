"""A recipe: the precision of each weight of each graph of a bundle, as JSON.

    {"format": "meissonic-recipe", "version": 1, "default": "int8", "block": 32,
     "layout": {"transformer": "<sha256>"},
     "weights": {"transformer": {"double_blocks.0.image.qkv": "int4"}}}

`--int8` and the like are recipes that name no weight. `layout` holds a hash of the weights' names and shapes
of each graph, and a recipe is refused for a graph with another hash. The linears and tables of the image
graphs stay float unless the recipe names them; their convolutions follow `DEFAULTS`.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quantize.errors import RecipeError
from quantize.weights import Kind, Weight, layout_hash
from reference.files import read_file, write_text
from runtime.errors import first_problem
from runtime.manifest import IMAGE_GRAPHS

VERSION = 1
MAX_RECIPE = 100_000_000  # bytes of a recipe or of a study

Precision = Literal["fp32", "fp16", "int8", "int4"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
Block = Literal[16, 32, 64, 128, 256]  # weights of a column
BLOCK: Block = 16

# The precisions of each kind of weight, and the one of a weight that the recipe does not name. Tables have no
# int4, because it would save little and lose much. Convolutions are computed in float32 unless ranges were
# measured (`static_int8`).
FORMS: dict[Kind, tuple[Precision, ...]] = {
    "linear": ("fp32", "fp16", "int8", "int4"),
    "table": ("fp32", "fp16", "int8"),
    "convolution": ("fp32", "fp16", "int8"),
}
DEFAULTS: dict[Kind, dict[Precision, Precision]] = {
    "linear": {"fp32": "fp32", "fp16": "fp16", "int8": "int8", "int4": "int4"},
    "table": {"fp32": "fp32", "fp16": "fp16", "int8": "int8", "int4": "int8"},
    "convolution": {"fp32": "fp32", "fp16": "fp16", "int8": "int8", "int4": "int8"},
}

AnyRecipe = TypeVar("AnyRecipe", bound=BaseModel)
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Recipe(BaseModel):
    """See the head of this file. `graph` is always a graph's name in the bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["meissonic-recipe"] = "meissonic-recipe"
    version: Literal[1] = 1
    default: Precision
    block: Block = BLOCK  # weights of a column that share an int4 scale
    layout: dict[str, Sha256] = {}  # by graph; `weights.layout_hash`
    weights: dict[str, dict[str, Precision]] = {}  # by graph, by weight
    note: str = ""  # for people: its origin and its figures

    @classmethod
    def uniform(cls, precision: Precision, block: Block = BLOCK) -> "Recipe":
        """The recipe of `--int8` and the like."""
        return cls(default=precision, block=block)

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        """Raises RecipeError, which names the file and the value."""
        return read_recipe(path, cls)

    def write(self, path: Path) -> None:
        """Whole or not at all. Raises RequestError."""
        write_text(path, self.model_dump_json(indent=1) + "\n")

    @property
    def precisions(self) -> set[Precision]:
        """All that it names."""
        return {self.default, *(form for weights in self.weights.values() for form in weights.values())}

    def precision(self, graph: str, weight: Weight) -> Precision:
        """The precision that the weight gets."""
        named = self.weights.get(graph, {})
        if weight.name in named:
            return named[weight.name]
        if graph in IMAGE_GRAPHS and weight.kind != "convolution":
            return "fp32"
        return DEFAULTS[weight.kind][self.default]

    def static_int8(self, graph: str) -> bool:
        """Whether the convolutions of an image graph are int8 with measured ranges.

        They are where the default is int8 and the recipe names no weight of the graph.
        """
        return graph in IMAGE_GRAPHS and self.default == "int8" and graph not in self.weights

    def check_graphs(self, graphs: Iterable[str]) -> None:
        """Raises RecipeError for a named graph that is not among the bundle's."""
        known = list(graphs)
        for graph in (*self.weights, *self.layout):
            if graph not in known:
                raise RecipeError(f'the recipe names graph "{graph}", but the bundle has {", ".join(known)}')

    def check(self, graph: str, weights: Mapping[str, Weight]) -> None:
        """Raises RecipeError for the first weight of the float graph that the recipe does not fit."""
        named = self.weights.get(graph, {})
        for name, precision in named.items():
            if name not in weights:
                raise RecipeError(
                    f'the recipe names weight "{name}" of {graph}, which this model does not have:'
                    " it was made for another layout"
                )
            kind = weights[name].kind
            if precision not in FORMS[kind]:
                raise RecipeError(
                    f'the recipe wants {precision} for "{name}" of {graph}, but a {kind} can be'
                    f" {', '.join(FORMS[kind])}"
                )
        if graph in self.layout and self.layout[graph] != layout_hash(weights):
            extra = next((name for name in weights if name not in named), None)
            why = f'it does not name "{extra}"' if extra else "shapes of its weights differ"
            raise RecipeError(f"the recipe was made for another layout of {graph} ({why})")
        for weight in weights.values():
            if self.precision(graph, weight) == "int4" and weight.shape[0] % self.block:
                raise RecipeError(
                    f'int4 block {self.block} does not divide the {weight.shape[0]} rows of "{weight.name}"'
                    f" of {graph}: choose a smaller block, or int8 for this weight"
                )


def read_recipe(path: Path, kind: type[AnyRecipe]) -> AnyRecipe:
    """A recipe file of a kind. Raises RecipeError, which names the file and the value."""
    try:
        data = json.loads(read_file(path, MAX_RECIPE))
    except OSError as error:
        raise RecipeError(f"cannot read recipe {path}: {error.strerror}") from None
    except ValueError as error:
        raise RecipeError(f"recipe {path} is not valid JSON ({error})") from None
    wanted = kind.model_fields["format"].default
    if not isinstance(data, dict) or data.get("format") != wanted:
        raise RecipeError(f'{path} is no recipe for this command: its "format" should be "{wanted}"')
    version = data.get("version")
    if isinstance(version, int) and version > VERSION:
        raise RecipeError(f"recipe {path} has version {version}, newer than {VERSION}: update this tool")
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise RecipeError(f"recipe {path}: {first_problem(error)}") from None


def stored_bytes(weight: Weight, precision: Precision, block: int = BLOCK) -> int:
    """Size of a weight in a bundle, scales included."""
    if precision == "int8":  # a scale for each output channel, or each row of a table
        return weight.size + 4 * weight.shape[1 if weight.kind == "linear" else 0]
    if precision == "int4":  # a byte for each block, a unit for each column
        return weight.size // 2 + weight.size // block + 4 * weight.shape[1]
    return weight.size * {"fp32": 4, "fp16": 2}[precision]
