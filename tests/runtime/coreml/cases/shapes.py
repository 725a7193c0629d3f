"""Tensors made, cut, joined and rearranged."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from tests.runtime.coreml.cases.case import (
    GAMMA,
    case,
    like,
    real,
    unary,
    whole,
)
from tests.runtime.coreml.packages import mb


def _slices(**named: Any) -> Callable[..., Any]:
    return lambda x: mb.slice_by_index(x=x, **named)


SHAPES = [
    unary("identity", lambda x: x),
    unary("shape", lambda x: torch.tensor([2, 5], dtype=torch.int32)),
    case("reshape", lambda x: mb.reshape(x=x, shape=[-1, 0]), lambda x: x.flatten(0, 1), x=real(2, 3, 4)),
    case("reshape", lambda x: mb.reshape(x=x, shape=[4, 3]), lambda x: x.view(4, 3), x=whole(2, 6)),
    case(
        "reshape",  # to a size that the program computes
        lambda x: mb.reshape(x=x, shape=mb.shape(x=mb.transpose(x=x, perm=[1, 0]))),
        lambda x: x.reshape(3, 2),
        x=real(2, 3),
    ),
    case(
        "transpose",
        lambda x: mb.transpose(x=x, perm=[2, 0, 1]),
        lambda x: x.permute(2, 0, 1),
        x=real(2, 3, 4),
    ),
    case(
        "expand_dims", lambda x: mb.expand_dims(x=x, axes=[0, -1]), lambda x: x[None, ..., None], x=real(2, 3)
    ),
    case("squeeze", lambda x: mb.squeeze(x=x, axes=[0, 2]), lambda x: x[0, :, 0], x=real(1, 3, 1)),
    case("squeeze", lambda x: mb.squeeze(x=x), lambda x: x[0, :, 0], x=real(1, 3, 1)),
    case("flatten2d", lambda x: mb.flatten2d(x=x, axis=2), lambda x: x.reshape(6, 4), x=real(2, 3, 4)),
    case(
        "concat",
        lambda x, y: mb.concat(values=[x, y, like(x, GAMMA[None])], axis=0),
        lambda x, y: torch.cat([x, y, torch.from_numpy(GAMMA)[None]]),
        x=real(2, 6),
        y=real(1, 6),
    ),
    case(
        "concat",
        lambda x, y: mb.concat(values=[x, y], axis=-1, interleave=True),
        lambda x, y: torch.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1),
        x=real(3, 2),
        y=real(3, 2),
    ),
    case(
        "stack",
        lambda x, y: mb.stack(values=[x, y], axis=1),
        lambda x, y: torch.stack([x, y], 1),
        x=real(2, 3),
        y=real(2, 3),
    ),
    case("split", lambda x: mb.split(x=x, num_splits=2, axis=-1), lambda x: x.chunk(2, -1), x=real(2, 6)),
    case(
        "split",
        lambda x: mb.split(x=x, split_sizes=[1, 3, 2], axis=1),
        lambda x: x.split([1, 3, 2], 1),
        x=real(2, 6),
    ),
    case("tile", lambda x: mb.tile(x=x, reps=[2, 1, 3]), lambda x: x.repeat(2, 1, 3), x=real(2, 3, 2)),
    case("reverse", lambda x: mb.reverse(x=x, axes=[1]), lambda x: x[:, [2, 1, 0]], x=real(2, 3)),
    case("reverse", lambda x: mb.reverse(x=x), lambda x: x.flip(0, 1), x=real(2, 3)),
    case(
        "pad",
        lambda x: mb.pad(x=x, pad=[1, 0, 2, 3], constant_val=like(x, 0.5)),
        lambda x: F.pad(x, [2, 3, 1, 0], value=0.5),
        x=real(2, 3, 4),
    ),
    *(
        case(
            "pad",
            lambda x, mode=mode: mb.pad(x=x, pad=[1, 2, 3, 1], mode=mode, constant_val=like(x, 0)),
            lambda x, mode=mode: F.pad(x[None], [3, 1, 1, 2], mode=mode)[0],
            x=real(2, 3, 4),
        )
        for mode in ("reflect", "replicate")
    ),
    case("slice_by_index", _slices(begin=[1, -3], end=[2, 4]), lambda x: x[1:2, 1:4], x=real(3, 4)),
    case(
        "slice_by_index",
        _slices(begin=[7, 0], end=[2, 7], begin_mask=[True, False], end_mask=[False, True], stride=[1, 2]),
        lambda x: x[:2, ::2],
        x=real(3, 5),
    ),
    case(
        "slice_by_index",
        _slices(begin=[-1, 1, 0], end=[0, 3, 0], squeeze_mask=[True, False, True]),
        lambda x: x[-1, 1:3, 0],
        x=real(3, 5, 2),
    ),
    case(
        "slice_by_index",
        _slices(begin=[3, 4], end=[0, 0], stride=[-1, -2], end_mask=[False, True]),
        lambda x: x[[3, 2, 1]][:, [4, 2, 0]],
        x=real(4, 5),
    ),
    case(
        "slice_update",
        lambda x, u: mb.slice_update(x=x, update=u, begin=[1, 0], end=[2, 5], stride=[1, 2]),
        lambda x, u: torch.cat(
            [x[:1], torch.stack([u[0, 0], x[1, 1], u[0, 1], x[1, 3], u[0, 2]])[None], x[2:]]
        ),
        x=real(3, 5),
        u=real(1, 3),
    ),
    case(
        "slice_by_size",
        lambda x: mb.slice_by_size(x=x, begin=[1, 2], size=[-1, 2]),
        lambda x: x[1:, 2:4],
        x=real(3, 5),
    ),
    case("band_part", lambda x: mb.band_part(x=x, lower=-1, upper=0), lambda x: x.tril(), x=real(2, 4, 5)),
    case("band_part", lambda x: mb.band_part(x=x, lower=1, upper=-1), lambda x: x.triu(-1), x=real(4, 5)),
    case(
        "crop",
        lambda x: mb.crop(x=x, crop_height=[0, 1], crop_width=[2, 0]),
        lambda x: x[:, :, :-1, 2:],
        x=real(1, 2, 4, 5),
    ),
    case(
        "depth_to_space",
        lambda x: mb.depth_to_space(x=x, block_size=2),
        lambda x: F.pixel_shuffle(x.view(1, 4, 3, 2, 5).transpose(1, 2).reshape(1, 12, 2, 5), 2),
        x=real(1, 12, 2, 5),
    ),
    case(
        "space_to_depth",
        lambda x: mb.space_to_depth(x=x, block_size=2),
        lambda x: F.pixel_unshuffle(x, 2).view(1, 3, 4, 2, 3).transpose(1, 2).reshape(1, 12, 2, 3),
        x=real(1, 3, 4, 6),
    ),
    case(
        "pixel_shuffle",
        lambda x: mb.pixel_shuffle(x=x, upscale_factor=2),
        lambda x: x.view(1, 2, 2, 2, 3, 5).permute(0, 1, 4, 2, 5, 3).reshape(1, 2, 6, 10),
        x=real(1, 8, 3, 5),
    ),
    case(
        "pixel_unshuffle",
        lambda x: mb.pixel_unshuffle(x=x, downscale_factor=np.uint32(2)),
        lambda x: x.view(1, 2, 3, 2, 5, 2).permute(0, 1, 3, 5, 2, 4).reshape(1, 8, 3, 5),
        x=real(1, 2, 6, 10),
    ),
    case(
        "fill",
        lambda x: mb.add(x=x, y=mb.fill(shape=[2, 3], value=like(x, 1.5))),
        lambda x: x + 1.5,
        x=real(2, 3),
    ),
    case(
        "fill_like",
        lambda x: mb.fill_like(ref_tensor=x, value=like(x, 1.5)),
        lambda x: torch.full((2, 3), 1.5),
        x=real(2, 3),
    ),
    case(
        "range_1d",
        lambda x: mb.add(x=x, y=mb.range_1d(start=2, end=11, step=3)),
        lambda x: x + torch.tensor([2, 5, 8], dtype=torch.int32),
        x=whole(3),
    ),
    case(
        "one_hot",
        lambda x: mb.one_hot(indices=x, one_hot_vector_size=5, axis=1, on_value=2, off_value=-1),
        lambda x: (F.one_hot(x.long(), 5) * 3 - 1).int().transpose(1, 2),
        x=whole(2, 3, low=0, high=5),
    ),
]
