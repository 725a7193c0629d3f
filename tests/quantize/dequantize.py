"""The weights that 4-bit codes stand for."""

import numpy as np

from quantize.rounding import MIDDLE, Blocks


def dequantized(blocks: Blocks) -> np.ndarray:
    """The matrix f32 [K, N]."""
    codes = blocks.codes.astype(np.float32) - MIDDLE
    weights = (codes * blocks.scales[..., None]).reshape(len(blocks.codes), -1).T
    return weights if blocks.units is None else np.rint(weights) * blocks.units
