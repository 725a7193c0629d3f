"""The front end of a student whose token embeddings have noise."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from export.fold import after_norm, linear, lookup, rms_normed
from reference.blocks import EPSILON
from reference.transformer import MaskedTransformer


class NoisyFrontEnd(nn.Module):
    """tokens i32 [H, W] and noise f32 [H, W, D] -> image rows [1, h*w, D].

        tokens -> table -> + share of noise -> RMSNorm -> 2x2 conv, stride 2 -> RMSNorm -> project_to_hidden
                  '- norm and 1x1 conv inside                  (as one linear of four corners)

    The noise comes before a norm, so no table can hold what follows, as `fold.corner_tables` does for others.
    """

    def __init__(self, transformer: MaskedTransformer, share: float) -> None:
        super().__init__()
        embed, self.share = transformer.embed, share
        self.side = transformer.config.compression
        weight = after_norm(embed.conv.weight.flatten(1), embed.layer_norm)
        self.table = lookup(math.sqrt(1 - share**2) * (rms_normed(embed.embeddings.weight) @ weight.T))
        project = after_norm(transformer.project_to_hidden.weight, transformer.project_to_hidden_norm)
        self.project_to_hidden = linear(project)
        if self.side > 1:
            down: Any = transformer.down_block.get_submodule("downsample")
            kernel = down.conv.weight.double() * down.norm.weight.double()[:, None, None]
            self.compress = linear(kernel.permute(0, 2, 3, 1).flatten(1))  # inputs: row, column, channel

    def forward(self, tokens: Tensor, noise: Tensor) -> Tensor:
        mixed = rms_norm(self.share * noise + self.table(tokens))
        if self.side == 1:
            return self.project_to_hidden(mixed.flatten(0, 1)[None])
        height, width, channels = mixed.shape
        side = self.side
        blocks = mixed.reshape(height // side, side, width // side, side, channels).permute(0, 2, 1, 3, 4)
        cells = blocks.reshape(1, height * width // side**2, side * side * channels)
        return self.project_to_hidden(rms_norm(self.compress(cells)))


def rms_norm(x: Tensor) -> Tensor:
    """RMSNorm of the last axis, without weight."""
    return nn.functional.rms_norm(x, x.shape[-1:], torch.ones(x.shape[-1]), EPSILON)
