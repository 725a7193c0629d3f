"""8-bit activations. Compressed weights are constants, which coremltools decompresses."""

import torch
from torch import Tensor

from runtime.coreml.ops.operator import table


def quantize(
    input: Tensor, scale: Tensor, output_dtype: str, zero_point: Tensor | None = None, axis: int | None = None
) -> Tensor:
    """clip(round(input / scale) + zero_point); `scale` is one number, or one for each index of `axis`."""
    dtype = {"int8": torch.int8, "uint8": torch.uint8}[output_dtype]
    limits = torch.iinfo(dtype)
    levels = (input / _along(scale, input, axis)).round()
    if zero_point is not None:
        levels = levels + _along(zero_point, input, axis).float()
    return levels.clamp(limits.min, limits.max).to(dtype)


def dequantize(
    input: Tensor, scale: Tensor, zero_point: Tensor | None = None, axis: int | None = None
) -> Tensor:
    """scale * (input - zero_point)."""
    levels = input.float()
    if zero_point is not None:
        levels = levels - _along(zero_point, input, axis).float()
    return levels * _along(scale, input, axis)


def _along(parameter: Tensor, x: Tensor, axis: int | None) -> Tensor:
    if axis is None:
        return parameter
    return parameter.reshape([-1 if i == axis % x.dim() else 1 for i in range(x.dim())])


QUANTIZATION = table(exact=False, quantize=quantize, dequantize=dequantize)
