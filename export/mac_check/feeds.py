"""What the golden drawing feeds each graph of an iPhone bundle, and in which calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from runtime.bundle import Bundle
from runtime.conditioning import split_steps
from runtime.errors import BundleError
from runtime.feeds import prompt_feed
from runtime.functions import adapted, choose, in_core_ml
from runtime.manifest import ASSET, GoldenTrace, Graph
from runtime.parity.replay import RecordedStep, steps_of_trace

Tensors = dict[str, np.ndarray]


def package(bundle: Bundle, name: str) -> Path:
    """The .mlpackage or .aimodel of a graph. Raises BundleError if it is something else."""
    first = bundle.manifest.graphs[name].files[0]
    folder = first.partition("/")[0]
    if not folder.endswith((".mlpackage", ASSET)):
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
        height, width = self.final.shape
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
        trace = self.trace
        rows = [trace.negative_ids if trace.guidance > 1 else trace.prompt_ids, trace.prompt_ids]
        ids = np.array(rows[-self.rows :], np.int32)
        manifest = self.bundle.manifest
        timestep = manifest.model.timestep
        return prompt_feed(ids, trace.size, trace.steps, manifest.defaults.score, timestep)

    @cached_property
    def steps(self) -> list[RecordedStep]:
        """The steps to repeat, each from the tokens of the trace, whatever was drawn before."""
        return steps_of_trace(self.trace, self.bundle.manifest)

    @property
    def final(self) -> np.ndarray:
        """Finished tokens i32 [H, W]."""
        return np.array(self.trace.final_tokens, np.int32).reshape(self.steps[0].tokens.shape)


def calls(graph: Graph, tensors: Mapping[str, np.ndarray]) -> list[Tensors]:
    """The inputs of a graph as Core ML takes them, one dictionary a call.

    The conditioner takes a fixed number of steps, so it is called several times, and the last call repeats
    the last step to be full. Raises RuntimeError for a tensor that no graph before it gave.
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
