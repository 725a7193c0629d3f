"""What the golden drawing feeds each graph of a Core ML bundle, step by step.

Steps are teacher-forced: each starts from the tokens of the trace, whatever was drawn before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runtime.bundle import Bundle, GoldenTrace, Graph
from runtime.conditioning import split_steps
from runtime.coreml.functions import adapted, choose, in_core_ml
from runtime.errors import BundleError
from runtime.philox import PhiloxNoise
from runtime.sinusoids import micro_sinusoids, step_sinusoids

Tensors = dict[str, np.ndarray]


def package(bundle: Bundle, name: str) -> Path:
    """The .mlpackage of a graph. Raises BundleError if it is something else."""
    first = bundle.manifest.graphs[name].files[0]
    folder = first.partition("/")[0]
    if not folder.endswith(".mlpackage"):
        raise BundleError(
            f"{bundle.path(first)} is not a Core ML package: name the folder of an iPhone bundle"
        )
    return bundle.path(folder)


@dataclass(frozen=True)
class Golden:
    """A bundle and the trace that was recorded with it."""

    bundle: Bundle
    trace: GoldenTrace

    @property
    def rows(self) -> int:
        """Text rows of the step: 2 with guidance."""
        return 2 if self.trace.guidance > 1 or self.bundle.manifest.two_rows else 1

    def function(self, name: str) -> str | None:
        """The function of a graph that this drawing needs, as Core ML is told it. Raises BundleError."""
        return in_core_ml(choose(name, self.bundle.manifest.graphs[name], self.dimensions()).name)

    def dimensions(self) -> dict[str, int]:
        """What a function's dimensions are called, and are for this drawing."""
        height, width = self.final().shape
        cells = height * width // self.bundle.manifest.model.compression**2
        return {
            "rows": self.rows,
            "height": height,
            "width": width,
            "positions": height * width,
            "cells": cells,
            "stream": self.bundle.manifest.model.text_length + cells,
            "pixel_height": self.trace.size[1],
            "pixel_width": self.trace.size[0],
        }

    def texts(self) -> Tensors:
        """What is known before the first graph runs."""
        guided = self.trace.guidance > 1
        rows = [self.trace.negative_ids if guided else self.trace.prompt_ids, self.trace.prompt_ids]
        return {
            "input_ids": np.array(rows[-self.rows :], np.int32),
            "micro_sinusoids": micro_sinusoids(*self.trace.size, self.bundle.manifest.defaults.score),
            "step_sinusoids": step_sinusoids(self.trace.steps),
        }

    def step(self, i: int, conditions: Mapping[str, np.ndarray]) -> Tensors:
        """Step `i` with context [R, T, D] and modulation [N, R, M] of the conditioner."""
        return {
            "tokens": self.before(i),
            "context": conditions["context"],
            "modulation": conditions["modulation"][self.trace.steps - 1 - i],
            "guidance": np.array(self.trace.guidance, np.float32),
            "uniforms": PhiloxNoise(self.trace.seed).draw(i, len(self.trace.final_tokens)),
        }

    def before(self, i: int) -> np.ndarray:
        """Tokens i32 [H, W] that step `i` starts from."""
        if i:
            return self._grid(self.trace.tokens[i - 1])
        return np.full_like(self.final(), self.bundle.manifest.model.mask_token_id)

    def final(self) -> np.ndarray:
        """Finished tokens i32 [H, W]."""
        return self._grid(self.trace.final_tokens)

    def equal(self, i: int, drawn: np.ndarray) -> tuple[int, int]:
        """Of the tokens that step `i` drew and kept: how many are the trace's, and how many there are.

        The trace does not tell what was drawn where the position was masked again.
        """
        mask = self.bundle.manifest.model.mask_token_id
        after = np.array(self.trace.tokens[i])
        kept = (self.before(i).ravel() == mask) & (after != mask)
        return int(np.count_nonzero(drawn.ravel()[kept] == after[kept])), int(np.count_nonzero(kept))

    def _grid(self, tokens: Sequence[int]) -> np.ndarray:
        width, height = (side // self.bundle.manifest.model.token_size for side in self.trace.size)
        return np.array(tokens, np.int32).reshape(height, width)


def calls(graph: Graph, tensors: Mapping[str, np.ndarray]) -> list[Tensors]:
    """The inputs of a graph as Core ML takes them, one dictionary a call.

    The conditioner takes a fixed number of steps: the last of its several calls is filled up with a copy of
    the last step. Raises RuntimeError for a tensor that no graph before it gave.
    """
    declared = {tensor.name: tensor for tensor in graph.inputs}
    if missing := declared.keys() - tensors.keys():
        raise RuntimeError(f"no {', '.join(sorted(missing))}: a graph before it failed")
    feeds = [{name: tensors[name] for name in declared}]
    if "step_sinusoids" in declared and isinstance(fixed := declared["step_sinusoids"].shape[0], int):
        parts = split_steps(tensors["step_sinusoids"], fixed)
        feeds = [{**feeds[0], "step_sinusoids": part} for part in parts]
    return [
        {name: np.ascontiguousarray(adapted(declared[name], array)) for name, array in feed.items()}
        for feed in feeds
    ]


def joined(outputs: Sequence[Tensors], steps: int) -> Tensors:
    """The outputs of `calls` as those of one: the modulations of `steps` steps, all else from the first."""
    made = dict(outputs[0])
    if "modulation" in made:
        made["modulation"] = np.concatenate([each["modulation"] for each in outputs])[:steps]
    return made
