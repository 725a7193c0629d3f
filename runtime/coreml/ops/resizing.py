"""Resize images [..., H, W]."""

import torch
from torch import Tensor

from runtime.coreml.ops.operator import table


def upsample_nearest_neighbor(x: Tensor, scale_factor_height: float, scale_factor_width: float) -> Tensor:
    size = _scaled(x, scale_factor_height, scale_factor_width)
    return resize_nearest_neighbor(x, *size)


def resize_nearest_neighbor(x: Tensor, target_size_height: int, target_size_width: int) -> Tensor:
    for axis, target in ((-2, target_size_height), (-1, target_size_width)):
        size = x.shape[axis]
        x = x.index_select(axis, torch.arange(target) * size // target)
    return x


def upsample_bilinear(
    x: Tensor, scale_factor_height: float, scale_factor_width: float, align_corners: bool
) -> Tensor:
    mode = "STRICT_ALIGN_CORNERS" if align_corners else "UNALIGN_CORNERS"
    return resize_bilinear(x, *_scaled(x, scale_factor_height, scale_factor_width), mode)


def resize_bilinear(x: Tensor, target_size_height: int, target_size_width: int, sampling_mode: str) -> Tensor:
    for axis, target in ((-2, target_size_height), (-1, target_size_width)):
        points = _grid(sampling_mode, x.shape[axis], target).clamp(0, x.shape[axis] - 1)
        below = points.floor().long()
        above = (below + 1).clamp_max(x.shape[axis] - 1)
        share = (points - below).float().reshape(-1, *[1] * (-1 - axis))
        x = x.index_select(axis, below) * (1 - share) + x.index_select(axis, above) * share
    return x


def _grid(mode: str, size: int, target: int) -> Tensor:
    """The input position of each output, in pixels, as MIL's resize_bilinear defines it."""
    i = torch.arange(target, dtype=torch.float64)
    gaps = max(target - 1, 1)
    if mode == "UNALIGN_CORNERS":
        return (i + 0.5) * size / target - 0.5
    if mode == "OFFSET_CORNERS":
        return (i + 0.5) * max(1, size - 1) / target
    if mode == "DEFAULT":
        return i * (size - size / target) / gaps
    if mode == "ALIGN_CORNERS" and target == 1:
        return torch.full((1,), (size - 1) / 2, dtype=torch.float64)
    return i * (size - 1) / gaps


def _scaled(x: Tensor, height: float, width: float) -> tuple[int, int]:
    return int(x.shape[-2] * height), int(x.shape[-1] * width)


RESIZING = {
    **table(
        exact=True,
        upsample_nearest_neighbor=upsample_nearest_neighbor,
        resize_nearest_neighbor=resize_nearest_neighbor,
    ),
    **table(exact=False, upsample_bilinear=upsample_bilinear, resize_bilinear=resize_bilinear),
}
