"""The conditioner as Apple's converters take it: its widest layer split, its norm written as a LayerNorm.

coremltools compresses a weight in temporary arrays of many times its size: 17 GB for the quarter of a billion
weights that give the 1 B model's modulations.

coremltools 9 divides the input of an rms_norm by its largest value x and then adds epsilon to the mean of
squares, so epsilon counts x^2 times.
"""

import torch
from torch import Tensor, nn

from export.apple.norms import rms_norm
from export.conditioner import Conditioner, modulations
from export.fold import linear
from reference.transformer import MaskedTransformer

MODULATIONS = 6  # in one part: shift, scale and gate, twice


class SplitLinear(nn.Module):
    """A linear layer as several, each with `width` of its outputs."""

    def __init__(self, whole: nn.Linear, width: int) -> None:
        super().__init__()
        weights, biases = whole.weight.split(width), whole.bias.split(width)
        self.parts = nn.ModuleList(linear(*part) for part in zip(weights, biases, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([part(x) for part in self.parts], dim=-1)


class AppleConditioner(Conditioner):
    """A `Conditioner` whose modulation linear is split into parts of MODULATIONS * D outputs."""

    def __init__(self, transformer: MaskedTransformer) -> None:
        super().__init__(transformer)
        width = MODULATIONS * transformer.config.inner_dim
        self.modulations = SplitLinear(modulations(transformer), width)

    def norm(self, context: Tensor) -> Tensor:
        return rms_norm(context) * self.context_norm
