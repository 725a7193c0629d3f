"""Norms that do not overflow in half precision.

Squares of numbers from 256 on overflow float16, so the graph must not square. Apple's layer_norm is one
operation that does not overflow, and every norm of the model is written in terms of it.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.blocks import EPSILON

ChannelNorm = Callable[[Tensor], Tensor]  # LayerNorm over axis 1 of [N, C, 1, S], without weight and bias


def layer_norm(x: Tensor) -> Tensor:
    """LayerNorm over the last axis, without weight and bias."""
    return F.layer_norm(x, x.shape[-1:], eps=EPSILON)


def rms_norm(x: Tensor) -> Tensor:
    """RMSNorm over the last axis, without weight.

    It is LayerNorm of [x, -x], whose mean is 0 and variance mean(x^2).
    """
    return layer_norm(torch.cat([x, -x], dim=-1)).narrow(-1, 0, x.shape[-1])


def fused(x: Tensor) -> Tensor:
    """A `ChannelNorm` for Core ML: the formula that its converter fuses into one layer_norm."""
    centred = x - x.mean(dim=1, keepdim=True)
    variance = centred.square().mean(dim=1, keepdim=True)
    return centred * (variance + EPSILON).rsqrt()


def moved(x: Tensor) -> Tensor:
    """A `ChannelNorm` for Core AI, whose converter fuses no formula, and whose layer_norm is of last axes."""
    return layer_norm(x.transpose(1, 3)).transpose(1, 3)


class GroupNorm(nn.Module):
    """nn.GroupNorm of [1, C, H, W] as a layer_norm of each group's values."""

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
    """Replace every nn.GroupNorm in `module` by a GroupNorm, in place; returns `module`."""
    for name, child in module.named_children():
        replaced: Any = GroupNorm(child) if isinstance(child, nn.GroupNorm) else replace_group_norms(child)
        setattr(module, name, replaced)
    return module
