"""Activations in 8 bits."""

import numpy as np
import torch

from tests.runtime.coreml.cases.case import case, like
from tests.runtime.coreml.packages import mb

QUANTIZATION = [
    case(
        "quantize",
        lambda x: mb.cast(
            x=mb.quantize(input=x, scale=like(x, 0.5), zero_point=np.int8(3), output_dtype="int8"),
            dtype="int32",
        ),
        lambda x: torch.tensor([[3, 5, 5, 7, -128, 127]], dtype=torch.int32),
        x=np.array([[0, 0.75, 1.25, 2, -100, 100]], np.float32),
    ),
    case(
        "quantize",
        lambda x: mb.cast(
            x=mb.quantize(input=x, scale=like(x, [0.5, 2]), axis=1, output_dtype="uint8"), dtype="int32"
        ),
        lambda x: torch.tensor([[8, 2], [0, 255]], dtype=torch.int32),
        x=np.array([[4, 4], [-1, 1000]], np.float32),
    ),
    case(
        "dequantize",
        lambda x: mb.dequantize(
            input=mb.quantize(input=x, scale=like(x, [0.5, 2]), axis=0, output_dtype="int8"),
            scale=like(x, [0.5, 2]),
            zero_point=np.int8([1, 0]),
            axis=0,
        ),
        lambda x: torch.tensor([[1.5, -1.0], [4, -6]]),
        x=np.array([[2, -0.5], [4, -6]], np.float32),
    ),
]
