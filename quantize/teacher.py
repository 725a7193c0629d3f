"""A float bundle as the teacher of its quantized forms.

The teacher draws. At every step of its drawings a quantized bundle, or graph, draws from the same tokens and
uniforms, and is held against the teacher's guided logits and drawn codes. No checkpoint and no torch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from runtime import measures
from runtime.bundle import Bundle
from runtime.generator import Generator
from runtime.loop import Plan, draw_tokens
from runtime.parity.logits import open_step
from runtime.philox import PhiloxNoise
from runtime.request import Request, Settings, settle

PROMPTS = (
    "a red cat on a blue background",
    "two yellow stars",
    "a small green house under the moon",
    "a purple fish and an orange apple",
)

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Step:
    """One step of a drawing of the teacher. Of its S = H*W positions, n are masked."""

    settings: Settings  # of the whole drawing
    index: int  # from 0
    tensors: dict[str, np.ndarray]  # what the step chain was fed
    masked: np.ndarray  # bool [S]
    drawn: np.ndarray  # i32 [n], of the masked positions
    logits: np.ndarray  # f32 [n, C], guided, of the masked positions


class Drawer:
    """A bundle whose steps give their guided logits too."""

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        """Raises BundleError, EngineError."""
        self.bundle = bundle
        self.generator = Generator(bundle, threads)
        self.before = bundle.manifest.step[:-1]
        self.last = open_step(bundle, threads)
        self._conditioned: tuple[Settings, dict[str, np.ndarray]] | None = None

    def step(self, tensors: Tensors) -> dict[str, np.ndarray]:
        """The step chain: `drawn` i32 [S], `log_prob` f32 [S] and `logits` f32 [S, C]."""
        fed = dict(tensors)
        for name in self.before:
            fed |= self.generator.engine.run(name, fed)
        return self.last(fed)

    def repeat(self, step: Step) -> dict[str, np.ndarray]:
        """A step of another bundle's drawing, with this one's own text and conditioning."""
        return self.step(step.tensors | self.conditioning(step.settings, step.index))

    def conditioning(self, settings: Settings, index: int) -> dict[str, np.ndarray]:
        """`context` and the step's `modulation`; those of the last settings asked for are kept."""
        if self._conditioned is None or self._conditioned[0] != settings:
            self._conditioned = settings, self.generator.condition(settings)[0]
        made = self._conditioned[1]
        return {
            "context": made["context"],
            "modulation": made["modulation"][settings.steps - 1 - index],
        }


def record(teacher: Drawer, requests: Iterable[Request]) -> Iterator[Step]:
    """The steps of drawings from text, in order; those of one drawing are in memory at a time.

    Raises RequestError.
    """
    for request in requests:
        yield from drawing(teacher, settle(request, teacher.bundle.manifest))


def drawing(teacher: Drawer, settings: Settings) -> list[Step]:
    """The steps of one drawing."""
    model = teacher.bundle.manifest.model
    steps: list[Step] = []

    def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tensors = {
            "tokens": tokens,
            "uniforms": uniforms,
            "guidance": np.array(settings.guidance, np.float32),
            **teacher.conditioning(settings, i),
        }
        found = teacher.step(tensors)
        masked = (tokens == model.mask_token_id).ravel()
        steps.append(Step(settings, i, tensors, masked, found["drawn"][masked], found["logits"][masked]))
        return found["drawn"], found["log_prob"]

    width, height = (side // model.token_size for side in settings.size)
    plan = Plan(settings.steps, model.mask_token_id, model.masking_schedule)
    draw_tokens(
        step, np.full((height, width), model.mask_token_id, np.int32), PhiloxNoise(settings.seed), plan
    )
    return steps


@dataclass
class Damage:
    """What quantization does to the steps of a teacher, over their masked positions."""

    positions: int = 0
    same: int = 0  # drawn the same code
    nats: float = 0.0  # sum of KL(teacher || other) of the guided distributions

    @property
    def agreement(self) -> float:
        return self.same / self.positions

    @property
    def kl(self) -> float:
        """Nats a position."""
        return self.nats / self.positions

    def add(self, step: Step, found: Tensors) -> None:
        """`found`: what the other gives for the step, `drawn` i32 [S] and `logits` f32 [S, C]."""
        count = len(step.drawn)
        self.positions += count
        self.same += int((found["drawn"][step.masked] == step.drawn).sum())
        self.nats += max(measures.kl(step.logits, found["logits"][step.masked]), 0.0) * count


def damage(steps: Iterable[Step], other: Callable[[Step], Tensors]) -> Damage:
    """`other` repeats a step: `Drawer.repeat` of a bundle, or a graph alone on `Step.tensors`."""
    found = Damage()
    for step in steps:
        found.add(step, other(step))
    return found
