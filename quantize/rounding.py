"""How a matrix becomes 4-bit codes: blocks of a column share a scale.

    w ~ (code - zero) * scale,   code and zero in 0 .. 15

`Nearest` rounds each weight to the nearest code.
"""

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
