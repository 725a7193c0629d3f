"""Sums, extremes, orders and running sums."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tests.runtime.coreml.cases.case import (
    Case,
    case,
    positive,
    real,
    whole,
)
from tests.runtime.coreml.packages import mb


def _reduction(type: str, function: Callable[[Tensor], Tensor], x: np.ndarray | None = None) -> Case:
    x = real(2, 3, 4) if x is None else x
    return case(type, lambda x: getattr(mb, type)(x=x, axes=[0, -1], keep_dims=True), function, x=x)


REDUCTIONS = [
    _reduction("reduce_sum", lambda x: x.sum((0, 2), keepdim=True)),
    _reduction("reduce_sum", lambda x: x.sum((0, 2), keepdim=True).int(), whole(2, 3, 4)),
    _reduction("reduce_mean", lambda x: x.mean((0, 2), keepdim=True)),
    _reduction("reduce_max", lambda x: x.amax((0, 2), keepdim=True)),
    _reduction("reduce_min", lambda x: x.amin((0, 2), keepdim=True)),
    _reduction("reduce_prod", lambda x: x.prod(2, True).prod(0, True)),
    _reduction("reduce_sum_square", lambda x: (x * x).sum((0, 2), keepdim=True)),
    _reduction("reduce_l1_norm", lambda x: x.abs().sum((0, 2), keepdim=True)),
    _reduction("reduce_l2_norm", lambda x: (x * x).sum((0, 2), keepdim=True).sqrt()),
    _reduction("reduce_log_sum", lambda x: x.sum((0, 2), keepdim=True).log(), positive(2, 3, 4)),
    _reduction("reduce_log_sum_exp", lambda x: x.exp().sum((0, 2), keepdim=True).log()),
    case("reduce_sum", lambda x: mb.reduce_sum(x=x), lambda x: x.sum(), x=real(2, 3)),
    case("reduce_prod", lambda x: mb.reduce_prod(x=x, axes=[0, 1]), lambda x: x.prod(), x=real(2, 3)),
    case(
        "reduce_argmax",
        lambda x: mb.reduce_argmax(x=x, axis=1),
        lambda x: torch.tensor([[1, 0], [2, 1]], dtype=torch.int32),
        x=np.array([[[1, 5], [3, 5], [3, 5]], [[1, 1], [2, 7], [4, 6]]], np.float32),
    ),
    case(
        "reduce_argmin",
        lambda x: mb.reduce_argmin(x=x, axis=-1, keep_dims=True),
        lambda x: torch.tensor([[1], [0]], dtype=torch.int32),
        x=np.array([[3, 1, 1], [2, 2, 2]], np.float32),
    ),
    case("cumsum", lambda x: mb.cumsum(x=x, axis=1), lambda x: x.cumsum(1), x=real(2, 5)),
    case(
        "cumsum",
        lambda x: mb.cumsum(x=x, axis=0, exclusive=True),
        lambda x: torch.tensor([0, 1, 3, 6], dtype=torch.int32),
        x=np.array([1, 2, 3, 4], np.int32),
    ),
    case(
        "cumsum",
        lambda x: mb.cumsum(x=x, axis=-1, exclusive=True, reverse=True),
        lambda x: torch.tensor([[9.0, 7, 4, 0]]),
        x=np.array([[1, 2, 3, 4]], np.float32),
    ),
    case(
        "argsort",
        lambda x: mb.argsort(x=x, axis=-1),
        lambda x: torch.tensor([[1, 3, 0, 2]], dtype=torch.int32),
        x=np.array([[2, 5, 1, 2.5]], np.float32),
    ),
    case(
        "topk",
        lambda x: mb.topk(x=x, k=2, axis=1, ascending=True),
        lambda x: (x[:, [3, 0]], torch.tensor([[3, 0]], dtype=torch.int32)),
        x=np.array([[2, 5, 4, 1]], np.float32),
    ),
    case(
        "topk",
        lambda x: mb.topk(x=x, k=2, return_indices=False),
        lambda x: x[:, [1, 2]],
        x=np.array([[2, 5, 4, 1]], np.float32),
    ),
]
