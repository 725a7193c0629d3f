"""Norms that hold in half precision.

A square overflows float16 from 256 on, so nothing here squares in the graph: Core ML's own layer_norm
normalizes inside one operation, and every norm of the model is written as one.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.blocks import EPSILON


def layer_norm(x: Tensor, axis: int = -1) -> Tensor:
    """LayerNorm over one axis, without affine part.

    Over another axis than the last it is written out in the form that the converter fuses into one
    layer_norm of that axis.
    """
    if axis in (-1, x.ndim - 1):
        return F.layer_norm(x, x.shape[-1:], eps=EPSILON)
    centred = x - x.mean(dim=axis, keepdim=True)
    variance = centred.square().mean(dim=axis, keepdim=True)
    return centred * (variance + EPSILON).rsqrt()


def rms_norm(x: Tensor, axis: int = -1) -> Tensor:
    """RMSNorm over one axis, without weight: of [x, -x] the mean is zero and the variance the mean square."""
    return layer_norm(torch.cat([x, -x], dim=axis), axis).narrow(axis, 0, x.shape[axis])


class GroupNorm(nn.Module):
    """nn.GroupNorm of [1, C, H, W] as layer_norm of each group's values."""

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.groups, self.epsilon = norm.num_groups, norm.eps
        self.weight = nn.Parameter(norm.weight.detach().float()[:, None, None], requires_grad=False)
        self.bias = nn.Parameter(norm.bias.detach().float()[:, None, None], requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        grouped = x.reshape(1, self.groups, -1)
        normed = F.layer_norm(grouped, grouped.shape[-1:], eps=self.epsilon)
        return normed.reshape(x.shape) * self.weight + self.bias


def replace_group_norms(module: nn.Module) -> nn.Module:
    """Puts GroupNorm in the place of every nn.GroupNorm below `module`, which is changed and returned."""
    for name, child in module.named_children():
        replaced: Any = GroupNorm(child) if isinstance(child, nn.GroupNorm) else replace_group_norms(child)
        setattr(module, name, replaced)
    return module
