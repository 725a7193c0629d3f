"""Palettes of linears: which of 2^bits values stands for a weight.

    W [N, K]  ~  values[group of n, indices[n, k]]

k-means chooses the values. GPTQ (`quantize.gptq`) chooses the indices, so that later weights make up for the
rounding of earlier ones; k-means alone would take the nearest value for each.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from coremltools.converters.mil.frontend._utils import _construct_constexpr_lut_op
from coremltools.models.neural_network.quantization_utils import _get_kmeans_lookup_table_and_weight

from quantize.coreml_codes import Codes
from quantize.coreml_edit import replace_constants
from quantize.gptq import corrected, factor


def k_means(weight: np.ndarray, bits: int, groups: int) -> np.ndarray:
    """Ascending values f32 [groups, 2^bits] for a weight [N, K], with one palette for N / groups outputs.

    coremltools' exact clusters of numbers. Its passes take them for large float16 weights alone, and cluster
    others by trial.
    """
    parts = np.split(weight.astype(np.float16), groups)
    palettes = [_get_kmeans_lookup_table_and_weight(bits, part, force_kmeans1d=True)[0] for part in parts]
    return np.sort(np.stack(palettes).astype(np.float16).astype(np.float32))


def rounded_to(values: np.ndarray, weight: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """Indices u8 [N, K] of a weight [N, K] into palettes [groups, 2^bits].

    `moment` is H f32 [G, K / G, K / G] of the layer's inputs.
    """
    nearest, parts = Nearest(values, len(weight)), []
    for columns, each in zip(np.split(weight.T, len(moment)), moment, strict=True):
        indices = np.empty(columns.shape, np.uint8)

        def keep(row: int, weight: np.ndarray, indices: np.ndarray = indices) -> np.ndarray:
            indices[row] = nearest(weight[row])
            return nearest.kept(indices[row])

        corrected(columns, factor(each), keep)
        parts.append(indices)
    return np.ascontiguousarray(np.concatenate(parts).T)


class Nearest:
    """The nearest values of palettes [groups, 2^bits] for N outputs, all groups in one search."""

    def __init__(self, values: np.ndarray, outputs: int) -> None:
        groups, self.levels = values.shape
        self.values, self.group = values.ravel(), np.arange(outputs) // (outputs // groups)
        self.low, self.high = (values[:, end][self.group] for end in (0, -1))
        # Groups are laid side by side, farther apart than their values spread.
        self.apart = self.group * (1 + 2 * float(np.abs(values).max()))
        middles = (values[:, 1:].astype(np.float64) + values[:, :-1]) / 2
        self.middles = (middles + self.apart[:: outputs // groups, None]).ravel()

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """Indices [N] of one weight an output."""
        inside = np.clip(weights, self.low, self.high) + self.apart
        return np.searchsorted(self.middles, inside) - self.group * (self.levels - 1)

    def kept(self, indices: np.ndarray) -> np.ndarray:
        """The values [N] that indices stand for."""
        return self.values[self.group * self.levels + indices]


def look_up_table(values: np.ndarray, dimensions: int) -> np.ndarray:
    """Palettes [groups, 2^bits] as Apple's formats have them for a weight of so many dimensions.

    [groups, 1, ..., 2^bits, 1]
    """
    return values.reshape(len(values), *[1] * (dimensions - 1), -1, 1)


def store_in_palettes(model: Any, codes: Codes, names: Mapping[str, str]) -> Any:
    """The MLModel with weights in palettes. `names` maps its constants to the names of their codes."""

    def looked_up(constant: Any) -> Any:
        (weight,) = constant.outputs
        indices, values = codes.load(names[constant.name])
        return _construct_constexpr_lut_op(
            indices.reshape(weight.shape),
            look_up_table(values, len(weight.shape)).astype(weight.val.dtype),
            name=f"{constant.name}_palettized",
            before_op=constant,
        )

    return replace_constants(model, names, looked_up)
