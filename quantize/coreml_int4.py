"""int4 weights of Core ML programs with codes of our own; coremltools itself only rounds to nearest.

W --> linear        codes int4, scales --> constexpr_blockwise_shift_scale --> linear

W ~ code * scale,   code in -8 .. 7, one scale above 0 for each BLOCK inputs of an output
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from coremltools.converters.mil.mil import Builder as mb
from coremltools.converters.mil.mil import types

from quantize.coreml_codes import Codes
from quantize.coreml_edit import replace_constants
from quantize.rounding import MIDDLE, Blocks, least_squares

FACTORS = (
    1,
    0.95,
    0.9,
    0.85,
    0.8,
    0.75,
)  # candidates: fractions of the scale whose code 7 is the largest weight


def positive(blocks: np.ndarray) -> np.ndarray:
    """Scales f32 [...] of blocks [..., block], with the least squared error among FACTORS.

    They are positive, as in coremltools' own packages.
    """
    largest = np.abs(blocks).max(axis=-1) / np.float32(MIDDLE - 1)
    return least_squares(blocks, (largest * np.float32(factor) for factor in FACTORS))


def signed(blocks: Blocks) -> np.ndarray:
    """Codes i8 [N, K], -8 .. 7, of a weight whose outputs are the columns [N, B, block] of `blocks`."""
    return blocks.codes.reshape(len(blocks.codes), -1).astype(np.int8) - np.int8(MIDDLE)


def store_in_int4(model: Any, codes: Codes, names: Mapping[str, str]) -> Any:
    """The MLModel with weights in int4. `names` maps its constants to the names of their codes."""

    def rounded(constant: Any) -> Any:
        (weight,) = constant.outputs
        values, scales = codes.load(names[constant.name])
        kernel = (1,) * (len(weight.shape) - 2)  # of a 1x1 convolution
        return mb.constexpr_blockwise_shift_scale(
            data=values.reshape(weight.shape).astype(types.nptype_from_builtin(types.int4)),
            scale=scales.reshape(*scales.shape, *kernel).astype(weight.val.dtype),
            before_op=constant,
            name=f"{constant.name}_quantized",
        )

    return replace_constants(model, names, rounded)
