"""Activations and normalisations."""

import torch
import torch.nn.functional as F

from tests.runtime.coreml.cases.case import BETA, GAMMA, VARIANCE, case, like, real, unary
from tests.runtime.coreml.packages import mb

ACTIVATIONS = [
    unary("relu", F.relu),
    unary("relu6", F.relu6, real(2, 5) * 8),
    unary("sigmoid", torch.sigmoid),
    unary("silu", lambda x: x / (1 + (-x).exp())),
    unary("softplus", lambda x: (1 + x.exp()).log()),
    case("elu", lambda x: mb.elu(x=x, alpha=0.5), lambda x: F.elu(x, 0.5), x=real(2, 5)),
    case(
        "leaky_relu", lambda x: mb.leaky_relu(x=x, alpha=0.25), lambda x: F.leaky_relu(x, 0.25), x=real(2, 5)
    ),
    case(
        "softplus_parametric",
        lambda x: mb.softplus_parametric(x=x, alpha=like(x, [1, 2]), beta=like(x, [0.5, 1])),
        lambda x: torch.tensor([1.0, 2])[:, None] * F.softplus(x * torch.tensor([0.5, 1])[:, None]),
        x=real(1, 2, 3),
    ),
    case("gelu", lambda x: mb.gelu(x=x, mode="EXACT"), F.gelu, x=real(2, 5)),
    case(
        "gelu",
        lambda x: mb.gelu(x=x, mode="TANH_APPROXIMATION"),
        lambda x: F.gelu(x, approximate="tanh"),
        x=real(2, 5),
    ),
    case(
        "gelu",
        lambda x: mb.gelu(x=x, mode="SIGMOID_APPROXIMATION"),
        lambda x: x / (1 + (-1.702 * x).exp()),
        x=real(2, 5),
    ),
    case("softmax", lambda x: mb.softmax(x=x, axis=1), lambda x: x.softmax(1), x=real(2, 5, 3)),
    case(
        "layer_norm",
        lambda x: mb.layer_norm(
            x=x, axes=[-1], gamma=like(x, GAMMA), beta=like(x, BETA), epsilon=like(x, 0.25)
        ),
        lambda x: F.layer_norm(x, (6,), torch.from_numpy(GAMMA), torch.from_numpy(BETA), 0.25),
        x=real(2, 5, 6),
    ),
    case(
        "layer_norm",
        lambda x: mb.layer_norm(x=x, axes=[1, 2], epsilon=like(x, 0.25)),
        lambda x: (x - x.mean((1, 2), keepdim=True)) / (x.var((1, 2), False, keepdim=True) + 0.25).sqrt(),
        x=real(2, 3, 4, 5),
    ),
    case(
        "batch_norm",
        lambda x: mb.batch_norm(
            x=x,
            mean=like(x, BETA),
            variance=like(x, VARIANCE),
            gamma=like(x, GAMMA),
            beta=like(x, BETA),
            epsilon=like(x, 0.25),
        ),
        lambda x: F.batch_norm(x, *(torch.from_numpy(a) for a in (BETA, VARIANCE, GAMMA, BETA)), eps=0.25),
        x=real(2, 6, 3, 4),
    ),
    case(
        "instance_norm",
        lambda x: mb.instance_norm(x=x, gamma=like(x, GAMMA), beta=like(x, BETA), epsilon=like(x, 0.25)),
        lambda x: (
            (x - x.mean((2, 3), keepdim=True))
            / (x.var((2, 3), False, keepdim=True) + 0.25).sqrt()
            * torch.from_numpy(GAMMA)[:, None, None]
            + torch.from_numpy(BETA)[:, None, None]
        ),
        x=real(2, 6, 3, 4),
    ),
]
