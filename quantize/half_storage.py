"""Weights of float32 Core ML programs in half precision: half the file, the same arithmetic.

    W float32 --> linear        W float16 --> constexpr_cast --> linear

coremltools has no such compression of its own. Core ML casts while it loads.
"""

from typing import Any

import numpy as np
from coremltools.converters.mil.mil import Builder as mb
from coremltools.converters.mil.mil import types
from coremltools.converters.mil.mil.passes.graph_pass import AbstractGraphPass
from coremltools.converters.mil.mil.passes.helper import block_context_manager
from coremltools.models.utils import _apply_graph_pass

from runtime.coreml.tools import quiet


def store_in_half(model: Any, names: set[str]) -> Any:
    """The MLModel with the float32 constants of these names stored in half precision."""
    with quiet():
        return _apply_graph_pass(model, StoreInHalf(names), skip_model_load=True)


class StoreInHalf(AbstractGraphPass):
    """See the file's head."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def apply(self, program: Any) -> None:
        for function in program.functions.values():
            self.apply_to(function)

    @block_context_manager
    def apply_to(self, function: Any) -> None:
        for op in list(function.operations):
            if op.op_type != "const" or op.name not in self.names or op.outputs[0].dtype != types.fp32:
                continue
            (weight,) = op.outputs
            cast = mb.constexpr_cast(
                source_val=np.asarray(weight.val, np.float16),
                output_dtype="fp32",
                before_op=op,
                name=f"{op.name}_from_fp16",
            )
            function.replace_uses_of_var_after_op(
                anchor_op=op, old_var=weight, new_var=cast, force_replace=True
            )
            function.remove_ops([op])
