"""Stores weights of float32 Core ML programs in half precision: half the file, the same arithmetic.

    W float32 --> linear        W float16 --> constexpr_cast --> linear

coremltools has no such compression. Core ML widens the weights while it loads the program.
"""

from typing import Any

import numpy as np
from coremltools.converters.mil.mil import Builder as mb
from coremltools.converters.mil.mil import types

from quantize.coreml_edit import replace_constants


def store_in_half(model: Any, names: set[str]) -> Any:
    """The MLModel with its float32 constants of these names stored in half precision."""

    def cast(constant: Any) -> Any:
        if constant.outputs[0].dtype != types.fp32:
            return None
        return mb.constexpr_cast(
            source_val=np.asarray(constant.outputs[0].val, np.float16),
            output_dtype="fp32",
            before_op=constant,
            name=f"{constant.name}_from_fp16",
        )

    return replace_constants(model, names, cast)
