"""Replaces constants of Core ML programs by operations that compute them."""

from collections.abc import Callable, Collection
from typing import Any

from coremltools.converters.mil.mil.passes.graph_pass import AbstractGraphPass
from coremltools.converters.mil.mil.passes.helper import block_context_manager
from coremltools.models.utils import _apply_graph_pass

from runtime.coreml.tools import quiet


def replace_constants(model: Any, names: Collection[str], replacement: Callable[[Any], Any]) -> Any:
    """The MLModel in which the constants `names` are replaced.

    `replacement` is called with each constant's operation, inserts operations before it and returns their
    result, or None to keep the constant.
    """
    with quiet():
        return _apply_graph_pass(model, ReplaceConstants(names, replacement), skip_model_load=True)


class ReplaceConstants(AbstractGraphPass):
    """The pass of `replace_constants`."""

    def __init__(self, names: Collection[str], replacement: Callable[[Any], Any]) -> None:
        self.names, self.replacement = names, replacement

    def apply(self, program: Any) -> None:
        for function in program.functions.values():
            self.apply_to(function)

    @block_context_manager
    def apply_to(self, function: Any) -> None:
        for op in list(function.operations):
            if op.op_type != "const" or op.name not in self.names:
                continue
            new = self.replacement(op)
            if new is None:
                continue
            function.replace_uses_of_var_after_op(
                anchor_op=op, old_var=op.outputs[0], new_var=new, force_replace=True, no_check_var_types=True
            )
            function.remove_ops([op])
