"""Philox4x32-10: random numbers by counter, the same on every platform and in any order.

J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). A number is a
pure function of (seed, index, step, stream), so a step can be repeated alone and four languages agree.
"""

import numpy as np

from runtime.normals import normals

# Multipliers and Weyl key increments of the paper.
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10

_LOW = np.uint64(0xFFFFFFFF)
_HIGH_SHIFT = np.uint64(32)

DRAW, CONFIDENCE, MASKING, RANDOM_START, EMBEDDING = range(5)  # streams

# ((x >> 8) + 0.5) * 2^-24 rounds to 1 in float32 for the largest x >> 8 (24 bits leave no room for the half):
# the largest float32 below 1 stands there instead, so that a uniform is never 0 or 1.
_BELOW_ONE = np.float32(1 - 2.0**-24)


def philox4x32(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Ten rounds over counters u32 [..., 4] with one key of two 32-bit words: u32 [..., 4]."""
    x0, x1, x2, x3 = (counter[..., word].astype(np.uint64) for word in range(4))
    k0, k1 = key
    for _ in range(_ROUNDS):
        first, second = _M0 * x0, _M1 * x2  # 32 x 32 bits fit in 64
        x0, x1, x2, x3 = (
            (second >> _HIGH_SHIFT) ^ x1 ^ np.uint64(k0),
            second & _LOW,
            (first >> _HIGH_SHIFT) ^ x3 ^ np.uint64(k1),
            first & _LOW,
        )
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return np.stack([x0, x1, x2, x3], axis=-1).astype(np.uint32)


def blocks(seed: int, step: int, stream: int, count: int) -> np.ndarray:
    """Words u32 [count, 4] of the counters (index, step, stream, 0).

    `seed` is in [0, 2^64): low 32 bits are the first key word, high 32 the second.
    """
    counter = np.zeros((count, 4), np.uint32)
    counter[:, 0] = np.arange(count, dtype=np.uint32)
    counter[:, 1] = step
    counter[:, 2] = stream
    return philox4x32(counter, (seed & 0xFFFFFFFF, seed >> 32))


def uniforms(seed: int, step: int, stream: int, count: int, words: int = 1) -> np.ndarray:
    """Uniform numbers f32 [words, count] in (0, 1), one word of the `blocks` a row."""
    bits = blocks(seed, step, stream, count)[:, :words]
    values = ((bits >> np.uint32(8)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-24)
    return np.ascontiguousarray(np.minimum(values, _BELOW_ONE).T)


class PhiloxNoise:
    """The random numbers of one drawing (see `loop.Noise`)."""

    def __init__(self, seed: int):
        self.seed = seed

    def draw(self, step: int, count: int) -> np.ndarray:
        """Two uniforms a position, f32 [2, count]: row 0 chooses the block of codes, row 1 the code in it."""
        return uniforms(self.seed, step, DRAW, count, words=2)

    def confidence(self, step: int, count: int) -> np.ndarray:
        """Gumbel noise f32 [count]: -log(-log(u)) in float64, rounded to float32."""
        u = uniforms(self.seed, step, CONFIDENCE, count)[0].astype(np.float64)
        gumbel: np.ndarray = -np.log(-np.log(u))
        return gumbel.astype(np.float32)

    def masking(self, count: int) -> np.ndarray:
        """Uniforms f32 [count] that choose the tokens masked at the start of image-to-image."""
        row: np.ndarray = uniforms(self.seed, 0, MASKING, count)[0]
        return row

    def random_start(self, count: int) -> np.ndarray:
        """Uniforms f32 [2, count] of a student's start: row 0 chooses the code, row 1 what stays masked."""
        return uniforms(self.seed, 0, RANDOM_START, count, words=2)

    def embedding(self, count: int) -> np.ndarray:
        """Standard normal numbers f32 [count] for a student's token embeddings, four of a counter."""
        return normals(blocks(self.seed, 0, EMBEDDING, -(-count // 4)))[:count]
