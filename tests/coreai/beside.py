"""One graph on both of Apple's formats: our evaluator on the package, Apple's runtime on the asset.

Both are written from the same module with one function. Torch computes the module too, with the same
compressed weights in float32, so a difference shows which of the two is right.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from export.apple.asset import forms_of, write_asset
from export.apple.calibration import Drawings, Feed, round_weights, run
from export.apple.coreai_bundle import fitted
from export.apple.coreai_weights import Compression
from export.apple.graphs import Dimensions, dimensions_of
from export.apple.package import write_package
from quantize.coreml import in_program
from quantize.coreml_recipe import CoreMLRecipe
from runtime.coreai.engine import AssetFunction
from runtime.coreml.evaluator import Evaluator
from runtime.parity.measures import psnr, storable

Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Difference:
    """Of two sets of outputs: the worst of all tensors."""

    relative: float  # largest difference of float tensors, in parts of the largest value
    psnr: float  # dB, of float tensors
    equal: float  # share of equal values of integer tensors
    levels: int  # largest difference of integer tensors

    @classmethod
    def of(cls, expected: Tensors, found: Tensors) -> "Difference":
        pairs = [(expected[name], found[name]) for name in expected]
        floats = [(one, other) for one, other in pairs if one.dtype.kind == "f"]
        integers = [(one.astype(int), other.astype(int)) for one, other in pairs if one.dtype.kind != "f"]
        return cls(
            max((float(np.abs(one - other).max() / np.abs(one).max()) for one, other in floats), default=0.0),
            min((psnr(one, other) for one, other in floats), default=float("inf")),
            min((float((one == other).mean()) for one, other in integers), default=1.0),
            max((int(np.abs(one - other).max()) for one, other in integers), default=0),
        )

    def figures(self) -> dict[str, float | None]:
        """As a result file has them."""
        return {name: storable(float(value)) for name, value in asdict(self).items()}


class Beside:
    """A graph in a form on both runtimes; `half` computes it in float16 if Core ML does so."""

    def __init__(self, drawn: Drawings, name: str, recipe: CoreMLRecipe, half: bool, folder: Path) -> None:
        """`drawn` has the feeds, which are made once for all forms."""
        self.name, self.recipe, checkpoint = name, recipe, drawn.checkpoint
        self.graph = replace(drawn.graphs[name], half=half and drawn.graphs[name].half)
        self.drawings = Drawings(checkpoint, {**drawn.graphs, name: self.graph})
        self.drawings.texts_of, self.drawings.steps_of = drawn.texts_of, drawn.steps_of
        self.dimensions: Dimensions = dimensions_of(checkpoint, checkpoint.defaults.size, 2)
        package, asset = folder / f"{name}.mlpackage", folder / f"{name}.aimodel"
        functions = {"main": self.dimensions}
        write_package(self.drawings, name, functions, "ios18", recipe, package)
        write_asset(self.drawings, name, functions, recipe, self.graph.half, asset)
        self.evaluator, self.apple = Evaluator(package, "main"), AssetFunction(asset, "main")
        self.codes = round_weights(
            self.drawings, name, self.dimensions, recipe, grouped=True, folder=folder / "codes"
        )

    @cached_property
    def module(self) -> nn.Module:
        """The graph's module, with the weights that both files should have."""
        module = self.drawings.module(self.name, self.dimensions)
        forms = forms_of(module, self.name, self.graph, self.recipe, self.graph.half)
        return Compression(forms, self.codes, half=self.graph.half).apply(module)

    def unequal_weights(self) -> list[str]:
        """The compressed weights that the package does not hold bit for bit."""
        constants = self.evaluator._constants
        forms = forms_of(
            self.drawings.module(self.name, self.dimensions),
            self.name,
            self.graph,
            self.recipe,
            self.graph.half,
        )
        wrong = []
        for parameter in (name for name, form in forms.items() if form not in ("fp16", "fp32")):
            layer, _, attribute = parameter.rpartition(".")
            expected = getattr(self.module.get_submodule(layer), attribute).float().numpy()
            stored = [
                value.float().numpy()
                for name, value in constants.items()
                if name.startswith(in_program(parameter)) and value.numel() == expected.size
            ]
            if not any(np.array_equal(each.reshape(expected.shape), expected) for each in stored):
                wrong.append(parameter)
        return wrong

    def feed(self) -> Feed:
        """What the graph is fed in a step of a drawing, or once."""
        if self.name.startswith("image"):
            feed = dict(self.drawings.steps(self.dimensions)[-1])
            grid = self.dimensions["height"], self.dimensions["width"]
            feed["tokens"] = feed["drawn"].reshape(grid)
            if self.name == "image_encoder":
                decoder = self.drawings.module("image_decoder", self.dimensions)
                drawn = run(self.drawings.graphs["image_decoder"], decoder, feed)
                feed["image"] = drawn["image"].astype(np.int32)
        else:
            feed = dict(self.drawings.fed(self.name, self.dimensions)[-1])
        return fitted(feed, self.graph, self.dimensions)

    def expected(self, feed: Feed) -> Tensors:
        """Outputs of torch."""
        with torch.no_grad():
            return run(self.graph, self.module, feed)

    def outputs(self, feed: Feed) -> tuple[Tensors, Tensors, Tensors]:
        """Of torch, the evaluator and Apple's runtime."""
        return self.expected(feed), self.evaluator.run(feed), self.apple.run(feed)
