"""Standard normal numbers by Box and Muller, bit by bit the same on every platform.

The logarithms and sines of mathematical libraries differ in the last bit. So they are series here, summed
with the four operations and the square root of float64, which IEEE 754 rounds in one way. No product and sum
may be fused. Both are exact to about 1e-15.

    words (a, b) -> u = (a + 1/2) / 2^32, v = (b + 1/2) / 2^32
                 -> sqrt(-2 log u) cos(2 pi v), sqrt(-2 log u) sin(2 pi v)
"""

import numpy as np

LOG_2 = 0.6931471805599453
HALF_PI = 1.5707963267948966
ROOT_2 = 1.4142135623730951
TERMS = 11  # of each series


def log_uniform(words: np.ndarray) -> np.ndarray:
    """log((w + 1/2) / 2^32) of words w u32, in float64.

    u = m 2^e, m in (sqrt(1/2), sqrt(2)], s = (m - 1) / (m + 1): log m = 2 s (1 + s^2/3 + s^4/5 + ...).
    """
    m, e = np.frexp(words + 0.5)  # m in [1/2, 1); exact
    e = e - 32
    small = m * 2 <= ROOT_2
    m, e = np.where(small, m * 2, m), np.where(small, e - 1, e)
    s = (m - 1) / (m + 1)
    square = s * s
    total = np.full_like(s, 1 / (2 * TERMS - 1))
    for k in range(TERMS - 2, -1, -1):
        total = 1 / (2 * k + 1) + square * total
    found: np.ndarray = e * LOG_2 + 2 * s * total
    return found


def cosine_sine(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin of 2 pi (w + 1/2) / 2^32 of words w u32, in float64.

    The two upper bits are the quadrant, the others the angle x in it, whose series are Taylor's.
    """
    x = ((words & np.uint32(0x3FFFFFFF)) + 0.5) * 2.0**-30 * HALF_PI
    square = x * x
    cosine, sine = np.ones_like(x), np.ones_like(x)
    for k in range(TERMS, 0, -1):
        cosine = 1 - square / ((2 * k - 1) * (2 * k)) * cosine
        sine = 1 - square / ((2 * k) * (2 * k + 1)) * sine
    sine = x * sine
    quadrant = words >> np.uint32(30)
    turned = (quadrant & np.uint32(1)) == 1  # by a right angle: (cos, sin) becomes (-sin, cos)
    cosine, sine = np.where(turned, -sine, cosine), np.where(turned, cosine, sine)
    opposite = quadrant >= 2
    return np.where(opposite, -cosine, cosine), np.where(opposite, -sine, sine)


def normals(words: np.ndarray) -> np.ndarray:
    """Words u32 [K, 4] -> f32 [4 K]: from words 0 and 1 a cosine and a sine, then from words 2 and 3."""
    radius = np.sqrt(-2 * log_uniform(words[:, 0::2]))
    cosine, sine = cosine_sine(words[:, 1::2])
    pairs = np.stack([radius * cosine, radius * sine], axis=-1)  # [K, 2, 2]
    return pairs.reshape(-1).astype(np.float32)
