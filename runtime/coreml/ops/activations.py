"""Activations and normalizations. Each is one operation: float32 inside, rounded once at the end."""

import torch
import torch.nn.functional as F
from torch import Tensor

from runtime.coreml.ops.operator import table


def gelu(x: Tensor, mode: str) -> Tensor:
    if mode == "SIGMOID_APPROXIMATION":
        return x * torch.sigmoid(1.702 * x)
    return F.gelu(x, approximate="tanh" if mode == "TANH_APPROXIMATION" else "none")


def softmax(x: Tensor, axis: int) -> Tensor:
    return x.softmax(axis)


def elu(x: Tensor, alpha: float) -> Tensor:
    return F.elu(x, alpha)


def leaky_relu(x: Tensor, alpha: float) -> Tensor:
    return F.leaky_relu(x, alpha)


def softplus_parametric(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """alpha_c * log(1 + exp(beta_c * x)); x [N, C, ...], alpha and beta [C]."""
    alpha, beta = (_per_channel(x, parameter) for parameter in (alpha, beta))
    return alpha * F.softplus(beta * x)


def layer_norm(
    x: Tensor, axes: list[int], epsilon: float, gamma: Tensor | None = None, beta: Tensor | None = None
) -> Tensor:
    last = list(range(-len(axes), 0))
    x = x.movedim(axes, last)
    return F.layer_norm(x, x.shape[-len(axes) :], gamma, beta, epsilon).movedim(last, axes)


def batch_norm(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    epsilon: float,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
) -> Tensor:
    return F.batch_norm(x, mean, variance, gamma, beta, eps=epsilon)


def instance_norm(
    x: Tensor, epsilon: float, gamma: Tensor | None = None, beta: Tensor | None = None
) -> Tensor:
    return F.instance_norm(x, weight=gamma, bias=beta, eps=epsilon)


def _per_channel(x: Tensor, parameter: Tensor) -> Tensor:
    return parameter.reshape(-1, *[1] * (x.dim() - 2))


ACTIVATIONS = {
    **table(exact=True, relu=lambda x: x.relu(), relu6=lambda x: x.clamp(0, 6)),
    **table(
        exact=False,
        sigmoid=lambda x: x.sigmoid(),
        silu=lambda x: F.silu(x),
        softplus=lambda x: F.softplus(x),
        softplus_parametric=softplus_parametric,
        gelu=gelu,
        softmax=softmax,
        elu=elu,
        leaky_relu=leaky_relu,
        layer_norm=layer_norm,
        batch_norm=batch_norm,
        instance_norm=instance_norm,
    ),
}
