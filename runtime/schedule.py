"""How many tokens stay masked after each step, how random the choice is, and which steps are guided.

The published scheduler (MaskGIT's schedule, arXiv 2202.04200) computes in float32, and near an integer the
rounding decides: the same operations are done here in the same order (equal to golden/mask_lengths.json).
"""

import math

import numpy as np


def mask_ratio(schedule: str, done: int, steps: int) -> np.float32:
    """The share of tokens still masked after `done` of `steps` steps: cos(r pi/2) or 1 - r, in float32."""
    ratio = np.float32(done) / np.float32(steps)
    if schedule == "linear":
        return np.float32(1) - ratio
    angle = ratio * np.float32(math.pi) / np.float32(2)
    # The cosine in float64, rounded: float32 cosines differ by platform in the last bit.
    return np.float32(math.cos(float(angle)))


def mask_length(
    schedule: str, step: int, steps: int, tokens: int, unknown: int, starting_ratio: float = 1.0
) -> int:
    """How many of `unknown` masked tokens are masked again after step `step` (from 0, the last excluded).

    At least one token becomes known and at least one stays masked; if nothing is unknown, nothing is masked.
    `tokens` is the whole grid; `starting_ratio` is the share of it that was masked at the start.
    """
    ratio = np.float32(starting_ratio) * mask_ratio(schedule, step + 1, steps)
    length = int(np.floor(np.float32(tokens) * ratio))
    return min(max(min(length, unknown - 1), 1), unknown)


def in_interval(step: int, steps: int, start: float, end: float) -> bool:
    """Whether step `step` (from 0) of `steps` lies in an interval of shares: start <= step / steps < end.

    The quotient is in float64, so the end of one interval is the start of the next.
    """
    return start <= step / steps < end


def temperatures(steps: int, start: float = 2.0, end: float = 0.0) -> np.ndarray:
    """Linear from `start` to `end` in `steps` values, f32 [N]; bit for bit torch.linspace.

    Each half counts from its own end; product and sum are rounded once, from float64 to float32.
    """
    if steps == 1:
        return np.array([start], np.float32)
    first, last = np.float32(start), np.float32(end)
    step = float((last - first) / np.float32(steps - 1))
    index = np.arange(steps)
    rising = float(first) + step * index
    falling = float(last) - step * (steps - 1 - index)
    return np.where(index < steps // 2, rising, falling).astype(np.float32)
