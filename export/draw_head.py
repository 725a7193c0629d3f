"""Guidance, the last projection and the two-level draw.

The logits of a 1024-px image take 134 MB, and the draw would hold several such tensors at once (logits,
exponentials, sums): too much for a phone. So logits are computed and drawn in chunks of positions, whose
tensors stay below CHUNK_BYTES whatever the size of the image.
"""

import torch
from torch import Tensor, nn

from export.fold import after_norm, linear
from reference.inverse_cdf import draw
from reference.transformer import MaskedTokenHead, MaskedTransformer

# 16 MiB of logits a chunk: 512 positions of 8192 codes, so a 1024-px image is 8 chunks. Smaller chunks read
# the projection's weights more often and give its matmul fewer rows; larger ones only add memory.
CHUNK_BYTES = 16 * 2**20


def chunk_size(positions: int, codes: int) -> int:
    """Positions a chunk: the largest divisor of `positions` whose float32 logits fit CHUNK_BYTES (at least
    1).
    """
    fitting = max(1, CHUNK_BYTES // (4 * codes))
    return max(size for size in range(1, positions + 1) if positions % size == 0 and size <= fitting)


def guided_features(features: Tensor, guidance: Tensor, grid: tuple[int, int], side: int) -> Tensor:
    """Guided features [h*side * w*side, D] in the order of tokens.

    features: of the grid h x w, whose positions hold side x side tokens, [R, h*w, ...]; the first row is
    without the prompt, the last with it. Guidance is c + (g - 1)(c - u) with u the first and c the last row.
    It is defined for logits, but the projection to them has no bias, so guiding its input gives the same at
    half the work. A single row serves as both, and guidance then has no effect.
    """
    without, prompt = features[:1], features[-1:]
    guided = prompt + (guidance - 1) * (prompt - without)
    blocks = guided.reshape(*grid, side, side, -1)
    return blocks.permute(0, 2, 1, 3, 4).reshape(grid[0] * grid[1] * side**2, -1)


class DrawingHead(nn.Module):
    """Guided features [S, D] and uniforms [2, S] of S positions -> drawn i32 [S], log_prob [S].

    `reference.inverse_cdf.draw` itself is traced, so the graph and the reference share one definition.
    """

    def __init__(self, head: MaskedTokenHead, positions: int) -> None:
        super().__init__()
        self.logits = linear(after_norm(head.conv2.weight.flatten(1), head.layer_norm))
        self.chunk = chunk_size(positions, self.logits.out_features)

    def forward(self, features: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
        parts = zip(features.split(self.chunk), uniforms.split(self.chunk, dim=1), strict=True)
        # Three dimensions make this linear a MatMul; with two it becomes a Gemm, which quantizers skip.
        drawn, log_prob = zip(*(draw(self.logits(rows[None])[0], u) for rows, u in parts), strict=True)
        return torch.cat(drawn).to(torch.int32), torch.cat(log_prob)


class Sampler(nn.Module):
    """The drawing as a graph of its own, behind a transformer that runs elsewhere.

    It stays in float32 on the CPU, so the drawn tokens do not depend on how another unit rounds.

    Inputs: features [R, h*w, K*D], guidance [], uniforms [2, H*W]. Outputs: drawn i32 [H*W], log_prob [H*W].
    """

    def __init__(self, transformer: MaskedTransformer, height: int, width: int) -> None:
        super().__init__()
        side = transformer.config.compression
        self.side, self.grid = side, (height // side, width // side)
        self.drawing = DrawingHead(transformer.mlm_layer, height * width)

    def guided(self, features: Tensor, guidance: Tensor) -> Tensor:
        """Guided features [H*W, D] in the order of tokens."""
        return guided_features(features, guidance, self.grid, self.side)

    def forward(self, features: Tensor, guidance: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
        return self.drawing(self.guided(features, guidance), uniforms)
