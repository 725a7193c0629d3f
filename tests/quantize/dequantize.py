"""The weights that 4-bit codes stand for."""

import numpy as np

from quantize.rounding import Blocks


def dequantized(blocks: Blocks) -> np.ndarray:
    """[K, N] float32."""
    zeros = np.float32(8) if blocks.zeros is None else blocks.zeros[..., None].astype(np.float32)
    weights = ((blocks.codes - zeros) * blocks.scales[..., None]).reshape(len(blocks.codes), -1).T
    return weights if blocks.units is None else np.rint(weights) * blocks.units
