"""The graph that runs once a prompt: the context, and the modulation of every block in every step."""

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.fold import copy_of, linear, stacked
from reference.blocks import EPSILON, Modulation
from reference.transformer import MaskedTransformer, TwoLayer

SCALES = (1, 4)  # which D-wide parts of a modulation are scales: a sub-layer has (shift, scale, gate)


class Conditioner(nn.Module):
    """Conditioning of all N steps in one pass.

    A modulation depends only on the step, the size and the pooled text. So the loop need not compute it, and
    its weights (a quarter of the 1 B model) leave memory before the loop starts. The biases hold the 1 of
    "1 + scale".

    Inputs: text_hidden [R, T, J], text_pooled [R, P], micro_sinusoids [5, 256], step_sinusoids [N, 256].
    Outputs: context [R, T, D], modulation [N, R, M]. M lists the double blocks (image 6D, then text 6D:
    shift, scale, gate of attention, then of the MLP), then the single blocks (3D: shift, scale, gate).
    """

    def __init__(self, transformer: MaskedTransformer) -> None:
        super().__init__()
        self.context_embedder = copy_of(transformer.context_embedder)
        self.context_norm = nn.Parameter(transformer.encoder_proj_layer_norm.weight.detach().float())
        self.cond_embed = two_layer(transformer.cond_embed)
        self.time = two_layer(transformer.time_text_embed.timestep_embedder)
        self.text = two_layer(transformer.time_text_embed.text_embedder)
        self.modulations: nn.Module = modulations(transformer)

    def forward(
        self, text_hidden: Tensor, text_pooled: Tensor, micro_sinusoids: Tensor, step_sinusoids: Tensor
    ) -> tuple[Tensor, Tensor]:
        context = self.norm(self.context_embedder(text_hidden))
        # Three dimensions make every linear a MatMul; a linear of two becomes a Gemm, which quantizers skip.
        pooled = text_pooled.unsqueeze(0)
        micro = micro_sinusoids.reshape(1, 1, -1).expand(1, text_pooled.shape[0], -1)
        text = self.text(self.cond_embed(torch.cat([pooled, micro], dim=-1)))  # [1, R, D]
        time = self.time(step_sinusoids.unsqueeze(1))  # [N, 1, D]
        return context, self.modulations(F.silu(time + text))

    def norm(self, context: Tensor) -> Tensor:
        """RMSNorm of the last axis."""
        return F.rms_norm(context, self.context_norm.shape, self.context_norm, EPSILON)


def two_layer(layers: TwoLayer) -> nn.Sequential:
    """A float32 copy of linear, SiLU, linear."""
    return nn.Sequential(copy_of(layers.linear_1), nn.SiLU(), copy_of(layers.linear_2))


def modulations(transformer: MaskedTransformer) -> nn.Linear:
    """One linear D -> M with the AdaLN linears of all blocks, in the order of `Conditioner`."""
    doubles: Iterable[Any] = transformer.transformer_blocks
    singles: Iterable[Any] = transformer.single_transformer_blocks
    layers = [norm for block in doubles for norm in (block.norm1, block.norm1_context)]
    layers += [block.norm for block in singles]
    return stacked(*(one_plus_scale(layer) for layer in layers))


def one_plus_scale(modulation: Modulation) -> nn.Linear:
    """A modulation's linear with 1 added to the bias of its scales."""
    bias = modulation.linear.bias.detach().float().unflatten(0, (modulation.parts, -1)).clone()
    for part in SCALES:
        if part < modulation.parts:
            bias[part] += 1.0
    return linear(modulation.linear.weight, bias.flatten())


def modulation_width(transformer: MaskedTransformer) -> int:
    """M, the length of a step's modulation of all blocks."""
    config = transformer.config
    return (12 * config.num_layers + 3 * config.num_single_layers) * config.inner_dim
