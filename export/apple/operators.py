"""Torch operators that coremltools does not convert: each put in terms of operations of its program."""

from typing import Any

from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.frontend.torch.ops import _get_inputs
from coremltools.converters.mil.frontend.torch.torch_op_registry import register_torch_op


@register_torch_op(override=True)
def take_along_dim(context: Any, node: Any) -> None:
    """Gathers along an axis, with indices of size 1 in the axes they are to be repeated in."""
    x, indices, axis = _get_inputs(context, node, expected=3)
    axis = axis.val % x.rank
    indices = mb.cast(x=indices, dtype="int32")  # counts are floats after a sum of comparisons
    repeats = [
        1 if here == axis else size // given
        for here, (size, given) in enumerate(zip(x.shape, indices.shape, strict=True))
    ]
    if max(repeats) > 1:
        indices = mb.tile(x=indices, reps=repeats)
    context.add(mb.gather_along_axis(x=x, indices=indices, axis=axis, name=node.name))
