"""The calibration set of an iPhone bundle: what its graphs are fed in a few drawings.

It decides the rounding of int4 and palettes (`quantize.gptq`) and the ranges of 8-bit activations
(`activations`). The exported modules draw themselves, in float32, because coremltools runs a model on a Mac
only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from tqdm import tqdm

from export.apple.graphs import AppleGraph, Dimensions, step_of
from export.build_manifest import model_facts
from export.sizes import Size
from quantize.coreml import (
    BLOCK,
    PALETTE_BITS,
    SMALLEST,
    Form,
    Weight,
    check_fit,
    in_program,
    outputs_a_palette,
)
from quantize.coreml_codes import Codes
from quantize.coreml_int4 import positive, signed
from quantize.coreml_palettes import k_means, rounded_to
from quantize.coreml_recipe import CoreMLRecipe
from quantize.gptq import Gptq
from quantize.gptq_moments import CALIBRATION_PROMPTS, POSITIONS, groups_of
from reference.checkpoint import Checkpoint
from reference.request import AESTHETIC_SCORE
from reference.text import tokenize
from runtime.feeds import prompt_feed, step_feed
from runtime.manifest import IMAGE_GRAPHS
from runtime.parity.replay import draw_from_masks, plan_of

STEPS = 4  # of a drawing

Feed = dict[str, np.ndarray]


@dataclass
class Drawings:
    """Drawings of a checkpoint with guidance, so of two text rows; made once a size, when first needed."""

    checkpoint: Checkpoint
    graphs: Mapping[str, AppleGraph]
    texts_of: dict[Size, list[Feed]] = field(default_factory=dict, init=False)
    steps_of: dict[Size, list[Feed]] = field(default_factory=dict, init=False)

    def fed(self, name: str, dimensions: Dimensions) -> list[Feed]:
        """All tensors by name that graph `name` could be fed, one dictionary a run; of pictures of that size.

        For any graph but those of images.
        """
        return self.steps(dimensions) if name in step_of(self.graphs) else self.texts(dimensions)

    def texts(self, dimensions: Dimensions) -> list[Feed]:
        """Of the graphs that run once a prompt, with their outputs."""
        size = dimensions["pixel_width"], dimensions["pixel_height"]
        if size not in self.texts_of:
            checkpoint = self.checkpoint
            prompts = CALIBRATION_PROMPTS[: max(1, POSITIONS // (STEPS * dimensions["positions"]))]
            ids = tokenize(checkpoint.tokenizer, ["", *prompts])[0].int().numpy()
            steps = checkpoint.defaults.steps
            timestep = checkpoint.transformer.config.timestep
            feeds: list[Feed] = [
                prompt_feed(np.stack([ids[0], row]), size, steps, AESTHETIC_SCORE, timestep)
                for row in ids[1:]
            ]
            for name in ("text_encoder", "conditioner"):
                module = self.module(name, dimensions)
                for feed in feeds:
                    feed |= run(self.graphs[name], module, feed)
            self.texts_of[size] = feeds
        return self.texts_of[size]

    def steps(self, dimensions: Dimensions) -> list[Feed]:
        """Of the step chain, with all tensors between its graphs.

        Each step has the conditioning of the usual drawing at the same share of its steps.
        """
        size = dimensions["pixel_width"], dimensions["pixel_height"]
        if size not in self.steps_of:
            checkpoint, usual = self.checkpoint, self.checkpoint.defaults.steps
            texts, guidance = self.texts(dimensions), max(checkpoint.defaults.guidance, 2)
            chain = {name: self.module(name, dimensions) for name in step_of(self.graphs)}
            plan = plan_of(model_facts(checkpoint), STEPS)
            grid = dimensions["height"], dimensions["width"]
            feeds: list[Feed] = []
            for seed, text in enumerate(texts):

                def step(
                    i: int, tokens: np.ndarray, uniforms: np.ndarray, text: Feed = text
                ) -> tuple[np.ndarray, np.ndarray]:
                    fed: Feed = step_feed(text, usual - 1 - i * usual // STEPS, tokens, uniforms, guidance)
                    fed["guidance"] = fed["guidance"].reshape(1)  # Core ML has no scalars
                    for name, module in chain.items():
                        fed |= run(self.graphs[name], module, fed)
                    feeds.append(fed)
                    return fed["drawn"], fed["log_prob"]

                draw_from_masks(step, grid, plan, seed)
            self.steps_of[size] = feeds
        return self.steps_of[size]

    def module(self, name: str, dimensions: Dimensions) -> nn.Module:
        """What is exported as graph `name`."""
        graph = self.graphs[name]
        with self.checkpoint.loaded(graph.part):
            return graph.build(dimensions).eval()


def of_rows(feed: Feed, rows: int) -> Feed:
    """The feed of a step with the last `rows` of its text rows; the prompt's is the last."""
    return feed | {name: feed[name][-rows:] for name in ("context", "modulation")}


