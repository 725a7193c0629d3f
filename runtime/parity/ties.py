"""Whether a token that differs from the reference's is a rounding tie of the two-level draw.

A code k of block b is drawn when the first uniform falls into b's interval of the cumulative distribution of
blocks and the second into k's interval of the cumulative distribution within b (`reference.inverse_cdf`). In
float64, from the reference's own logits, `outside` is how far the uniforms lie outside the intervals of the
code that the bundle drew: 0 where the exact reference would have drawn it too, else the probability by which
a uniform would have to move. It is a tie if rounding can have moved the boundary that far, that is if

    outside <= arithmetic(C) + tanh(e / 2),    e = min(logit error here, ROUNDING * largest |logit| here)

Both terms are worst cases, so a difference within them is explained and one beyond them is not rounding:

- `arithmetic`: the draw itself is computed in float32. A sum of n positive terms has a relative error of at
  most n units of 2^-24; a cumulative sum of blocks has C/size + size terms, each an exponential with an error
  of at most 36 units (32 from its rounded argument, which for a block that a 24-bit uniform can reach is
  above -32; 4 from the function); numerator and denominator may err in opposite directions, the product with
  the uniform by one unit more.
- If no logit is off by more than e, up to a constant common to all codes (which no draw sees), a cumulative
  probability F becomes at most F exp(e) / (F exp(e) + (1-F) exp(-e)), off by at most tanh(e / 2).

The logit error is measured at the position, and counts only as far as rounding goes: weights that differ,
quantized ones too, give larger errors, the cap holds, and their differences are not ties.
"""

import math
from dataclasses import dataclass

import numpy as np

from reference.inverse_cdf import block_size
from runtime.parity.measures import ROWS

UNIT = 2.0**-24  # half the spacing of float32 numbers at 1: the error of one rounding
# A thousand roundings, relative to the largest guided logit of the position. Float32 bundles are up to a
# hundred roundings off, int8 ones up to millions.
ROUNDING = 1024 * UNIT
EXPONENTIAL = 36


@dataclass(frozen=True)
class Difference:
    """One position where the bundle drew another code than the reference."""

    step: int
    position: int  # row-major
    reference: int
    bundle: int
    outside: float  # probability by which the uniforms miss the bundle's code, of the reference's logits
    tolerance: float  # how much of that is rounding
    logit_error: float  # relative to the largest logit

    @property
    def tie(self) -> bool:
        return self.outside <= self.tolerance


def outside(logits: np.ndarray, uniforms: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Distance of uniforms [2, n] from the intervals of codes [n] under logits [n, C]: f64 [n], 0 inside.

    The larger of the two levels' distances, in probability.
    """
    size = block_size(logits.shape[-1])
    rows, u = np.arange(len(logits)), uniforms.astype(np.float64)
    exact = logits.astype(np.float64)
    weights = np.exp(exact - exact.max(axis=-1, keepdims=True)).reshape(len(logits), -1, size)
    block, code = drawn // size, drawn % size
    of_block = _outside_interval(weights.sum(axis=-1), block, u[0])
    return np.maximum(of_block, _outside_interval(weights[rows, block], code, u[1]))


def _outside_interval(weights: np.ndarray, chosen: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Distance of a uniform [n] from the interval of entry [n] in the cumulative sum of weights [n, m]."""
    bounds = np.cumsum(weights, axis=-1)
    total = bounds[:, -1:]
    shares = np.divide(bounds, total, out=np.zeros_like(bounds), where=total > 0)
    bounds = np.pad(shares, ((0, 0), (1, 0)))
    rows = np.arange(len(weights))
    distance = np.maximum(bounds[rows, chosen] - uniform, uniform - bounds[rows, chosen + 1])
    # Nothing can be drawn from weights that are all zero, wherever the uniform lies.
    return np.where(total[:, 0] > 0, np.maximum(distance, 0), 1.0)


def arithmetic(codes: int) -> float:
    """How far float32 may move a boundary of the draw from `codes` codes, in probability."""
    size = block_size(codes)
    return (2 * (size + codes // size + EXPONENTIAL) + 1) * UNIT


def logit_error(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Largest error of logits [n, C] after the best common shift: f64 [n], the half width of their range."""
    return np.ptp(other.astype(np.float64) - reference, axis=-1) / 2


def differences(
    step: int,
    masked: np.ndarray,
    logits: tuple[np.ndarray, np.ndarray],
    uniforms: np.ndarray,
    drawn: tuple[np.ndarray, np.ndarray],
) -> list[Difference]:
    """The masked positions (bool [S]) where the two draws differ.

    `logits` f32 [S, C] and `drawn` [S] are pairs (reference, bundle); uniforms f32 [2, S].
    """
    at = np.flatnonzero(masked & (drawn[0] != drawn[1]))
    if not len(at):
        return []
    reference, bundle = logits[0][at], logits[1][at]
    distances = outside(reference, uniforms[:, at], drawn[1][at])
    errors = logit_error(reference, bundle)
    scale = np.maximum(np.abs(reference).max(axis=-1).astype(np.float64), 1e-30)
    base = arithmetic(reference.shape[-1])
    return [
        Difference(
            step=step,
            position=int(position),
            reference=int(drawn[0][position]),
            bundle=int(drawn[1][position]),
            outside=float(distance),
            tolerance=base + math.tanh(min(error, ROUNDING * largest) / 2),
            logit_error=float(error / largest),
        )
        for position, distance, error, largest in zip(at, distances, errors, scale, strict=True)
    ]


def misdrawn(logits: np.ndarray, uniforms: np.ndarray, drawn: np.ndarray) -> int:
    """How many codes [n] are not what the uniforms [2, n] draw from logits [n, C], rounding allowed.

    Of the bundle's own logits, whatever their precision, this must be none: the draw stays in float32.
    """
    wrong = 0
    for start in range(0, len(logits), ROWS):  # in float64 the logits of a large picture are 270 MB
        part = slice(start, start + ROWS)
        right = outside(logits[part], uniforms[:, part], drawn[part]) <= arithmetic(logits.shape[-1])
        wrong += int(np.count_nonzero(~right))  # so that NaN counts
    return wrong
