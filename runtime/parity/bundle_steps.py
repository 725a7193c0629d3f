"""A bundle's steps with their guided logits: it records its own drawings and repeats another teacher's.

No checkpoint and no torch, but the package onnx.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from runtime.bundle import Bundle
from runtime.engine import EngineName
from runtime.feeds import embedding_noise
from runtime.generator import Generator
from runtime.parity.logits import open_step
from runtime.parity.replay import RecordedStep, Tensors, draw_from_masks, plan_of, token_grid
from runtime.request import Request, Settings, settle


class BundleSteps:
    """A bundle whose steps give their guided logits too."""

    def __init__(
        self, bundle: Bundle, threads: int = 0, keep: bool = False, engine: EngineName | None = None
    ) -> None:
        """`keep` and `engine`: see Generator. Its methods raise BundleError and EngineError."""
        self.bundle = bundle
        self.generator = Generator(bundle, threads, keep, engine=engine)
        self._threads = threads
        self._conditions: tuple[Settings, dict[str, np.ndarray]] | None = None

    @cached_property
    def last(self) -> Callable[[Tensors], dict[str, np.ndarray]]:
        """The last graph of the chain with its logits, loaded when it is first needed."""
        return open_step(self.bundle, self._threads)

    def run(self, feed: Tensors) -> dict[str, np.ndarray]:
        """The step chain: `drawn` i32 [S], `log_prob` f32 [S] and `logits` f32 [S, C]."""
        tensors = dict(feed)
        for name in self.bundle.manifest.step[:-1]:
            tensors |= self.generator.engine.run(name, tensors)
        return self.last(tensors)

    def conditions(self, settings: Settings) -> dict[str, np.ndarray]:
        """Outputs of the text encoder and the conditioner; those of the last settings are kept."""
        if self._conditions is None or self._conditions[0] != settings:
            self._conditions = settings, self.generator.condition(settings)[0]
        return self._conditions[1]

    def repeat(self, step: RecordedStep) -> dict[str, np.ndarray]:
        """A step of another teacher, with this bundle's own text and conditioning."""
        return self.run(step.feed(self.conditions(step.settings)))

    def draw(self, settings: Settings, on_step: Callable[[RecordedStep], object]) -> None:
        """Draws from text; `on_step` is given each step."""
        model, conditions = self.bundle.manifest.model, self.conditions(settings)

        def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            begun = RecordedStep(
                settings=settings,
                index=i,
                tokens=tokens,
                uniforms=uniforms,
                # A student also draws random codes anew.
                compared=(tokens == model.mask_token_id).ravel() | (i == 0),
                drawn=np.empty(0, np.int32),
                logits=np.empty((0, 0), np.float32),
                conditions=conditions,
                embedding_noise=embedding_noise(model, grid, i, settings.seed),
            )
            found = self.run(begun.feed())
            on_step(replace(begun, drawn=found["drawn"], logits=found["logits"]))
            return found["drawn"], found["log_prob"]

        grid = token_grid(settings, model)
        draw_from_masks(step, grid, plan_of(model, settings.steps), settings.seed)


def record(teacher: BundleSteps, requests: Iterable[Request], every: int = 1) -> Iterator[RecordedStep]:
    """The steps of drawings from text, or every `every`-th of them, in order.

    Those of one drawing are in memory at a time. Raises RequestError.
    """
    for request in requests:
        steps: list[RecordedStep] = []

        def keep(step: RecordedStep, steps: list[RecordedStep] = steps) -> None:
            if step.index % every == every - 1:
                steps.append(step)

        teacher.draw(settle(request, teacher.bundle.manifest), keep)
        yield from steps
