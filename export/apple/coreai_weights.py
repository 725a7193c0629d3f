"""Stores the weights of torch modules in Core AI's compressed forms, before they are converted.

    codes, scale --> constexpr_blockwise_shift_scale --> layer     int8: a scale an output; int4: one a block
    indices, lut --> lut_to_dense                    --> layer     palettes: 2^N values

The converter turns these operators into Core AI's, which keep the codes in the asset. The codes are those of
our Core ML bundles: `quantize.gptq` for int4 and palettes of what is fed, coremltools' own functions for all
else. So a weight is the same number in both bundles.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from coremltools.optimize.coreml._quantization_passes import linear_quantize_weights, palettize_weights
from torch import Tensor, nn
from torch.nn.utils import parametrize

from quantize.coreml import BLOCK, PALETTE_BITS, Form, in_program, outputs_a_palette
from quantize.coreml_codes import Codes
from quantize.coreml_palettes import look_up_table

with warnings.catch_warnings():  # it takes a version such as 2.13.0+cu130 to be newer than 2.13.0
    warnings.simplefilter("ignore")
    import coreai_torch._compression.custom_layers  # noqa: F401 - registers the operators; no public module does


class Scaled(nn.Module):
    """A weight [N, K, ...] as integers, and scales whose dimensions divide the weight's."""

    def __init__(self, codes: np.ndarray, scales: np.ndarray, bits: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.from_numpy(codes))
        self.register_buffer("scales", torch.from_numpy(scales))
        self.stored: Any = getattr(torch, f"int{bits}")

    def forward(self, _: Tensor) -> Tensor:
        operator: Any = torch.ops.coreai.constexpr_blockwise_shift_scale
        return operator(self.codes, self.scales, None, None, self.stored, None)


class Palette(nn.Module):
    """A weight [N, K, ...] as indices u8 into palettes, [groups, 1, ..., 2^bits, 1]."""

    def __init__(self, indices: np.ndarray, lut: np.ndarray) -> None:
        super().__init__()
        # The converter finds both by their names.
        self.register_buffer("indices", torch.from_numpy(indices))
        self.register_buffer("lut", torch.from_numpy(lut))

    def forward(self, _: Tensor) -> Tensor:
        return torch.ops.coreai.lut_to_dense(self.indices, self.lut, 0)


@dataclass(frozen=True)
class Compression:
    """How weights of a graph become codes: those of int4 and palettes are taken from `codes` if it has them.

    `half`: weights are rounded to float16 first, as Core ML's converter does for graphs in half precision.
    """

    forms: Mapping[str, Form]  # by parameter
    codes: Codes
    half: bool

    def apply(self, module: nn.Module) -> nn.Module:
        """The module, whose weights are replaced. Float forms stay as they are."""
        for name, form in self.forms.items():
            if form not in ("fp32", "fp16"):
                path, _, attribute = name.rpartition(".")
                layer = module.get_submodule(path)
                stored = self.stored(name, form, getattr(layer, attribute).detach().numpy())
                parametrize.register_parametrization(layer, attribute, stored, unsafe=True)
                original = layer.get_submodule(f"parametrizations.{attribute}")
                # Frees the float weight.
                original.original = nn.Parameter(torch.empty(0), requires_grad=False)
        return module

    def stored(self, name: str, form: Form, weight: np.ndarray) -> nn.Module:
        """What stands for a weight f32 [N, K, ...]."""
        known = self.codes.load(in_program(name)) if in_program(name) in self.codes else None
        if form == "int4" and known:
            codes, scales = known
            if self.half:
                scales = scales.astype(np.float16).astype(np.float32)
            kernel = (1,) * (weight.ndim - 2)  # of a 1x1 convolution
            return Scaled(codes.reshape(weight.shape), scales.reshape(*scales.shape, *kernel), 4)
        if known:
            indices, palettes = known
            return Palette(indices.reshape(weight.shape), look_up_table(palettes, weight.ndim))
        values = weight.astype(np.float16) if self.half else weight
        whole = [0] * (weight.ndim - 1)
        if form in ("int8", "int4"):
            blocks = [1, *whole] if form == "int8" else [1, BLOCK, *whole[1:]]
            bits = int(form.removeprefix("int"))
            made = linear_quantize_weights.blockwise_compress(values, bits, "LINEAR_SYMMETRIC", True, blocks)
            return Scaled(made.data.astype(np.int8), made.scale.astype(np.float32), bits)
        groups = [outputs_a_palette(form, grouped=True), *whole]
        made = palettize_weights.blockwise_compress(values, "KMEANS", PALETTE_BITS[form], groups)
        return Palette(made.indices.astype(np.uint8), made.lut.astype(np.float32))
