"""The conditioner with its widest layer split.

coremltools compresses a weight in temporary arrays of many times its size: 17 GB for the quarter of a billion
weights that give the 1 B model's modulations.
"""

import torch
from torch import Tensor, nn

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


def split_conditioner(transformer: MaskedTransformer) -> Conditioner:
    """A `Conditioner` whose modulation linear is split into parts of MODULATIONS * D outputs."""
    conditioner = Conditioner(transformer)
    del conditioner.modulations
    width = MODULATIONS * transformer.config.inner_dim
    conditioner.modulations = SplitLinear(modulations(transformer), width)
    return conditioner
