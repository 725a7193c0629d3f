"""Trial forms of a float bundle: what a recipe would make of it, and how much that hurts.

Nothing is published. The graphs that a recipe changes are written to a temporary folder, the others are the
bundle's own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from quantize.apply_recipe import quantize_graph
from quantize.gptq import Gptq
from quantize.gptq_moments import Calibration
from quantize.onnx_files import files
from quantize.recipe import Recipe
from quantize.rounding import Nearest, Rounding
from quantize.weights import Weight, weights_of
from runtime.bundle import Bundle
from runtime.manifest import FileFacts
from runtime.parity.bundle_steps import BundleSteps, record
from runtime.parity.comparison import Comparison
from runtime.parity.replay import RecordedStep
from runtime.parity.verification import VERIFICATION_PROMPTS
from runtime.request import Request

STEPS = 4  # of each drawing, evenly spaced: neighbours say the same


class Trials:
    """A float bundle, steps of its drawings, and its graphs in any form."""

    def __init__(
        self,
        bundle: Bundle,
        threads: int = 0,
        work: Path | None = None,
        prompts: Sequence[str] = VERIFICATION_PROMPTS,
        steps: int = STEPS,
    ) -> None:
        """`work`: where temporary folders are made; `steps`: how many are taken of each prompt's drawing."""
        manifest = bundle.manifest
        self.bundle, self.threads, self.work = bundle, threads, work
        self.prompts, self.every = prompts, max(1, manifest.defaults.steps // steps)
        self.weights: dict[str, dict[str, Weight]] = {
            name: weights_of(bundle.path(graph.files[0])) for name, graph in manifest.graphs.items()
        }
        self.deciding = ("text_encoder", "conditioner", *manifest.step)  # which tokens are drawn
        self._steps: list[RecordedStep] = []
        self._moments: dict[str, dict[str, np.ndarray]] = {}

    @property
    def steps(self) -> list[RecordedStep]:
        """Recorded when they are first needed."""
        if not self._steps:
            requests = [Request(prompt, seed=seed) for seed, prompt in enumerate(self.prompts)]
            self._steps = list(record(BundleSteps(self.bundle, self.threads), requests, self.every))
        return self._steps

    def rounding(self, graph: str, recipe: Recipe) -> Rounding:
        """As `requantize` rounds. The inputs of linears are measured when they are first needed."""
        if "int4" not in recipe.precisions:
            return Nearest()
        if not self._moments:
            self._moments = Calibration.all_moments(self.bundle, self.threads)
        return Gptq(self._moments.get(graph, {}))

    def changed(self, recipe: Recipe) -> set[str]:
        """The graphs in which the recipe quantizes a weight."""
        return {
            graph
            for graph, weights in self.weights.items()
            if any(recipe.precision(graph, weight) != "fp32" for weight in weights.values())
        }

    @contextmanager
    def form(self, recipe: Recipe, nearest: bool = False) -> Iterator[Bundle]:
        """The bundle as the recipe makes it, until the context ends. Raises as `quantize_graph`.

        `nearest` rounds int4 without the inputs of linears: sooner done, and of the same size.
        """
        manifest = self.bundle.manifest
        recipe.check_graphs(manifest.graphs)
        graphs, facts = dict(manifest.graphs), dict(manifest.files)
        with TemporaryDirectory(prefix="trial-", dir=self.work) as temporary:
            folder = Path(temporary).resolve()
            for name in sorted(self.changed(recipe)):
                old = manifest.graphs[name]
                path = folder / f"{name}.onnx"
                rounding = Nearest() if nearest else self.rounding(name, recipe)
                quantize_graph(self.bundle.path(old.files[0]), path, name, recipe, rounding)
                made = [file for file in files(path) if file.exists()]
                # A manifest on disk may not name absolute paths; this one stays in memory. Of several sizes
                # only the default one is tried.
                functions = [each.model_copy(update={"name": str(path)}) for each in old.functions[:1]]
                named = {"files": [str(file) for file in made], "functions": functions}
                graphs[name] = old.model_copy(update={"precision": "mixed", **named})
                for file in old.files:
                    del facts[file]
                facts |= {str(file): FileFacts.of(file) for file in made}
            yield Bundle(self.bundle.folder, manifest.model_copy(update={"graphs": graphs, "files": facts}))

    def damage(self, recipe: Recipe) -> Comparison:
        """What the recipe does to the recorded steps."""
        with self.form(recipe) as form:
            return self.compare(form)

    def compare(self, form: Bundle) -> Comparison:
        """A form beside the bundle. Its own conditioning is run only if its graphs are not the bundle's."""
        steps = BundleSteps(form, self.threads)
        same = all(
            form.manifest.graphs[name] == self.bundle.manifest.graphs[name]
            for name in ("text_encoder", "conditioner")
        )
        return Comparison.of(self.steps, (lambda step: steps.run(step.feed())) if same else steps.repeat)

    def size(self, recipe: Recipe) -> int:
        """Bytes of the bundle as the recipe makes it."""
        with self.form(recipe, nearest=True) as form:
            return size(form)


def size(bundle: Bundle) -> int:
    """Bytes of all its files but the manifest."""
    return sum(facts.size for facts in bundle.manifest.files.values())
