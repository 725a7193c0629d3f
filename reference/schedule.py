"""The masking schedule: how many tokens stay unknown after each step, and which.

The schedule is written here and again in `runtime/schedule.py` on purpose: neither imports the other, so each
checks the other independently. Every runtime does the same arithmetic, so this spells out each operation.
`f32` marks a value rounded to float32. The cosine is computed in float64 and then rounded, because float32
cosines differ between platforms.

    i        step, 0 .. N-1; the model sees t = N-1-i
    ratio    cosine: f32(cos(f32(f32(f32((i+1)/N) * f32(pi)) / 2))),  linear: f32(1 - f32((i+1)/N))
    m        floor(f32(tokens * f32(start * ratio))), at most unknown - 1, at least 1; 0 if none is unknown
    remask   the m unknown positions with the smallest (confidence, index) are masked again
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from reference.errors import RequestError


def mask_ratio(done: int, steps: int, schedule: str = "cosine") -> np.float32:
    """Share of tokens unknown after `done` of `steps` steps: 1 at the start, about 0 at the end."""
    progress = np.float32(done) / np.float32(steps)
    if schedule == "linear":
        return np.float32(1) - progress
    if schedule != "cosine":
        raise RequestError(f"masking schedule {schedule!r} is neither 'cosine' nor 'linear'")
    return np.float32(math.cos(float(progress * np.float32(math.pi) / np.float32(2))))


def mask_length(
    step: int, steps: int, tokens: int, unknown: int, schedule: str = "cosine", starting_ratio: float = 1.0
) -> int:
    """Tokens masked again after step `step` (0 first) of an image of `tokens` tokens, `unknown` unknown.

    `starting_ratio` is the share of the image that was unknown at the start, if the rest is never redrawn;
    else 1.
    """
    ratio = np.float32(starting_ratio) * mask_ratio(step + 1, steps, schedule)
    length = math.floor(np.float32(tokens) * ratio)
    return min(max(min(length, unknown - 1), 1), unknown)


def mask_lengths(
    steps: int,
    tokens: int,
    schedule: str = "cosine",
    starting_ratio: float = 1.0,
    unknown: int | None = None,
    start: int = 0,
) -> list[int]:
    """`mask_length` of each step from start to N-2; the last step masks nothing.

    `unknown` is the number of tokens unknown before step `start`, all of them by default.
    """
    unknown = tokens if unknown is None else unknown
    lengths = []
    for step in range(start, steps - 1):
        unknown = mask_length(step, steps, tokens, unknown, schedule, starting_ratio)
        lengths.append(unknown)
    return lengths


def in_interval(step: int, steps: int, start: float, end: float) -> bool:
    """Whether start <= step / steps < end, with the quotient in float64: the steps that are guided."""
    return start <= step / steps < end


def temperatures(steps: int, temperature: tuple[float, float] | float = (2.0, 0.0)) -> np.ndarray:
    """Weight of the confidence noise in each step, float32 [N]: linear, a single number T means (T, 0.01).

    Bit for bit torch.linspace in float32, as published: each half counts from its own end with an increment
    rounded to float32, and each value is rounded once.
    """
    first, last = (
        np.float32(t) for t in (temperature if isinstance(temperature, tuple) else (temperature, 0.01))
    )
    increment = float((last - first) / np.float32(max(steps - 1, 1)))
    rising = [float(first) + increment * step for step in range(steps)]
    falling = [float(last) - increment * (steps - 1 - step) for step in range(steps)]
    half = max(steps // 2, 1)
    return np.array(rising[:half] + falling[half:], np.float32)


def remask(
    log_prob: Tensor, gumbel: Tensor, temperature: float, known: Tensor, lengths: Sequence[int]
) -> Tensor:
    """The positions that become unknown again: bool [B, S], lengths[b] of them true in row b.

    log_prob and gumbel are f32 [B, S]. known, bool [B, S], marks positions known before the step; they stay,
    because their confidence is infinite. Confidence is log_prob + temperature * gumbel in float32. The sort
    is stable, so ties go to the smaller index.
    """
    confidence = log_prob.float() + np.float32(temperature).item() * gumbel
    confidence = confidence.masked_fill(known, torch.inf)
    rank = confidence.sort(dim=-1, stable=True).indices.argsort(dim=-1)
    return rank < torch.tensor(lengths, device=rank.device).unsqueeze(-1)
