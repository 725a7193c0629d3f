"""How far one result is from another: the same measures in export's verification and in the parity report.

Every function takes the reference first. NumPy only; sums in float64.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Limit:
    """The worst value a figure may have; see `at_least` and `at_most`."""

    figure: str
    worst: float
    higher_is_better: bool

    def holds(self, value: float) -> bool:
        # Written so that NaN fails.
        return value >= self.worst if self.higher_is_better else value <= self.worst


def at_least(figure: str, worst: float) -> Limit:
    """A figure that must not fall below `worst`."""
    return Limit(figure, worst, higher_is_better=True)


def at_most(figure: str, worst: float) -> Limit:
    """A figure that must not rise above `worst`."""
    return Limit(figure, worst, higher_is_better=False)


def max_abs(reference: ArrayLike, other: ArrayLike) -> float:
    """Largest absolute difference."""
    a, b = _pair(reference, other)
    return float(np.abs(a - b).max())


def cosine(reference: ArrayLike, other: ArrayLike) -> float:
    """Cosine of the angle between the two as vectors; 1 for two zero vectors."""
    a, b = (x.ravel() for x in _pair(reference, other))
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norms if norms else float(np.array_equal(a, b))


def psnr(reference: ArrayLike, other: ArrayLike) -> float:
    """20 log10(max|reference| / RMSE) in dB; infinite when they are equal."""
    a, b = _pair(reference, other)
    rmse = float(np.sqrt(np.square(a - b).mean()))
    peak = float(np.abs(a).max())
    if rmse == 0:
        return float("inf")
    return float(20 * np.log10(peak / rmse)) if peak else float("-inf")


def image_psnr(reference: ArrayLike, other: ArrayLike) -> float:
    """PSNR of two 8-bit images in dB against the full scale of 255, whatever the brightest pixel; infinite
    when equal.
    """
    a, b = _pair(reference, other)
    rmse = float(np.sqrt(np.square(a - b).mean()))
    return float(20 * np.log10(255 / rmse)) if rmse else float("inf")


def agreement(reference: ArrayLike, other: ArrayLike) -> float:
    """Share of equal entries, 0 to 1."""
    a, b = np.asarray(reference), np.asarray(other)
    _same_shape(a, b)
    return float((a == b).mean())


def kl(reference_logits: ArrayLike, other_logits: ArrayLike) -> float:
    """Mean over positions of KL(softmax(reference) || softmax(other)) in nats, logits [..., C]."""
    a, b = _pair(reference_logits, other_logits)
    log_p, log_q = log_softmax(a), log_softmax(b)
    return float((np.exp(log_p) * (log_p - log_q)).sum(axis=-1).mean())


def storable(value: float) -> float | None:
    """Six digits; JSON has no infinity, so null stands for the PSNR of equal things."""
    return float(f"{value:.6g}") if abs(value) != float("inf") else None


def log_softmax(logits: ArrayLike) -> np.ndarray:
    """Logits [..., C] -> log probabilities, float64."""
    x = np.asarray(logits, dtype=np.float64)
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def _pair(reference: ArrayLike, other: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(reference, dtype=np.float64), np.asarray(other, dtype=np.float64)
    _same_shape(a, b)
    return a, b


def _same_shape(a: np.ndarray, b: np.ndarray) -> None:
    # Broadcasting would turn a wrong shape into a wrong figure.
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
