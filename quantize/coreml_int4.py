"""int4 weights of Core ML programs in codes of our own; coremltools itself rounds to the nearest.

W --> linear        codes int4, scales --> constexpr_blockwise_shift_scale --> linear

w ~ code * scale,   code in -8 .. 7, a scale above 0 for each BLOCK inputs of an output
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from coremltools.converters.mil.mil import Builder as mb
from coremltools.converters.mil.mil import types
from coremltools.converters.mil.mil.passes.graph_pass import AbstractGraphPass
from coremltools.converters.mil.mil.passes.helper import block_context_manager
from coremltools.models.utils import _apply_graph_pass

from quantize.rounding import MIDDLE, Blocks, least_squares
from runtime.coreml.tools import quiet

FACTORS = (1, 0.95, 0.9, 0.85, 0.8, 0.75)  # of the scale that reaches the largest magnitude with code 7


def positive(blocks: np.ndarray) -> np.ndarray:
    """Scales f32 [...] of blocks [..., block], of the least squared error among FACTORS. Never below 0, as
    coremltools writes none.
    """
    largest = np.abs(blocks).max(axis=-1) / np.float32(MIDDLE - 1)
    return least_squares(blocks, (largest * np.float32(factor) for factor in FACTORS))


class Codes:
    """Rounded weights of a graph by name, in a folder: functions share them, and memory holds one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __contains__(self, name: str) -> bool:
        return self.place(name).exists()

    def save(self, name: str, blocks: Blocks) -> None:
        """Columns are outputs [N, B, block]."""
        self.folder.mkdir(exist_ok=True)
        codes = blocks.codes.reshape(len(blocks.codes), -1).astype(np.int8) - np.int8(MIDDLE)
        np.savez(self.place(name), codes=codes, scales=blocks.scales)

    def load(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Codes i8 [N, K] and scales f32 [N, K / block]."""
        with np.load(self.place(name)) as file:
            return file["codes"], file["scales"]

    def place(self, name: str) -> Path:
        return self.folder / f"{name}.npz"


def store_in_int4(model: Any, codes: Codes, names: Mapping[str, str]) -> Any:
    """The MLModel with weights in those codes: constants `names`, and what `codes` calls them."""
    with quiet():
        return _apply_graph_pass(model, StoreInInt4(codes, names), skip_model_load=True)


class StoreInInt4(AbstractGraphPass):
    """See the file's head."""

    def __init__(self, codes: Codes, names: Mapping[str, str]) -> None:
        self.codes, self.names = codes, names

    def apply(self, program: Any) -> None:
        for function in program.functions.values():
            self.apply_to(function)

    @block_context_manager
    def apply_to(self, function: Any) -> None:
        for op in list(function.operations):
            if op.op_type != "const" or op.name not in self.names:
                continue
            (weight,) = op.outputs
            codes, scales = self.codes.load(self.names[op.name])
            kernel = (1,) * (len(weight.shape) - 2)  # of a 1x1 convolution
            rounded = mb.constexpr_blockwise_shift_scale(
                data=codes.reshape(weight.shape).astype(types.nptype_from_builtin(types.int4)),
                scale=scales.reshape(*scales.shape, *kernel).astype(weight.val.dtype),
                before_op=op,
                name=f"{op.name}_quantized",
            )
            function.replace_uses_of_var_after_op(
                anchor_op=op, old_var=weight, new_var=rounded, force_replace=True, no_check_var_types=True
            )
            function.remove_ops([op])
