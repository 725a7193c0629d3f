"""How a matrix becomes 4-bit codes: blocks of a column share a scale.

    w ~ (code - zero) * scale,   code and zero in 0 .. 15

`Nearest` rounds each weight to the nearest code of a grid between the block's extremes. `Hqq` moves the grid
first: half-quadratic quantization (Badri and Shaji, 2023) looks for zero points that make the errors small in
the norm 0.7, which forgives a few large ones. `gptq.Gptq` looks at activations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

LEVELS, MIDDLE = 15, 8  # codes 0 .. 15; without zero points 8 stands for 0


@dataclass(frozen=True)
class Blocks:
    """Columns of a matrix [K, N] in blocks of K: B = K / block."""

    codes: np.ndarray  # u8 [N, B, block], 0 .. 15
    scales: np.ndarray  # f32 [N, B]
    zeros: np.ndarray | None = None  # u8 [N, B]; None: 8 everywhere


class Rounding(Protocol):
    """A way of rounding; `zeros` says whether its blocks have zero points."""

    @property
    def zeros(self) -> bool: ...

    def __call__(self, name: str, columns: np.ndarray, block: int) -> Blocks:
        """Rounds columns f32 [K, n] of the weight `name`, a part of all its columns."""
        ...


@dataclass(frozen=True)
class Nearest:
    """Without zero points the weight of largest magnitude of a block becomes code 0, that is -8 * scale."""

    zeros: bool = False

    def __call__(self, name: str, columns: np.ndarray, block: int) -> Blocks:
        blocks = blocks_of(columns, block)
        scales, zeros = grid(blocks, self.zeros)
        codes = encoded(blocks, scales, zeros)
        return Blocks(codes, scales, zeros if self.zeros else None)


@dataclass(frozen=True)
class Hqq:
    """Zero points in 0 .. 15, found without zero's being a code; scales stay those of the extremes."""

    iterations: int = 20
    norm: float = 0.7
    sharpness: float = 10.0  # the paper's beta, and its growth kappa
    growth: float = 1.01
    zeros: bool = True

    def __call__(self, name: str, columns: np.ndarray, block: int) -> Blocks:
        blocks = blocks_of(columns, block)
        scales, zeros = grid(blocks, zeros=True)
        zeros = np.clip(np.rint(self.moved(blocks, scales, zeros)), 0, LEVELS).astype(np.uint8)
        return Blocks(encoded(blocks, scales, zeros), scales, zeros)

    def moved(self, blocks: np.ndarray, scales: np.ndarray, zeros: np.ndarray) -> np.ndarray:
        """Zero points f32 [N, B] of the proximal solver: alternately shrunken errors and their mean shift."""
        inverse = np.divide(np.float32(1), scales, out=np.zeros_like(scales), where=scales != 0)[..., None]
        scaled, scale, zero = blocks * inverse, scales[..., None], zeros[..., None].astype(np.float32)
        beta = np.float32(self.sharpness)
        for _ in range(self.iterations):
            codes = np.clip(np.rint(scaled + zero), 0, LEVELS)
            error = blocks - (codes - zero) * scale
            size = np.abs(error)
            shrunk = np.sign(error) * np.maximum(
                size - (size + np.float32(1e-8)) ** (self.norm - 1) / beta, 0
            )
            zero = (codes - scaled + shrunk * inverse).mean(axis=-1, keepdims=True)
            beta *= np.float32(self.growth)
        return zero[..., 0]


def grid(blocks: np.ndarray, zeros: bool) -> tuple[np.ndarray, np.ndarray]:
    """Scales f32 [...] and zero points u8 [...] of blocks [..., block]: of their extremes."""
    low, high = blocks.min(axis=-1), blocks.max(axis=-1)
    if not zeros:
        scales = np.where(np.abs(high) > np.abs(low), high, low) / np.float32(-MIDDLE)
        return scales, np.full(scales.shape, MIDDLE, np.uint8)
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    scales = (high - low) / np.float32(LEVELS)
    with np.errstate(invalid="ignore"):
        return scales, np.where(scales == 0, 0, np.clip(np.rint(-low / scales), 0, LEVELS)).astype(np.uint8)


def fitted(blocks: np.ndarray) -> np.ndarray:
    """Scales f32 [...] without zero points, of the least squared error: somewhat below those of the extremes,
    of either sign, for the codes reach from -8 to 7.
    """
    extreme, _ = grid(blocks, zeros=False)
    return least_squares(blocks, extreme, (1, 0.95, 0.9, 0.85, 0.8, -1, -0.95, -0.9, -0.85, -0.8))


def least_squares(blocks: np.ndarray, widest: np.ndarray, factors: Sequence[float]) -> np.ndarray:
    """Of the scales f32 [...] `widest` times each factor, those of the least squared error, without zero
    points.
    """
    middle = np.full(widest.shape, MIDDLE, np.uint8)
    best, least = widest, np.full(widest.shape, np.inf, np.float32)
    for factor in factors:
        scales = widest * np.float32(factor)
        errors = (encoded(blocks, scales, middle) - np.float32(MIDDLE)) * scales[..., None] - blocks
        loss = np.einsum("...k,...k->...", errors, errors)
        better = loss < least
        best, least = np.where(better, scales, best), np.where(better, loss, least)
    return best


def encoded(blocks: np.ndarray, scales: np.ndarray, zeros: np.ndarray) -> np.ndarray:
    """The nearest codes u8 [..., block]; the zero point where the scale is 0."""
    inverse = np.divide(np.float32(1), scales, out=np.zeros_like(scales), where=scales != 0)
    return np.clip(np.rint(blocks * inverse[..., None]) + zeros[..., None], 0, LEVELS).astype(np.uint8)


def blocks_of(weight: np.ndarray, block: int) -> np.ndarray:
    """[K, N] -> [N, K / block, block]. Raises ValueError if the block does not divide K."""
    rows, count = weight.shape
    if rows % block:
        raise ValueError(f"block {block} does not divide {rows} rows")
    return np.ascontiguousarray(weight.T).reshape(count, rows // block, block)
