"""Conversion of a torch operator that coremltools lacks, into operations of its program."""

from typing import Any

from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.frontend.torch.ops import _get_inputs
from coremltools.converters.mil.frontend.torch.torch_op_registry import register_torch_op


@register_torch_op(override=True)
def take_along_dim(context: Any, node: Any) -> None:
    """Gather along an axis; indices are repeated along the other axes in which their size is 1."""
    x, indices, axis = _get_inputs(context, node, expected=3)
    axis = axis.val % x.rank
    indices = mb.cast(x=indices, dtype="int32")  # the draw's indices are sums of comparisons, in floats
    repeats = [
        1 if here == axis else size // given
        for here, (size, given) in enumerate(zip(x.shape, indices.shape, strict=True))
    ]
    if max(repeats) > 1:
        indices = mb.tile(x=indices, reps=repeats)
    context.add(mb.gather_along_axis(x=x, indices=indices, axis=axis, name=node.name))
