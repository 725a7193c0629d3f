"""Values read and written by index."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.runtime.coreml.cases.case import (
    case,
    like,
    positive,
    real,
    whole,
)
from tests.runtime.coreml.packages import mb

TABLE = real(7, 3)

GATHERING = [
    case(
        "gather",
        lambda i, x: mb.add(x=mb.gather(x=like(x, TABLE), indices=i, axis=0), y=x),
        lambda i, x: F.embedding(i, torch.from_numpy(TABLE)) + x,
        i=whole(2, 4, low=0, high=7),
        x=real(3),
    ),
    case(
        "gather",
        lambda x: mb.gather(x=x, indices=np.int32([2, 0]), axis=-1),
        lambda x: x[..., [2, 0]],
        x=real(2, 4, 3),
    ),
    case(
        "gather",
        lambda x, i: mb.gather(x=x, indices=i, axis=2, batch_dims=1),
        lambda x, i: torch.stack([x[0][:, i[0]], x[1][:, i[1]]]),
        x=real(2, 3, 4, 5),
        i=whole(2, 6, low=0, high=4),
    ),
    case(
        "gather_along_axis",
        lambda x, i: mb.gather_along_axis(x=x, indices=i, axis=1),
        lambda x, i: x.gather(1, i.long()),
        x=real(3, 5),
        i=whole(3, 2, low=0, high=5),
    ),
    case(
        "gather_nd",
        lambda x, i: mb.gather_nd(x=x, indices=i),
        lambda x, i: x[i[..., 0], i[..., 1]],
        x=real(3, 3, 4),
        i=whole(2, 5, 2, low=0, high=3),
    ),
    case(
        "gather_nd",
        lambda x, i: mb.gather_nd(x=x, indices=i, batch_dims=1),
        lambda x, i: torch.stack([x[b][i[b, :, 0]] for b in range(2)]),
        x=real(2, 3, 4),
        i=whole(2, 5, 1, low=0, high=3),
    ),
    *(
        case(
            "scatter_along_axis",
            lambda x, u, mode=mode: mb.scatter_along_axis(
                data=x, indices=np.int32([[0, 3], [2, 1]]), updates=u, axis=1, mode=mode
            ),
            lambda x, u, f=f: _scattered(x, u, f),
            x=positive(2, 4),
            u=positive(2, 2),
        )
        for mode, f in {
            "update": lambda x, u: u,
            "add": torch.add,
            "sub": torch.sub,
            "mul": torch.mul,
            "div": torch.div,
            "max": torch.maximum,
            "min": torch.minimum,
        }.items()
    ),
    case(
        "scatter",
        lambda x, u: mb.scatter(data=x, indices=np.int32([3, 0, 3]), updates=u, axis=1, mode="add"),
        lambda x, u: torch.stack([x[:, 0] + u[:, 1], x[:, 1], x[:, 2], x[:, 3] + u[:, 0] + u[:, 2]], 1),
        x=real(2, 4, 3),
        u=real(2, 3, 3),
    ),
    case(
        "scatter_nd",
        lambda x, u: mb.scatter_nd(data=x, indices=np.int32([[1, 2], [0, 0]]), updates=u, mode="update"),
        lambda x, u: x.index_put((torch.tensor([1, 0]), torch.tensor([2, 0])), u),
        x=real(2, 3, 4),
        u=real(2, 4),
    ),
]


def _scattered(x: Tensor, updates: Tensor, combine: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    result = x.clone()
    for row, columns in enumerate([[0, 3], [2, 1]]):
        for place, column in enumerate(columns):
            result[row, column] = combine(x[row, column], updates[row, place])
    return result