@torch.no_grad()
def run(graph: AppleGraph, module: nn.Module, feed: Feed) -> Feed:
    """The outputs of a graph's module by name."""
    made = module(*(torch.from_numpy(feed[name]) for name in graph.inputs))
    made = made if isinstance(made, tuple) else (made,)
    return {name: value.numpy() for name, value in zip(graph.outputs, made, strict=True)}


def round_weights(
    drawings: Drawings, name: str, dimensions: Dimensions, recipe: CoreMLRecipe, grouped: bool, folder: Path
) -> Codes:
    """Codes of the layers of graph `name` that are to be int4 or palettes, by what they are fed.

    They are kept in `folder`. There are none of a graph of images, which is not fed. `grouped`: as in
    `quantize.coreml.compress`. Raises RecipeError for a block or group that does not divide.
    """
    codes, graph = Codes(folder), drawings.graphs[name]
    if name in IMAGE_GRAPHS:
        return codes
    with FakeTensorMode(allow_non_fake_inputs=True):  # before anything is drawn
        if not list(rounded_layers(graph.build(dimensions), name, recipe, grouped, graph.half)):
            return codes
    feeds = drawings.fed(name, dimensions)
    module = drawings.module(name, dimensions)
    layers = list(rounded_layers(module, name, recipe, grouped, graph.half))
    found = moments(graph, module, {layer.name: layer.layer for layer in layers}, feeds)
    int4 = Gptq(found, kind="free", free=positive)
    for weight, layer, form in tqdm(layers, desc="rounding", unit="weight", leave=False, disable=None):
        rows = layer.weight.detach().flatten(1).numpy()
        if form == "int4":
            blocks = int4(weight, rows.T, BLOCK)
            codes.save(weight, signed(blocks), blocks.scales)
        else:
            shared = outputs_a_palette(form, grouped) or len(rows)
            values = k_means(rows, PALETTE_BITS[form], len(rows) // shared)
            codes.save(weight, rounded_to(values, rows, found[weight]), values)
    return codes


class Rounded(NamedTuple):
    """A linear or 1x1 convolution whose rounding goes by what it is fed."""

    name: str  # of its weight in the program
    layer: nn.Linear | nn.Conv2d
    form: Form


def rounded_layers(
    module: nn.Module, graph: str, recipe: CoreMLRecipe, grouped: bool, half: bool
) -> Iterator[Rounded]:
    """The layers that are to be int4 or palettes."""
    for path, layer in module.named_modules():
        if isinstance(layer, nn.Linear | nn.Conv2d) and layer.weight.numel() > SMALLEST:
            name = in_program(f"{path}.weight")
            form = recipe.form(graph, name, "linear")
            if form == "int4" or form in PALETTE_BITS:
                check_fit(Weight(name, "linear", tuple(layer.weight.shape)), form, grouped, half)
                yield Rounded(name, layer, form)


def moments(
    graph: AppleGraph, module: nn.Module, layers: Mapping[str, nn.Module], feeds: Sequence[Feed]
) -> dict[str, np.ndarray]:
    """Sums of x^T x of what each layer reads, f32 [G, K / G, K / G] by weight: see `quantize.gptq`."""
    sums: dict[str, Tensor] = {}

    def watch(name: str, layer: nn.Module) -> Any:
        def add(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            x = arguments[0].movedim(1, -1) if isinstance(layer, nn.Conv2d) else arguments[0]
            groups = groups_of(x.shape[-1])
            parts = x.reshape(-1, groups, x.shape[-1] // groups).transpose(0, 1)  # [G, n, K / G]
            moment = parts.transpose(1, 2) @ parts
            sums[name] = sums[name].add_(moment) if name in sums else moment

        return layer.register_forward_pre_hook(add)

    hooks = [watch(name, layer) for name, layer in layers.items()]
    for feed in feeds:
        run(graph, module, feed)
    for hook in hooks:
        hook.remove()
    return {name: moment.numpy() for name, moment in sums.items()}
