"""The conditioner with its widest layer in parts.

coremltools compresses a weight as a whole, in temporary arrays of many times its size: 17 GB for the quarter
of a billion weights that give the 1 B model's modulations.
"""

import torch
from torch import Tensor, nn

from export.conditioner import Conditioner, modulations
from export.fold import linear
from reference.transformer import MaskedTransformer

MODULATIONS = 6  # a part gives shift, scale and gate, twice


class Parts(nn.Module):
    """A linear layer as several, each of `width` outputs."""

    def __init__(self, whole: nn.Linear, width: int) -> None:
        super().__init__()
        weights, biases = whole.weight.split(width), whole.bias.split(width)
        self.parts = nn.ModuleList(linear(*part) for part in zip(weights, biases, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([part(x) for part in self.parts], dim=-1)


def split_conditioner(transformer: MaskedTransformer) -> Conditioner:
    """See `export.conditioner.Conditioner`."""
    conditioner = Conditioner(transformer)
    del conditioner.modulations
    width = MODULATIONS * transformer.config.inner_dim
    conditioner.modulations = Parts(modulations(transformer), width)
    return conditioner
