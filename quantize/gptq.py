"""4-bit rounding that minimizes a linear's output error on calibration inputs (GPTQ, Frantar et al., 2022).

An error E of the weights of y = x W costs tr(E^T H E), where H = mean of x^T x [K, K] is the second moment of
the inputs. GPTQ rounds the rows of W one by one, and corrects the rows not yet rounded so that this loss
stays minimal. With U the upper Cholesky factor of H^-1,

    e_k = (w_k - rounded w_k) / U_kk,    w_j -= U_kj e_k   for j > k

Long inputs are split into G groups, and moments between groups are ignored: H is [G, K / G, K / G].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from quantize.rounding import (
    LEVELS,
    MIDDLE,
    Blocks,
    Kind,
    Nearest,
    blocks_of,
    column_scales,
    fitted,
    sixteenths,
    units_of,
)

BATCH = 64  # rows whose effect on later rows is added in one matrix product
TILE = 8192  # columns rounded together: enough for fast products, few enough for memory
LEAF = 64  # rows; a smaller triangle is inverted as a general matrix
DAMPING = 0.01  # of H's mean diagonal, added to the diagonal


@dataclass
class Gptq:
    """Round weights whose inputs are known, others to the nearest."""

    moments: Mapping[str, np.ndarray]  # H f32 [G, K / G, K / G] by weight
    kind: Kind = "units"
    free: Callable[[np.ndarray], np.ndarray] = fitted  # free scales of blocks [..., block]
    _factors: tuple[str, list[np.ndarray]] | None = field(default=None, repr=False)  # of the last weight

    def __call__(self, name: str, columns: np.ndarray, block: int) -> Blocks:
        """Raises ValueError if the block does not divide the rows of a group."""
        if name not in self.moments:
            return Nearest(self.kind)(name, columns, block)
        if self._factors is None or self._factors[0] != name:
            self._factors = name, [factor(moment) for moment in self.moments[name]]
        parts = [
            self.tile(columns[:, start : start + TILE], self._factors[1], block)
            for start in range(0, columns.shape[1], TILE)
        ]
        return joined(parts, axis=0)

    def tile(self, columns: np.ndarray, factors: list[np.ndarray], block: int) -> Blocks:
        """Round some columns [K, n]. Units are those of the original weights, before any correction."""
        units = None
        if self.kind == "units":
            units = units_of(blocks_of(columns, block))
            columns = columns / units

        scales_of = self.free if units is None else sixteenths
        groups = zip(np.split(columns, len(factors)), factors, strict=True)
        parts = [rounded(rows, upper, block, scales_of, whole=units is not None) for rows, upper in groups]
        return replace(joined(parts, axis=1), units=units)


def joined(parts: list[Blocks], axis: int) -> Blocks:
    """Columns (axis 0) or groups of rows (axis 1) side by side; units are those of columns."""
    units = [part.units for part in parts if part.units is not None]
    return Blocks(
        np.concatenate([part.codes for part in parts], axis),
        np.concatenate([part.scales for part in parts], axis),
        np.concatenate(units) if units else None,
    )


def whole_columns(weight: np.ndarray, moment: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """A matrix [K, N] with one scale a column: codes i8 [K, N], -8 .. 7, and positive scales f32 [N].

    `moment` is H f32 [G, K / G, K / G] of the inputs; without it weights are rounded to the nearest.
    """
    scales = column_scales(weight)
    columns = weight / scales
    if moment is None:
        return np.clip(np.rint(columns), -MIDDLE, LEVELS - MIDDLE).astype(np.int8), scales

    def ones(blocks: np.ndarray) -> np.ndarray:
        return np.ones(blocks.shape[:-1], np.float32)

    parts = [
        rounded(rows, factor(each), len(rows), ones, whole=False)
        for rows, each in zip(np.split(columns, len(moment)), moment, strict=True)
    ]
    codes = np.concatenate([part.codes[:, 0].T for part in parts])
    return codes.astype(np.int8) - np.int8(MIDDLE), scales


def factor(moment: np.ndarray) -> np.ndarray:
    """U f32 [K, K] of H [K, K]. An input that is always zero gets 1 on H's diagonal."""
    damped = moment.astype(np.float64)
    diagonal = np.einsum("kk->k", damped)
    diagonal[diagonal == 0] = 1
    diagonal += DAMPING * diagonal.mean()
    # H = R R^T with R upper, so U is the inverse of R. This takes a third of the time of inverting H.
    upper = np.linalg.cholesky(damped[::-1, ::-1])[::-1, ::-1]
    return inverse(upper).astype(np.float32)


def inverse(upper: np.ndarray) -> np.ndarray:
    """The inverse of an upper triangle [K, K], by halves, so that nearly all the work is matrix products.

    | A  B |^-1     | A^-1   -A^-1 B C^-1 |
    | 0  C |     =  | 0       C^-1        |
    """
    if len(upper) <= LEAF:
        return np.linalg.inv(upper)
    half = len(upper) // 2
    first, last = inverse(upper[:half, :half]), inverse(upper[half:, half:])
    corner = -first @ upper[:half, half:] @ last
    return np.block([[first, corner], [np.zeros_like(corner.T), last]])


def rounded(
    columns: np.ndarray,
    upper: np.ndarray,
    block: int,
    scales_of: Callable[[np.ndarray], np.ndarray],
    whole: bool,
) -> Blocks:
    """Codes of columns [K, n], which stand for `whole` numbers or for any.

    `scales_of` gives the scales of a block [n, block] when its first row is reached.
    """
    rows, count = columns.shape
    if rows % block:
        raise ValueError(f"block {block} does not divide {rows} rows")
    codes = np.empty((rows, count), np.uint8)
    scales = np.empty((rows // block, count), np.float32)
    inverse = np.empty(count, np.float32)

    def keep(row: int, weight: np.ndarray) -> np.ndarray:
        if row % block == 0:
            scales[row // block] = scales_of(weight[row : row + block].T)
            inverse[:] = 0
            np.divide(np.float32(1), scales[row // block], out=inverse, where=scales[row // block] != 0)
        code = np.clip(np.rint(weight[row] * inverse) + MIDDLE, 0, LEVELS)
        codes[row] = code
        kept: np.ndarray = (code - MIDDLE) * scales[row // block]
        return np.rint(kept) if whole else kept

    corrected(columns, upper, keep)
    by_column = np.ascontiguousarray(codes.T).reshape(count, rows // block, block)
    return Blocks(by_column, np.ascontiguousarray(scales.T))


def corrected(columns: np.ndarray, upper: np.ndarray, keep: Callable[[int, np.ndarray], np.ndarray]) -> None:
    """Visit the rows of columns [K, n] in order, and correct those not yet visited for what was lost.

    `keep(k, weight)` rounds row k of the corrected weight [K, n] and returns what is kept of it [n].
    """
    weight = np.array(columns, np.float32)
    rows, count = weight.shape
    for start in range(0, rows, BATCH):
        end = min(start + BATCH, rows)
        errors = np.empty((end - start, count), np.float32)
        for row in range(start, end):
            error = errors[row - start] = (weight[row] - keep(row, weight)) / upper[row, row]
            weight[row + 1 : end] -= upper[row, row + 1 : end, None] * error
        weight[end:] -= upper[start:end, end:].T @ errors
