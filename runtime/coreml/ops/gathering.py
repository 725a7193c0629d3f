"""Values read and written by index.

Since iOS 17 the result of an index outside 0 .. size-1, such as a negative one, is undefined. We raise
IndexError, whether `validate_indices` is set or not.
"""

import torch
from torch import Tensor

from runtime.coreml.ops.operator import table


def gather(
    x: Tensor, indices: Tensor, axis: int, batch_dims: int = 0, validate_indices: bool = False
) -> Tensor:
    """The slices of x along an axis: x.shape[:axis] + indices.shape[batch_dims:] + x.shape[axis+1:]."""
    axis %= x.dim()
    chosen = _valid(indices, x.shape[axis])
    shape = x.shape[:axis] + indices.shape[batch_dims:] + x.shape[axis + 1 :]
    if batch_dims == 0:
        return x.index_select(axis, chosen.reshape(-1)).reshape(shape)
    batch, before, after = x.shape[:batch_dims], x.shape[batch_dims:axis].numel(), x.shape[axis + 1 :].numel()
    grouped = x.reshape(batch.numel(), before, x.shape[axis], after)
    chosen = chosen.reshape(batch.numel(), 1, -1, 1).expand(-1, before, -1, after)
    return grouped.gather(2, chosen).reshape(shape)


def gather_along_axis(x: Tensor, indices: Tensor, axis: int, validate_indices: bool = False) -> Tensor:
    return x.gather(axis, _valid(indices, x.shape[axis]))


def gather_nd(x: Tensor, indices: Tensor, batch_dims: int = 0, validate_indices: bool = False) -> Tensor:
    """The last axis of indices [*batch, *picks, depth] holds positions along the axes after the batch."""
    depth = indices.shape[-1]
    batch, rest = x.shape[:batch_dims], x.shape[batch_dims + depth :]
    flat = _flat_positions(indices, x.shape[batch_dims : batch_dims + depth])
    rows = x.reshape(batch.numel(), -1, rest.numel())
    chosen = flat.reshape(batch.numel(), -1, 1).expand(-1, -1, rest.numel())
    return rows.gather(1, chosen).reshape(indices.shape[:-1] + rest)


def scatter(
    data: Tensor, indices: Tensor, updates: Tensor, axis: int, mode: str, validate_indices: bool = False
) -> Tensor:
    """updates: data.shape[:axis] + [len(indices)] + data.shape[axis+1:]."""
    axis %= data.dim()
    chosen = _valid(indices, data.shape[axis])
    chosen = chosen.reshape(-1, *[1] * (data.dim() - axis - 1)).expand(updates.shape)
    return _combine(data, axis, chosen, updates, mode)


def scatter_along_axis(
    data: Tensor, indices: Tensor, updates: Tensor, axis: int, mode: str, validate_indices: bool = False
) -> Tensor:
    return _combine(data, axis, _valid(indices, data.shape[axis]), updates, mode)


def scatter_nd(
    data: Tensor, indices: Tensor, updates: Tensor, mode: str, validate_indices: bool = False
) -> Tensor:
    """The last axis of indices [*picks, depth] holds positions along the first axes of data."""
    depth = indices.shape[-1]
    rest = data.shape[depth:].numel()
    chosen = _flat_positions(indices, data.shape[:depth]).reshape(-1, 1).expand(-1, rest)
    rows = data.reshape(-1, rest)
    return _combine(rows, 0, chosen, updates.reshape(-1, rest), mode).reshape(data.shape)


def _combine(data: Tensor, axis: int, index: Tensor, updates: Tensor, mode: str) -> Tensor:
    if mode == "update":
        return data.scatter(axis, index, updates)
    if mode == "sub":
        updates = -updates
    elif mode == "div":
        updates = updates.reciprocal()
    reduce = {"add": "sum", "sub": "sum", "mul": "prod", "div": "prod", "max": "amax", "min": "amin"}[mode]
    return data.scatter_reduce(axis, index, updates, reduce)


def _flat_positions(indices: Tensor, sizes: torch.Size) -> Tensor:
    flat = torch.zeros(indices.shape[:-1], dtype=torch.int64)
    for position, size in zip(indices.unbind(-1), sizes, strict=True):
        flat = flat * size + _valid(position, size)
    return flat


def _valid(indices: Tensor, size: int) -> Tensor:
    lowest, highest = indices.aminmax()
    if lowest < 0 or highest >= size:
        raise IndexError(
            f"an index lies outside 0 .. {size - 1}: {lowest.item()} .. {highest.item()} are read"
        )
    return indices.long()


GATHERING = {
    **table(exact=True, gather=gather, gather_along_axis=gather_along_axis, gather_nd=gather_nd),
    **table(exact=False, scatter=scatter, scatter_along_axis=scatter_along_axis, scatter_nd=scatter_nd),
}
