"""How far one result is from another.

Every function takes the reference first. NumPy only; sums in float64.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

BLOCK = 2**20  # values compared at a time
ROWS = 256  # distributions compared at a time


def max_abs(reference: ArrayLike, other: ArrayLike) -> float:
    """Largest absolute difference."""
    return float(max(np.abs(a - b).max() for a, b in _blocks(reference, other)))


def cosine(reference: ArrayLike, other: ArrayLike) -> float:
    """Cosine of the angle between the two as vectors; 1 for two zero vectors."""
    sums = np.sum([(a @ b, a @ a, b @ b) for a, b in _blocks(reference, other)], axis=0)
    norms = float(np.sqrt(sums[1] * sums[2]))
    return float(sums[0]) / norms if norms else float(np.array_equal(reference, other))


def psnr(reference: ArrayLike, other: ArrayLike) -> float:
    """20 log10(max|reference| / RMSE) in dB; infinite when they are equal."""
    rmse = _rmse(reference, other)
    peak = float(max(np.abs(a).max() for a, _ in _blocks(reference, other)))
    if rmse == 0:
        return float("inf")
    return float(20 * np.log10(peak / rmse)) if peak else float("-inf")


def image_psnr(reference: ArrayLike, other: ArrayLike) -> float:
    """PSNR of two 8-bit images in dB against the full scale of 255, whatever the brightest pixel; infinite
    when equal.
    """
    rmse = _rmse(reference, other)
    return float(20 * np.log10(255 / rmse)) if rmse else float("inf")


def agreement(reference: ArrayLike, other: ArrayLike) -> float:
    """Share of equal entries, 0 to 1."""
    a, b = np.asarray(reference), np.asarray(other)
    _same_shape(a, b)
    return float((a == b).mean())


def kl(reference_logits: ArrayLike, other_logits: ArrayLike) -> float:
    """Mean over positions of KL(softmax(reference) || softmax(other)) in nats, logits [..., C]."""
    p, q = np.asarray(reference_logits), np.asarray(other_logits)
    _same_shape(p, q)
    rows = p.reshape(-1, p.shape[-1]), q.reshape(-1, q.shape[-1])
    total = 0.0
    for start in range(0, len(rows[0]), ROWS):
        log_p, log_q = (log_softmax(part[start : start + ROWS]) for part in rows)
        total += float((np.exp(log_p) * (log_p - log_q)).sum())
    return total / len(rows[0])


def kl_per_guidance(kl: float, guidance: float) -> float:
    """A divergence of guided distributions (nats), divided by the guidance.

    Guided logits are u + g (c - u), so errors grow with g, and distributions grow steeper. The same int8
    rounding costs g^1.2 times its unguided divergence on the 64 px stickers and g^1.9 times on random
    weights (`tests.benchmarks.simulated`): dividing by g is the less that can be said, and makes one limit
    serve every checkpoint.
    """
    return kl / max(guidance, 1.0)


def storable(value: float) -> float | None:
    """Six digits; JSON has no infinity, so null stands for the PSNR of equal things."""
    return float(f"{value:.6g}") if abs(value) != float("inf") else None


def log_softmax(logits: ArrayLike) -> np.ndarray:
    """Logits [..., C] -> log probabilities, float64."""
    x = np.asarray(logits, dtype=np.float64)
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def _rmse(reference: ArrayLike, other: ArrayLike) -> float:
    squares = sum(float(np.square(a - b).sum()) for a, b in _blocks(reference, other))
    return float(np.sqrt(squares / np.asarray(reference).size))


def _blocks(reference: ArrayLike, other: ArrayLike) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Both as vectors of float64, a block at a time: logits of a large picture in float64 are 270 MB."""
    a, b = np.asarray(reference), np.asarray(other)
    _same_shape(a, b)
    a, b = a.ravel(), b.ravel()
    for start in range(0, a.size, BLOCK):
        yield a[start : start + BLOCK].astype(np.float64), b[start : start + BLOCK].astype(np.float64)


def _same_shape(a: np.ndarray, b: np.ndarray) -> None:
    # Broadcasting would turn a wrong shape into a wrong figure.
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
