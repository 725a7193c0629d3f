"""Matrix products, attention and convolutions."""

import torch
import torch.nn.functional as F
from torch import Tensor

from runtime.coreml.ops.operator import table

_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.linear(x, weight, bias)


def matmul(x: Tensor, y: Tensor, transpose_x: bool, transpose_y: bool) -> Tensor:
    return (x.mT if transpose_x else x) @ (y.mT if transpose_y else y)


def einsum(values: list[Tensor], equation: str) -> Tensor:
    return torch.einsum(equation, *values)


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None
) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, attn_mask)


def conv(
    x: Tensor,
    weight: Tensor,
    strides: list[int],
    pad_type: str,
    pad: list[int],
    dilations: list[int],
    groups: int,
    bias: Tensor | None = None,
) -> Tensor:
    """x [N, C, *sizes], weight [C_out, C / groups, *kernel]; `pad` holds [before, after] for each axis."""
    kernel = [(size - 1) * dilation + 1 for size, dilation in zip(weight.shape[2:], dilations, strict=True)]
    if pad_type in ("same", "same_lower"):
        # One output for each stride that begins in the input.
        lacking = [
            max(0, (-(-size // stride) - 1) * stride + extent - size)
            for size, stride, extent in zip(x.shape[2:], strides, kernel, strict=True)
        ]
        pad = [width for total in lacking for width in _halves(total, lower=pad_type == "same_lower")]
    if pad_type != "valid" and any(pad):
        x = F.pad(x, _as_torch(pad))
    return _CONV[len(strides)](x, weight, bias, strides, 0, dilations, groups)


def conv_transpose(
    x: Tensor,
    weight: Tensor,
    strides: list[int],
    pad_type: str,
    pad: list[int],
    dilations: list[int],
    groups: int,
    bias: Tensor | None = None,
    output_shape: list[int] | None = None,
) -> Tensor:
    """x [N, C, *sizes], weight [C, C_out / groups, *kernel]. `pad` is cut off, to `output_shape` if given.

    Cutting may as well add: an output longer than what the kernel reaches holds the bias there.
    """
    full = _CONV_TRANSPOSE[len(strides)](x, weight, None, strides, 0, 0, groups, dilations)
    spatial = full.shape[2:]
    if pad_type == "valid":
        pad = [0] * len(pad)
    elif pad_type == "same":
        wanted = [size * stride for size, stride in zip(x.shape[2:], strides, strict=True)]
        pad = [
            width
            for size, want in zip(spatial, wanted, strict=True)
            for width in _halves(size - want, lower=False)
        ]
    if output_shape is not None:
        befores = pad[::2]
        afters = [
            size - before - want
            for size, before, want in zip(spatial, befores, output_shape[2:], strict=True)
        ]
        pad = [width for pair in zip(befores, afters, strict=True) for width in pair]
    cut = F.pad(full, [-width for width in _as_torch(pad)])
    return cut if bias is None else cut + bias.reshape(-1, *[1] * len(strides))


def _halves(total: int, lower: bool) -> tuple[int, int]:
    """An odd element is added after, or before if `lower`."""
    before = (total + 1) // 2 if lower else total // 2
    return before, total - before


def _as_torch(pad: list[int]) -> list[int]:
    """torch counts axes from the last."""
    return [width for i in reversed(range(0, len(pad), 2)) for width in pad[i : i + 2]]


PRODUCTS = table(
    exact=False,
    linear=linear,
    matmul=matmul,
    einsum=einsum,
    scaled_dot_product_attention=scaled_dot_product_attention,
    conv=conv,
    conv_transpose=conv_transpose,
)
