"""The sampler as Core AI's converter takes it, and its logits as a function of their own.

The converter (coreai-torch 0.4.3) moves a permutation that is followed by a reshape past the projection, and
then aborts the process because shapes no longer fit. So positions are ordered by a look-up here.

Core AI shows no tensors inside a function, and verification needs the logits. Their function shares the
sampler's weights, so it adds only its operations to the asset. No drawing calls it, so the manifest does not
list it.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from export.apple.graphs import AppleGraph, TensorSpec
from export.draw_head import guided_features
from runtime.parity.machine_recording import LOGITS


class Guided(nn.Module):
    """features [R, h*w, K*D], guidance [1] -> guided features [H*W, D] in the order of tokens."""

    def __init__(self, sampler: Any) -> None:
        super().__init__()
        (height, width), side = sampler.grid, sampler.side
        order = torch.arange(height * width * side**2).reshape(height, width, side, side)
        self.register_buffer("order", order.permute(0, 2, 1, 3).flatten(), persistent=False)

    def forward(self, features: Tensor, guidance: Tensor) -> Tensor:
        order: Any = self.order
        return guided_features(features, guidance, (1, len(order)), 1).index_select(0, order)


class Drawn(nn.Module):
    """What `Sampler` computes, bit for bit."""

    def __init__(self, sampler: Any) -> None:
        super().__init__()
        self.guided, self.drawing = Guided(sampler), sampler.drawing

    def forward(self, features: Tensor, guidance: Tensor, uniforms: Tensor) -> Any:
        return self.drawing(self.guided(features, guidance), uniforms)


class Logits(nn.Module):
    """features [R, h*w, K*D], guidance [1] -> guided logits [H*W, C], in the sampler's chunks."""

    def __init__(self, sampler: Any) -> None:
        super().__init__()
        self.guided, self.project, self.chunk = Guided(sampler), sampler.drawing.logits, sampler.drawing.chunk

    def forward(self, features: Tensor, guidance: Tensor) -> Tensor:
        rows = self.guided(features, guidance).split(self.chunk)
        return torch.cat([self.project(part[None])[0] for part in rows])


def logits_graph(sampler: AppleGraph) -> AppleGraph:
    """The specification of `Logits` of a sampler."""
    inputs = {name: spec for name, spec in sampler.inputs.items() if name != "uniforms"}
    return replace(sampler, inputs=inputs, outputs={LOGITS: TensorSpec(("positions", "codes"))})
