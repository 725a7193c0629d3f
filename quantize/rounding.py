"""How a matrix becomes 4-bit codes: the weights of a block of a column share a scale.

    w ~ (code - 8) * scale,   code in 0 .. 15

There are two kinds of scales. In `units` a column has one float unit, each scale is a whole number of
sixteenths of it, and weights are rounded to whole units, so that the column is one of int8 weights. `free`
scales are any float.

`Nearest` rounds each weight to the nearest code; `gptq.Gptq` takes activations into account.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

LEVELS, MIDDLE = 15, 8  # codes 0 .. 15; 8 stands for 0

# Scales are -127 to 127 sixteenths of a unit, so weights are -64 to 64 units. A product of two such weights
# with U8 inputs fits in 16 bits, in which x86 processors without VNNI add: 2 * 255 * 64 = 32 640.
PARTS, MOST = 16, 127

# Tried multiples of the scale that reaches a block's extreme.
FACTORS = (1, 0.95, 0.9, 0.85, 0.8, -1, -0.95, -0.9, -0.85, -0.8)

# The same for a whole column, whose extreme is rarer.
COLUMN_FACTORS = (1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)

Kind = Literal["units", "free"]


@dataclass(frozen=True)
class Blocks:
    """Columns of a matrix [K, N] in blocks of K: B = K / block."""

    codes: np.ndarray  # u8 [N, B, block], 0 .. 15
    scales: np.ndarray  # f32 [N, B]
    units: np.ndarray | None = None  # f32 [N]; scales are then in units, and weights are whole units


class Rounding(Protocol):
    """A way of rounding."""

    @property
    def kind(self) -> Kind: ...

    def __call__(self, name: str, columns: np.ndarray, block: int) -> Blocks:
        """Round columns f32 [K, n] of the weight `name`, a part of all its columns."""
        ...


@dataclass(frozen=True)
class Nearest:
    """With free scales, the weight of largest magnitude in a block becomes code 0, which is -8 * scale."""

    kind: Kind = "units"

    def __call__(self, name: str, columns: np.ndarray, block: int) -> Blocks:
        blocks = blocks_of(columns, block)
        if self.kind == "free":
            scales = extreme_scales(blocks)
            return Blocks(encoded(blocks, scales), scales)
        units = units_of(blocks)
        blocks = blocks / units[:, None, None]
        scales = sixteenths(blocks)
        return Blocks(encoded(blocks, scales), scales, units)


def extreme_scales(blocks: np.ndarray) -> np.ndarray:
    """Scales f32 [...] of blocks [..., block] for which code 0 is the weight of largest magnitude."""
    low, high = blocks.min(axis=-1), blocks.max(axis=-1)
    return np.where(np.abs(high) > np.abs(low), high, low) / np.float32(-MIDDLE)


def fitted(blocks: np.ndarray) -> np.ndarray:
    """Free scales f32 [...] with the least squared error, a little below those of the extremes.

    They have either sign, because codes reach from -8 to 7.
    """
    extreme = extreme_scales(blocks)
    return least_squares(blocks, (extreme * np.float32(factor) for factor in FACTORS))


def column_scales(weight: np.ndarray) -> np.ndarray:
    """Positive scales f32 [N] of columns [K, N] with the least squared error."""
    most = np.abs(weight).max(axis=0)
    reached = np.where(most == 0, 1, most / np.float32(LEVELS - MIDDLE)).astype(np.float32)
    found = least_squares(weight.T, (reached * np.float32(factor) for factor in COLUMN_FACTORS))
    return np.where(found == 0, reached, found)


def units_of(blocks: np.ndarray) -> np.ndarray:
    """Units f32 [N] of columns [N, B, block]: code -8 at the largest scale is the largest weight."""
    most = np.abs(blocks).max(axis=(1, 2))
    return np.where(most == 0, 1, most / np.float32(MIDDLE * MOST / PARTS))


def sixteenths(blocks: np.ndarray) -> np.ndarray:
    """Scales f32 [...] of blocks [..., block] in units: the whole sixteenths with the least squared error."""
    extreme = extreme_scales(blocks)
    candidates = (
        np.clip(np.rint(extreme * np.float32(factor * PARTS)), -MOST, MOST) / np.float32(PARTS)
        for factor in FACTORS
    )
    return least_squares(blocks, candidates, np.rint)


def least_squares(
    blocks: np.ndarray,
    candidates: Iterable[np.ndarray],
    kept: Callable[[np.ndarray], np.ndarray] = lambda weights: weights,
) -> np.ndarray:
    """The candidate scales f32 [...] with the least squared error, block by block.

    `kept` rounds the weights that the codes stand for as they will be stored.
    """
    best, least = np.zeros(blocks.shape[:-1], np.float32), np.full(blocks.shape[:-1], np.inf, np.float32)
    for scales in candidates:
        inverse = np.divide(np.float32(1), scales, out=np.zeros_like(scales), where=scales != 0)
        codes = np.clip(np.rint(blocks * inverse[..., None]), -MIDDLE, LEVELS - MIDDLE)
        errors = kept(codes * scales[..., None]) - blocks
        loss = np.einsum("...k,...k->...", errors, errors)
        better = loss < least
        best, least = np.where(better, scales, best), np.where(better, loss, least)
    return best


def encoded(blocks: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """The nearest codes u8 [..., block]; MIDDLE where the scale is 0."""
    inverse = np.divide(np.float32(1), scales, out=np.zeros_like(scales), where=scales != 0)
    return np.clip(np.rint(blocks * inverse[..., None]) + MIDDLE, 0, LEVELS).astype(np.uint8)


def blocks_of(weight: np.ndarray, block: int) -> np.ndarray:
    """[K, N] -> [N, K / block, block]. Raises ValueError if the block does not divide K."""
    rows, count = weight.shape
    if rows % block:
        raise ValueError(f"block {block} does not divide {rows} rows")
    return np.ascontiguousarray(weight.T).reshape(count, rows // block, block)
