"""Sums, extremes, orders and running sums along axes."""

import torch
from torch import Tensor

from runtime.coreml.ops.elementwise import cast
from runtime.coreml.ops.operator import table


# MIL omits `axes` if it reduces every axis.
def reduce_sum(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    return x.sum(_axes(x, axes), keepdim=keep_dims, dtype=x.dtype)


def reduce_mean(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    return x.mean(_axes(x, axes), keepdim=keep_dims)


def reduce_max(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    return x.amax(_axes(x, axes), keepdim=keep_dims)


def reduce_min(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    return x.amin(_axes(x, axes), keepdim=keep_dims)


def reduce_prod(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    axes = sorted(axis % x.dim() for axis in _axes(x, axes))
    for axis in reversed(
        axes
    ):  # torch multiplies along one axis at a time: from the last, the others keep theirs
        x = x.prod(axis, keepdim=keep_dims, dtype=x.dtype)
    return x


def reduce_sum_square(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    return reduce_sum(x.square(), keep_dims, axes)


def reduce_l1_norm(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    return reduce_sum(x.abs(), keep_dims, axes)


def reduce_l2_norm(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    return reduce_sum(x.square(), keep_dims, axes).sqrt()


def reduce_log_sum(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    return reduce_sum(x, keep_dims, axes).log()


def reduce_log_sum_exp(x: Tensor, keep_dims: bool, axes: list[int] | None = None) -> Tensor:
    return x.logsumexp(_axes(x, axes), keepdim=keep_dims)


def reduce_argmax(x: Tensor, axis: int, keep_dims: bool, output_dtype: str = "int32") -> Tensor:
    """The index of the first extreme."""
    return cast(x.argmax(axis, keepdim=keep_dims), output_dtype)


def reduce_argmin(x: Tensor, axis: int, keep_dims: bool, output_dtype: str = "int32") -> Tensor:
    """The index of the first extreme."""
    return cast(x.argmin(axis, keepdim=keep_dims), output_dtype)


def cumsum(x: Tensor, axis: int, exclusive: bool, reverse: bool) -> Tensor:
    ordered = x.flip(axis) if reverse else x
    sums = ordered.cumsum(axis, dtype=x.dtype)
    if exclusive:
        sums = sums - ordered
    return sums.flip(axis) if reverse else sums


def argsort(x: Tensor, axis: int, ascending: bool) -> Tensor:
    """Ties keep the order of their indices."""
    return torch.argsort(x, dim=axis, descending=not ascending, stable=True).int()


def topk(
    x: Tensor,
    k: int,
    axis: int,
    ascending: bool,
    sort: bool = True,
    return_indices: bool = True,
    output_indices_dtype: str = "int32",
) -> Tensor | tuple[Tensor, Tensor]:
    """The k largest (smallest if ascending), always sorted, even without `sort`."""
    values, indices = torch.sort(x, dim=axis, descending=not ascending, stable=True)
    values, indices = values.narrow(axis, 0, k), indices.narrow(axis, 0, k)
    return (values, cast(indices, output_indices_dtype)) if return_indices else values


def _axes(x: Tensor, axes: list[int] | None) -> list[int]:
    return list(range(x.dim())) if axes is None else axes


REDUCTIONS = {
    **table(
        exact=True,
        reduce_max=reduce_max,
        reduce_min=reduce_min,
        reduce_argmax=reduce_argmax,
        reduce_argmin=reduce_argmin,
        argsort=argsort,
        topk=topk,
    ),
    **table(
        exact=False,
        reduce_sum=reduce_sum,
        reduce_mean=reduce_mean,
        reduce_prod=reduce_prod,
        reduce_sum_square=reduce_sum_square,
        reduce_l1_norm=reduce_l1_norm,
        reduce_l2_norm=reduce_l2_norm,
        reduce_log_sum=reduce_log_sum,
        reduce_log_sum_exp=reduce_log_sum_exp,
        cumsum=cumsum,
    ),
}
