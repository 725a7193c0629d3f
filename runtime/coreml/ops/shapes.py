"""Create, cut, join and rearrange tensors; no arithmetic."""

import torch
import torch.nn.functional as F
from torch import Tensor

from runtime.coreml.ops.operator import table


def reshape(x: Tensor, shape: list[int]) -> Tensor:
    """0 keeps the input's size at that position (counted from the last axis since iOS 17), -1 is the rest."""
    kept = [1] * len(shape) + list(x.shape)
    return x.reshape([size or kept[i - len(shape)] for i, size in enumerate(shape)])


def transpose(x: Tensor, perm: list[int]) -> Tensor:
    return x.permute(perm)


def expand_dims(x: Tensor, axes: list[int]) -> Tensor:
    """`axes` are positions in the result."""
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


def squeeze(x: Tensor, axes: list[int] | None = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(axes)


def flatten2d(x: Tensor, axis: int) -> Tensor:
    return x.reshape(x.shape[:axis].numel(), -1)


def concat(values: list[Tensor], axis: int, interleave: bool) -> Tensor:
    """With `interleave`, the first slice of each value comes before the second of any."""
    if interleave:
        axis %= values[0].dim()
        return torch.stack(values, axis + 1).flatten(axis, axis + 1)
    return torch.cat(values, axis)


def stack(values: list[Tensor], axis: int) -> Tensor:
    return torch.stack(values, axis)


def split(
    x: Tensor, axis: int, num_splits: int | None = None, split_sizes: list[int] | None = None
) -> tuple[Tensor, ...]:
    if split_sizes is None:
        assert num_splits is not None
        split_sizes = [x.shape[axis] // num_splits] * num_splits
    return x.split(split_sizes, axis)


def tile(x: Tensor, reps: list[int]) -> Tensor:
    return x.tile(reps)


def reverse(x: Tensor, axes: list[int] | None = None) -> Tensor:
    return x.flip(list(range(x.dim())) if axes is None else axes)


def pad(x: Tensor, pad: list[int], mode: str, constant_val: Tensor) -> Tensor:
    """`pad` holds [before, after] for each of the last axes, in order."""
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    if mode == "constant":
        return F.pad(x, [width for pair in reversed(pairs) for width in pair], value=constant_val.item())
    for axis, (before, after) in zip(range(-len(pairs), 0), pairs, strict=True):
        last = x.shape[axis] - 1
        source = torch.arange(-before, last + 1 + after)
        if mode == "reflect":
            source = last - (source.abs() - last).abs()
        x = x.index_select(axis, source.clamp(0, last))
    return x


def slice_by_index(
    x: Tensor,
    begin: list[int],
    end: list[int],
    stride: list[int] | None = None,
    begin_mask: list[bool] | None = None,
    end_mask: list[bool] | None = None,
    squeeze_mask: list[bool] | None = None,
) -> Tensor:
    chosen = _positions(x.shape, begin, end, stride, begin_mask, end_mask, squeeze_mask)
    for axis, positions in enumerate(chosen):
        if positions.step == 1:
            x = x.narrow(axis, positions.start, len(positions))
        else:
            x = x.index_select(axis, torch.tensor(positions, dtype=torch.int64))
    return x.squeeze([axis for axis, squeezed in enumerate(squeeze_mask or []) if squeezed])


def slice_update(
    x: Tensor,
    update: Tensor,
    begin: list[int],
    end: list[int],
    stride: list[int] | None = None,
    begin_mask: list[bool] | None = None,
    end_mask: list[bool] | None = None,
    squeeze_mask: list[bool] | None = None,
) -> Tensor:
    """A copy of x with `update` where slice_by_index would read."""
    chosen = _positions(x.shape, begin, end, stride, begin_mask, end_mask, squeeze_mask)
    grid = torch.meshgrid([torch.tensor(p, dtype=torch.int64) for p in chosen], indexing="ij")
    return x.index_put(grid, update.reshape(grid[0].shape))


def _positions(
    shape: torch.Size,
    begin: list[int],
    end: list[int],
    stride: list[int] | None,
    begin_mask: list[bool] | None,
    end_mask: list[bool] | None,
    squeeze_mask: list[bool] | None,
) -> list[range]:
    """The indices along each axis: all if masked, one if squeezed."""
    positions = []
    for axis, size in enumerate(shape):
        if squeeze_mask and squeeze_mask[axis]:
            first = begin[axis] % size
            positions.append(range(first, first + 1))
            continue
        start = None if begin_mask and begin_mask[axis] else begin[axis]
        stop = None if end_mask and end_mask[axis] else end[axis]
        positions.append(range(size)[start : stop : stride[axis] if stride else 1])
    return positions


def slice_by_size(x: Tensor, begin: list[int], size: list[int]) -> Tensor:
    """A size of -1 reads to the end of its axis."""
    for axis, (first, length) in enumerate(zip(begin, size, strict=True)):
        first %= x.shape[axis]
        x = x.narrow(axis, first, x.shape[axis] - first if length == -1 else length)
    return x


def band_part(x: Tensor, lower: int, upper: int) -> Tensor:
    """The diagonals from `lower` below to `upper` above the main one; -1 keeps that whole side."""
    kept = x if lower < 0 else x.triu(-lower)
    return kept if upper < 0 else kept.tril(upper)


def crop(x: Tensor, crop_height: list[int], crop_width: list[int]) -> Tensor:
    """Cut [before, after] from each of the last two axes."""
    return F.pad(x, [-width for width in (*crop_width, *crop_height)])


def depth_to_space(x: Tensor, block_size: int) -> Tensor:
    """[N, b*b*C, H, W] -> [N, C, H*b, W*b], the block before the channel (unlike pixel_shuffle)."""
    n, channels, h, w = x.shape
    blocks = x.reshape(n, block_size, block_size, channels // block_size**2, h, w)
    return blocks.permute(0, 3, 4, 1, 5, 2).reshape(n, -1, h * block_size, w * block_size)


def space_to_depth(x: Tensor, block_size: int) -> Tensor:
    """[N, C, H*b, W*b] -> [N, b*b*C, H, W], the block before the channel (unlike pixel_unshuffle)."""
    n, channels, h, w = x.shape
    h, w = h // block_size, w // block_size
    blocks = x.reshape(n, channels, h, block_size, w, block_size)
    return blocks.permute(0, 3, 5, 1, 2, 4).reshape(n, -1, h, w)


def pixel_shuffle(x: Tensor, upscale_factor: int) -> Tensor:
    return F.pixel_shuffle(x, upscale_factor)


def pixel_unshuffle(x: Tensor, downscale_factor: int) -> Tensor:
    return F.pixel_unshuffle(x, downscale_factor)


def fill(shape: list[int], value: Tensor) -> Tensor:
    return value.expand(shape)


def fill_like(ref_tensor: Tensor, value: Tensor) -> Tensor:
    return value.expand(ref_tensor.shape)


def range_1d(start: Tensor, end: Tensor, step: Tensor) -> Tensor:
    return torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype)


def one_hot(
    indices: Tensor, one_hot_vector_size: int, axis: int, on_value: Tensor, off_value: Tensor
) -> Tensor:
    hot = indices.unsqueeze(-1) == torch.arange(one_hot_vector_size)
    return torch.where(hot, on_value, off_value).movedim(-1, axis)


SHAPES = table(
    exact=True,
    identity=lambda x: x,
    shape=lambda x: torch.tensor(x.shape, dtype=torch.int32),
    reshape=reshape,
    transpose=transpose,
    expand_dims=expand_dims,
    squeeze=squeeze,
    flatten2d=flatten2d,
    concat=concat,
    stack=stack,
    split=split,
    tile=tile,
    reverse=reverse,
    pad=pad,
    slice_by_index=slice_by_index,
    slice_update=slice_update,
    slice_by_size=slice_by_size,
    band_part=band_part,
    crop=crop,
    depth_to_space=depth_to_space,
    space_to_depth=space_to_depth,
    pixel_shuffle=pixel_shuffle,
    pixel_unshuffle=pixel_unshuffle,
    fill=fill,
    fill_like=fill_like,
    range_1d=range_1d,
    one_hot=one_hot,
)
