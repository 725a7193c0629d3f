"""The masked loop: draw every masked token at once, mask the least confident again, repeat.

Pure arithmetic over a `StepFunction` that runs the transformer. Python, Kotlin, Swift and TypeScript hold it
in the same order, under the same names, and give the same tokens:

    Noise            draw, confidence, masking, random_start: the random numbers
    Student          masked, codebook_size: what a one-step student starts from
    Plan             steps, mask_token_id, schedule, start, starting_ratio, temperature, student
    Progress         step, steps, masked, tokens, candidate, preview: after each step, for `on_step`
    starting_step    where an edit starts
    masked_at_start  which tokens image-to-image masks first
    random_tokens    what a student's first pass sees
    draw_tokens      the loop
    mask_least       the tokens to mask again

A position is `unknown` (True) while its token is the mask; no code keeps the opposite flag. `Canvas` (plan,
unknown, pixels, covered) is what a drawing starts from; `Generator` runs it in this order: settle the
request, make the canvas, encode its pixels, condition, run the loop, decode, compose.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from runtime.errors import Cancelled, EngineError
from runtime.schedule import mask_length, mask_ratio, temperatures


class Noise(Protocol):
    """The random numbers of one drawing. `count` is the number of positions."""

    def draw(self, step: int, count: int) -> np.ndarray:
        """Uniforms f32 [2, count] for drawing the codes."""

    def confidence(self, step: int, count: int) -> np.ndarray:
        """Gumbel noise f32 [count]."""

    def masking(self, count: int) -> np.ndarray:
        """Uniforms f32 [count] for the first masks of image-to-image."""

    def random_start(self, count: int) -> np.ndarray:
        """Uniforms f32 [2, count] for a student's start."""


@dataclass(frozen=True)
class Student:
    """A one-step student: its first pass sees random codes where tokens are unknown, and a share of masks."""

    masked: float
    codebook_size: int


@dataclass(frozen=True)
class Plan:
    """What the loop does: steps `start` to `steps` - 1 of a schedule of `steps`."""

    steps: int
    mask_token_id: int
    schedule: str  # "cosine" or "linear"
    start: int = 0
    starting_ratio: float = 1.0  # share of the grid that is masked at the start, for inpainting
    temperature: tuple[float, float] = (2.0, 0.0)  # of the confidence noise, first and last step
    student: Student | None = None


@dataclass(frozen=True)
class Progress:
    """The state after one step."""

    step: int  # from 0
    steps: int
    masked: int  # tokens masked again; 0 after the last step
    tokens: np.ndarray  # i32 [H, W], the input of the next step
    candidate: np.ndarray  # i32 [H, W], every token drawn: `Generator.decode` makes an exact preview of it
    preview: np.ndarray | None = None  # u8 [h, w, 3], a small picture of it; None without a `PreviewTable`


# (step index i, tokens i32 [H, W], uniforms f32 [2, H*W]) -> (drawn i32 [H*W], log_prob f32 [H*W])
StepFunction = Callable[[int, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
# Returns False to stop the drawing.
OnStep = Callable[[Progress], bool | None]


def starting_step(steps: int, strength: float) -> int:
    """The first step of an edit. `strength` (0 to 1) is the share of the steps that run, at least one."""
    return steps - min(max(int(steps * strength), 1), steps)


def masked_at_start(noise: Noise, plan: Plan, count: int) -> np.ndarray:
    """Image-to-image: which of `count` tokens are masked at first, bool [count].

    The probability is the schedule's mask ratio at `plan.start`: 1 at step 0, so all are masked there (the
    published code masks none).
    """
    return noise.masking(count) < mask_ratio(plan.schedule, plan.start, plan.steps)


def random_tokens(codes: np.ndarray, noise: Noise, plan: Plan, student: Student) -> np.ndarray:
    """What a student's first pass sees of codes i32 [S]: unknown ones become random, or stay masked.

    Code = floor(u0 * codebook_size) in float64. Of n unknown positions the floor(masked * n + 1/2) of
    smallest (u1, index) stay masked.
    """
    unknown = codes == plan.mask_token_id
    chosen, order = noise.random_start(codes.size)
    drawn = np.floor(chosen.astype(np.float64) * student.codebook_size).astype(np.int32)
    length = int(np.floor(student.masked * np.count_nonzero(unknown) + 0.5))
    order = np.where(unknown, order, np.float32(np.inf))
    return mask_least(np.where(unknown, drawn, codes), order, length, plan.mask_token_id)


def draw_tokens(
    step: StepFunction, tokens: np.ndarray, noise: Noise, plan: Plan, on_step: OnStep | None = None
) -> np.ndarray:
    """Runs the loop from tokens i32 [H, W] (the mask id where unknown) to the finished tokens i32 [H, W].

    Known tokens never change. Calls `on_step` after each step and raises Cancelled if it returns False.
    Raises EngineError if the step gives a log probability that is NaN or a token outside the codebook.
    """
    codes, count = tokens.reshape(-1), tokens.size
    temperature = temperatures(plan.steps, *plan.temperature)
    for i in range(plan.start, plan.steps):
        unknown = codes == plan.mask_token_id
        if i == 0 and plan.student is not None:
            codes = random_tokens(codes, noise, plan, plan.student)
        drawn, log_prob = step(i, codes.reshape(tokens.shape), noise.draw(i, count))
        _check(drawn, log_prob, plan, i)
        candidate = np.where(unknown, drawn, codes).astype(np.int32)
        masked = 0
        if i < plan.steps - 1:
            left = int(np.count_nonzero(unknown))
            masked = mask_length(plan.schedule, i, plan.steps, count, left, plan.starting_ratio)
        if masked:
            confidence = log_prob + temperature[i] * noise.confidence(i, count)
            confidence[~unknown] = np.inf
            codes = mask_least(candidate, confidence, masked, plan.mask_token_id)
        else:
            codes = candidate
        after, drawing = codes.reshape(tokens.shape), candidate.reshape(tokens.shape)
        if on_step is not None and on_step(Progress(i, plan.steps, masked, after, drawing)) is False:
            raise Cancelled
    return codes.reshape(tokens.shape)


def mask_least(codes: np.ndarray, confidence: np.ndarray, length: int, mask_token_id: int) -> np.ndarray:
    """Codes i32 [S] with the `length` positions of smallest (confidence, index) masked."""
    least = np.argsort(confidence, kind="stable")[:length]
    codes = codes.copy()
    codes[least] = mask_token_id
    return codes


def _check(drawn: np.ndarray, log_prob: np.ndarray, plan: Plan, step: int) -> None:
    if np.isnan(log_prob).any():
        raise EngineError(f"step {step} gave a probability that is not a number: export the bundle again")
    if drawn.min() < 0 or drawn.max() >= plan.mask_token_id:
        raise EngineError(f"step {step} drew a token outside the codebook: export the bundle again")
