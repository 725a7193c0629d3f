"""How a matrix becomes 4-bit codes: blocks of a column share a scale.

    w ~ (code - zero) * scale,   code and zero in 0 .. 15

Of three kinds: with `units` a column has a unit, scales are sixteenths of it and weights whole multiples, so
that the column is one of int8 weights; with `free` scales they are any number; with `zeros` blocks have zero
points besides.

`Nearest` rounds each weight to the nearest code. `Hqq` moves the zero points first: half-quadratic
quantization (Badri and Shaji, 2023) looks for those that make the errors small in the norm 0.7, which
forgives a few large ones. `gptq.Gptq` looks at activations.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

LEVELS, MIDDLE = 15, 8  # codes 0 .. 15; without zero points 8 stands for 0

# Scales in units: -127 to 127 sixteenths, so that weights are -64 to 64 units. Products of two such weights
# with U8 inputs add up in 16 bits, as x86 processors without VNNI add them: 2 * 255 * 64 = 32 640.
PARTS, MOST = 16, 127

# Of the scale that reaches a block's extreme, those that are tried.
FACTORS = (1, 0.95, 0.9, 0.85, 0.8, -1, -0.95, -0.9, -0.85, -0.8)

Kind = Literal["units", "free", "zeros"]


@dataclass(frozen=True)
class Blocks:
    """Columns of a matrix [K, N] in blocks of K: B = K / block."""

    codes: np.ndarray  # u8 [N, B, block], 0 .. 15
    scales: np.ndarray  # f32 [N, B]
    zeros: np.ndarray | None = None  # u8 [N, B]; None: 8 everywhere
    units: np.ndarray | None = None  # f32 [N]; scales are then sixteenths in units, weights rounded to them


class Rounding(Protocol):
    """A way of rounding."""

    @property
    def kind(self) -> Kind: ...

    def __call__(self, name: str, columns: np.ndarray, block: int) -> Blocks:
        """Rounds columns f32 [K, n] of the weight `name`, a part of all its columns."""
        ...


@dataclass(frozen=True)
class Nearest:
    """With free scales the weight of largest magnitude of a block becomes code 0, that is -8 * scale."""

    kind: Kind = "units"

    def __call__(self, name: str, columns: np.ndarray, block: int) -> Blocks:
        blocks = blocks_of(columns, block)
        if self.kind == "units":
            units = units_of(blocks)
            blocks = blocks / units[:, None, None]
            scales = sixteenths(blocks)
            return Blocks(encoded(blocks, scales), scales, None, units)
        scales, zeros = grid(blocks, self.kind == "zeros")
        return Blocks(encoded(blocks, scales, zeros), scales, zeros if self.kind == "zeros" else None)


@dataclass(frozen=True)
class Hqq:
    """Zero points in 0 .. 15, found without zero's being a code; scales stay those of the extremes."""

    iterations: int = 20
    norm: float = 0.7
    sharpness: float = 10.0  # the paper's beta, and its growth kappa
    growth: float = 1.01
    kind: Kind = "zeros"

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
    """Free scales f32 [...] of the least squared error: somewhat below those of the extremes, of either sign,
    for the codes reach from -8 to 7.
    """
    extreme, _ = grid(blocks, zeros=False)
    return least_squares(blocks, (extreme * np.float32(factor) for factor in FACTORS))


def units_of(blocks: np.ndarray) -> np.ndarray:
    """Units f32 [N] of columns [N, B, block]: code -8 at the largest scale is the largest weight."""
    most = np.abs(blocks).max(axis=(1, 2))
    return np.where(most == 0, 1, most / np.float32(MIDDLE * MOST / PARTS))


def sixteenths(blocks: np.ndarray) -> np.ndarray:
    """Scales f32 [...] of blocks [..., block] in units: the whole parts of the least squared error."""
    extreme, _ = grid(blocks, zeros=False)
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
    """Of candidate scales f32 [...] those of the least squared error, block by block, without zero points;
    `kept` makes of weights what is kept of them.
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


def encoded(blocks: np.ndarray, scales: np.ndarray, zeros: np.ndarray | None = None) -> np.ndarray:
    """The nearest codes u8 [..., block]; the zero point, by default MIDDLE, where the scale is 0."""
    zero = MIDDLE if zeros is None else zeros[..., None]
    inverse = np.divide(np.float32(1), scales, out=np.zeros_like(scales), where=scales != 0)
    return np.clip(np.rint(blocks * inverse[..., None]) + zero, 0, LEVELS).astype(np.uint8)


def blocks_of(weight: np.ndarray, block: int) -> np.ndarray:
    """[K, N] -> [N, K / block, block]. Raises ValueError if the block does not divide K."""
    rows, count = weight.shape
    if rows % block:
        raise ValueError(f"block {block} does not divide {rows} rows")
    return np.ascontiguousarray(weight.T).reshape(count, rows // block, block)
