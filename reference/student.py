"""One-step students (Di[M]O, arXiv 2503.15457): what a drawing starts from, and noise on its embeddings.

A student is trained to draw in one pass what its teacher draws in many. Its first pass starts from random
codes of which a fixed share is masked, is told timestep 0, takes one text row, and draws every unknown token.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from reference.component_configs import StudentConfig


def random_start(tokens: Tensor, uniforms: Tensor, student: StudentConfig, mask: int, codes: int) -> Tensor:
    """Tokens i64 [B, H, W] whose unknown ones, the `mask`, become random codes but for the masked share.

    uniforms f32 [2, B, S]: row 0 chooses the code; the positions of smallest (row 1, index) stay masked.
    """
    flat = tokens.flatten(1)
    unknown = flat == mask
    drawn = (uniforms[0].double() * codes).floor().long()
    order = uniforms[1].masked_fill(~unknown, torch.inf)
    rank = order.sort(dim=-1, stable=True).indices.argsort(dim=-1)
    count = (student.masked * unknown.sum(dim=-1, keepdim=True).double() + 0.5).floor()
    masked = unknown & (rank < count)
    return torch.where(unknown & ~masked, drawn, flat).view_as(tokens)


@dataclass(frozen=True)
class EmbeddingNoise:
    """Standard normal numbers f32 [B, H, W, D], of which a token embedding takes a share."""

    values: Tensor
    share: float

    def mixed(self, embedding: Tensor) -> Tensor:
        """share * noise + sqrt(1 - share^2) * embedding, [B, H, W, D]."""
        return self.share * self.values + math.sqrt(1 - self.share**2) * embedding
