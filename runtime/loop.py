"""The masked loop: start from masks, draw every masked token at once, mask the least confident again, repeat.

Pure arithmetic over a `step` that runs the transformer; the same in Python, Kotlin and Swift, token for
token.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from runtime.errors import Cancelled, EngineError
from runtime.schedule import mask_length, mask_ratio, temperatures


class Noise(Protocol):
    """The random numbers of one drawing; `count` is the number of positions."""

    def draw(self, step: int, count: int) -> np.ndarray:
        """Uniforms f32 [2, count] for drawing the codes."""

    def confidence(self, step: int, count: int) -> np.ndarray:
        """Gumbel noise f32 [count]."""

    def masking(self, count: int) -> np.ndarray:
        """Uniforms f32 [count] for the first masks of image-to-image."""


@dataclass(frozen=True)
class Plan:
    """What the loop does: steps `start` .. `steps` - 1 of a schedule of `steps`."""

    steps: int
    mask_token_id: int
    schedule: str  # "cosine" or "linear"
    start: int = 0
    starting_ratio: float = 1.0  # share of the grid that is masked at the start, for inpainting
    temperature: tuple[float, float] = (2.0, 0.0)  # of the confidence noise, first and last step


@dataclass(frozen=True)
class Progress:
    """After one step: `tokens` i32 [H, W] go on, `candidate` i32 [H, W] is the picture as it would be now."""

    step: int  # from 0
    steps: int
    masked: int
    tokens: np.ndarray
    candidate: np.ndarray


# (step index i, tokens i32 [H, W], uniforms f32 [2, H*W]) -> (drawn i32 [H*W], log_prob f32 [H*W])
Step = Callable[[int, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
OnStep = Callable[[Progress], bool | None]


def starting_step(steps: int, strength: float) -> int:
    """The first step of an edit: `strength` (0 to 1) is the share of the steps that are run, at least one."""
    return steps - min(max(int(steps * strength), 1), steps)


def mask_some(tokens: np.ndarray, noise: Noise, plan: Plan) -> np.ndarray:
    """Image-to-image: masks each token i32 [H, W] with the chance the schedule leaves at `plan.start`.

    The whole picture is masked if the loop starts at step 0 (the published code masks nothing there).
    """
    if plan.start == 0:
        return np.full_like(tokens, plan.mask_token_id)
    chance = mask_ratio(plan.schedule, plan.start, plan.steps)
    hit = noise.masking(tokens.size) < chance
    return np.where(hit.reshape(tokens.shape), np.int32(plan.mask_token_id), tokens)


def draw_tokens(
    step: Step, tokens: np.ndarray, noise: Noise, plan: Plan, on_step: OnStep | None = None
) -> np.ndarray:
    """Runs the loop from tokens i32 [H, W] (the mask id where unknown) to the finished tokens i32 [H, W].

    Known tokens never change. `on_step` is called after each step; if it returns False, Cancelled is raised.
    Raises EngineError if the step gives something that is no probability or no token.
    """
    codes, count = tokens.reshape(-1), tokens.size
    warmth = temperatures(plan.steps, *plan.temperature)
    for i in range(plan.start, plan.steps):
        unknown = codes == plan.mask_token_id
        drawn, log_prob = step(i, codes.reshape(tokens.shape), noise.draw(i, count))
        _check(drawn, log_prob, plan, i)
        candidate = np.where(unknown, drawn, codes).astype(np.int32)
        masked = 0
        if i < plan.steps - 1:
            left = int(np.count_nonzero(unknown))
            masked = mask_length(plan.schedule, i, plan.steps, count, left, plan.starting_ratio)
        if masked:
            confidence = log_prob + warmth[i] * noise.confidence(i, count)
            confidence[~unknown] = np.inf
            codes = mask_least(candidate, confidence, masked, plan.mask_token_id)
        else:
            codes = candidate
        after, drawing = codes.reshape(tokens.shape), candidate.reshape(tokens.shape)
        if on_step is not None and on_step(Progress(i, plan.steps, masked, after, drawing)) is False:
            raise Cancelled
    return codes.reshape(tokens.shape)


def mask_least(codes: np.ndarray, confidence: np.ndarray, length: int, mask_token_id: int) -> np.ndarray:
    """Masks the `length` positions of smallest (confidence, index): i32 [S]."""
    least = np.argsort(confidence, kind="stable")[:length]
    codes = codes.copy()
    codes[least] = mask_token_id
    return codes


def _check(drawn: np.ndarray, log_prob: np.ndarray, plan: Plan, step: int) -> None:
    if np.isnan(log_prob).any():
        raise EngineError(f"step {step} gave a probability that is not a number: export the bundle again")
    if drawn.min() < 0 or drawn.max() >= plan.mask_token_id:
        raise EngineError(f"step {step} drew a token outside the codebook: export the bundle again")
