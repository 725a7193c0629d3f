"""Matrix products, attention and convolutions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from tests.runtime.coreml.cases.case import (
    BETA,
    as_bool,
    binary,
    case,
    like,
    real,
)
from tests.runtime.coreml.packages import mb

WEIGHT = real(6, 4)
KERNEL = real(6, 4, 3, 2)
TRANSPOSED = real(4, 3, 3, 2)


def _conv(bias: bool, **named: Any) -> Callable[..., Any]:
    return lambda x: mb.conv(x=x, weight=like(x, KERNEL), bias=like(x, BETA) if bias else None, **named)


def _conv_transpose(**named: Any) -> Callable[..., Any]:
    return lambda x: mb.conv_transpose(x=x, weight=like(x, TRANSPOSED), bias=like(x, BETA[:3]), **named)


PRODUCTS = [
    case(
        "linear",
        lambda x: mb.linear(x=x, weight=like(x, WEIGHT), bias=like(x, BETA)),
        lambda x: x @ torch.from_numpy(WEIGHT).T + torch.from_numpy(BETA),
        x=real(2, 5, 4),
    ),
    case(
        "linear",
        lambda x: mb.linear(x=x, weight=like(x, WEIGHT)),
        lambda x: x @ torch.from_numpy(WEIGHT).T,
        x=real(3, 4),
    ),
    binary("matmul", lambda x, y: torch.matmul(x, y), real(2, 1, 3, 4), real(5, 4, 2)),
    case(
        "matmul",
        lambda x, y: mb.matmul(x=x, y=y, transpose_x=True, transpose_y=True),
        lambda x, y: x.transpose(1, 2) @ y.T,
        x=real(2, 4, 3),
        y=real(5, 4),
    ),
    case(
        "einsum",
        lambda q, k: mb.einsum(values=[k, q], equation="nchw,nwhu->nchu"),
        lambda q, k: (q[:, None] * k.permute(0, 1, 3, 2)[..., None]).sum(2),
        q=real(2, 4, 3, 5),
        k=real(2, 6, 3, 4),
    ),
    case(
        "scaled_dot_product_attention",
        lambda q, k, v: mb.scaled_dot_product_attention(query=q, key=k, value=v),
        lambda q, k, v: (q @ k.mT / 2).softmax(-1) @ v,
        q=real(2, 3, 5, 4),
        k=real(2, 3, 6, 4),
        v=real(2, 3, 6, 7),
    ),
    case(
        "scaled_dot_product_attention",
        lambda q, k, v, m: mb.scaled_dot_product_attention(query=q, key=k, value=v, attn_mask=m),
        lambda q, k, v, m: (q @ k.mT / 2 + m).softmax(-1) @ v,
        q=real(2, 5, 4),
        k=real(2, 6, 4),
        v=real(2, 6, 4),
        m=real(5, 6),
    ),
    case(
        "scaled_dot_product_attention",
        lambda q, k, v, m: mb.scaled_dot_product_attention(query=q, key=k, value=v, attn_mask=as_bool(m)),
        lambda q, k, v, m: (q @ k.mT / 2).masked_fill(m == 0, -torch.inf).softmax(-1) @ v,
        q=real(2, 5, 4),
        k=real(2, 6, 4),
        v=real(2, 6, 4),
        m=np.tri(5, 6, dtype=np.int32),
    ),
    case(
        "conv",
        _conv(True, pad_type="custom", pad=[1, 2, 0, 1], strides=[2, 1]),
        lambda x: F.conv2d(
            F.pad(x, [0, 1, 1, 2]), torch.from_numpy(KERNEL), torch.from_numpy(BETA), stride=(2, 1)
        ),
        x=real(2, 4, 7, 6),
    ),
    case(
        "conv",
        _conv(False, pad_type="valid", dilations=[2, 1]),
        lambda x: F.conv2d(x, torch.from_numpy(KERNEL), dilation=(2, 1)),
        x=real(2, 4, 7, 6),
    ),
    case(
        "conv",
        _conv(False, pad_type="same", strides=[2, 2]),
        lambda x: F.conv2d(F.pad(x, [0, 0, 1, 1]), torch.from_numpy(KERNEL), stride=2),
        x=real(2, 4, 7, 6),
    ),
    case(
        "conv",
        _conv(False, pad_type="same_lower"),
        lambda x: F.conv2d(F.pad(x, [1, 0, 1, 1]), torch.from_numpy(KERNEL)),
        x=real(2, 4, 7, 6),
    ),
    case(
        "conv",  # one axis, a group a channel
        lambda x: mb.conv(x=x, weight=like(x, KERNEL[:4, :1, :, 0]), pad_type="valid", groups=4),
        lambda x: F.conv1d(x, torch.from_numpy(KERNEL[:4, :1, :, 0].copy()), groups=4),
        x=real(2, 4, 7),
    ),
    case(
        "conv_transpose",
        _conv_transpose(pad_type="valid", strides=[2, 3]),
        lambda x: F.conv_transpose2d(
            x, torch.from_numpy(TRANSPOSED), torch.from_numpy(BETA[:3]), stride=(2, 3)
        ),
        x=real(2, 4, 3, 5),
    ),
    case(
        "conv_transpose",
        _conv_transpose(pad_type="custom", pad=[1, 0, 1, 1], strides=[2, 2]),
        lambda x: F.conv_transpose2d(x, torch.from_numpy(TRANSPOSED), torch.from_numpy(BETA[:3]), stride=2)[
            :, :, 1:, 1:-1
        ],
        x=real(2, 4, 3, 5),
    ),
    case(
        "conv_transpose",
        _conv_transpose(pad_type="custom", pad=[1, 1, 0, 0], strides=[2, 2], output_shape=[2, 3, 6, 11]),
        lambda x: F.conv_transpose2d(
            x,
            torch.from_numpy(TRANSPOSED),
            torch.from_numpy(BETA[:3]),
            stride=2,
            padding=(1, 0),
            output_padding=(1, 1),
        ),
        x=real(2, 4, 3, 5),
    ),
    case(
        "conv_transpose",
        _conv_transpose(pad_type="same", strides=[2, 2]),
        lambda x: F.conv_transpose2d(x, torch.from_numpy(TRANSPOSED), torch.from_numpy(BETA[:3]), stride=2)[
            :, :, :-1
        ],
        x=real(2, 4, 3, 5),
    ),
    case(
        "conv_transpose",
        lambda x: mb.conv_transpose(x=x, weight=like(x, TRANSPOSED), groups=2),
        lambda x: F.conv_transpose2d(x, torch.from_numpy(TRANSPOSED), groups=2),
        x=real(2, 4, 3, 5),
    ),
]
