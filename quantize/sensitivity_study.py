"""The damage of every weight in every form, measured one at a time and kept in a file from the start.

    {"key": "<sha256>",
     "damages": {"transformer": {"head.up": {"int4": {"positions": 2344, "same": 2305, "nats": 8.1}}}},
     "scores": {"transformer head x20": "110111..."}}

An interrupted study resumes where it stopped. One of another bundle, or of other code, starts anew.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import onnxruntime

from quantize.errors import QuantizationError
from quantize.frontier import Key, Option
from quantize.recipe import FORMS, MAX_RECIPE, Block, Precision, Recipe, stored_bytes
from quantize.trials import Trials
from quantize.weights import Weight
from reference.files import read_file, write_text
from runtime.manifest import MANIFEST
from runtime.parity.comparison import Comparison

UNMEASURED = ("__main__", "frontier", "sensitivity")  # modules that change no damage


@dataclass(frozen=True)
class Form:
    """One weight in one precision."""

    graph: str
    weight: Weight
    precision: Precision

    def recipe(self, block: Block) -> Recipe:
        """All else float."""
        return Recipe(default="fp32", block=block, weights={self.graph: {self.weight.name: self.precision}})


class Study:
    """What was measured of a bundle, by weight and precision, and by layer the verdicts on its pictures."""

    def __init__(self, trials: Trials, path: Path, block: Block) -> None:
        """Raises QuantizationError for a file that is there and is no study."""
        self.trials, self.path, self.block = trials, path, block
        self.key = study_key(trials, block)
        self.damages: dict[str, dict[str, dict[str, Comparison]]] = {}
        self.scores: dict[str, str] = {}
        if path.exists():
            self._read()

    @property
    def forms(self) -> list[Form]:
        """Each weight that decides tokens, in each precision that it can have."""
        return [
            Form(graph, weight, precision)
            for graph in self.trials.deciding
            for weight in self.trials.weights[graph].values()
            for precision in precisions(weight, self.block)
        ]

    def found(self, form: Form) -> Comparison | None:
        return self.damages.get(form.graph, {}).get(form.weight.name, {}).get(form.precision)

    def missing(self) -> list[Form]:
        return [form for form in self.forms if self.found(form) is None]

    def measure(self) -> Iterator[Form]:
        """Measures what is missing, and yields each form when it is stored. Raises OSError."""
        for form in self.missing():
            measured = self.trials.damage(form.recipe(self.block))
            self.damages.setdefault(form.graph, {}).setdefault(form.weight.name, {})[form.precision] = (
                measured
            )
            self.write()
            yield form

    def options(self) -> dict[Key, list[Option]]:
        """What `frontier` chooses from, when nothing is missing."""
        made: dict[Key, list[Option]] = {}
        for form in self.forms:
            damage = self.found(form)
            assert damage is not None
            stored = stored_bytes(form.weight, form.precision, self.block)
            made.setdefault((form.graph, form.weight.name), []).append(
                Option(form.precision, stored, damage.kl)
            )
        return made

    def layers(self) -> dict[str, Recipe]:
        """Recipes of one layer each, a block of the model or a part outside of blocks, in its coarsest form.

        The most harmful come first, by the sum of their weights' KL.
        """
        weights: dict[str, dict[str, dict[str, Precision]]] = {}
        harm: dict[str, float] = {}
        for (graph, name), options in self.options().items():
            layer = f"{graph} {layer_of(name)}"
            coarsest = min(options, key=lambda option: option.bytes)
            weights.setdefault(layer, {}).setdefault(graph, {})[name] = coarsest.precision
            harm[layer] = harm.get(layer, 0.0) + coarsest.kl
        order = sorted(weights, key=lambda layer: -harm[layer])
        return {layer: Recipe(default="fp32", block=self.block, weights=weights[layer]) for layer in order}

    def write(self) -> None:
        """Whole or not at all. Raises RequestError."""
        damages = {
            graph: {
                weight: {precision: asdict(damage) for precision, damage in by_precision.items()}
                for weight, by_precision in by_weight.items()
            }
            for graph, by_weight in self.damages.items()
        }
        content = {"key": self.key, "damages": damages, "scores": self.scores}
        write_text(self.path, json.dumps(content, indent=1) + "\n")

    def _read(self) -> None:
        try:
            content = json.loads(read_file(self.path, MAX_RECIPE))
            if content["key"] != self.key:
                return
            self.damages = {
                graph: {
                    weight: {precision: Comparison(**damage) for precision, damage in by_precision.items()}
                    for weight, by_precision in by_weight.items()
                }
                for graph, by_weight in content["damages"].items()
            }
            self.scores = dict(content["scores"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise QuantizationError(
                f"{self.path} is no study of sensitivity: remove it, or name another file with --out"
            ) from None


def precisions(weight: Weight, block: int) -> list[Precision]:
    """The forms to measure. int4 needs whole blocks."""
    return [
        precision
        for precision in FORMS[weight.kind]
        if precision != "fp32" and not (precision == "int4" and weight.shape[0] % block)
    ]


def layer_of(weight: str) -> str:
    """ "double_blocks.0.image.qkv" -> "double_blocks.0", "head.up" -> "head", "time.0" -> "time"."""
    found = re.match(r"\w+\.\d+(?=\.)", weight)
    return found.group() if found else weight.split(".")[0]


def study_key(trials: Trials, block: int) -> str:
    """Equal keys give equal damages: the same bundle, steps, and code that quantizes or draws."""
    digest = hashlib.sha256(trials.bundle.path(MANIFEST).read_bytes())
    root = Path(__file__).parents[1]
    for path in sorted([*(root / "quantize").glob("*.py"), *(root / "runtime").rglob("*.py")]):
        if path.stem not in UNMEASURED:
            digest.update(path.read_bytes())
    digest.update(json.dumps([trials.prompts, trials.every, block, onnxruntime.__version__]).encode())
    return digest.hexdigest()
