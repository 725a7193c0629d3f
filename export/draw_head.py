"""The last projection and the two-level draw, in chunks of positions.

All logits of a 1024-px image are a tensor of 134 MB, of which the draw keeps several alive (logits,
exponentials, sums): too much for a phone. A chunk's tensors are bounded by CHUNK_BYTES, whatever the size of
the image.
"""

import torch
from torch import Tensor, nn

from export.fold import after_norm, linear
from reference.inverse_cdf import draw
from reference.transformer import MaskedTokenHead

# 16 MiB of logits a chunk: 512 positions of 8192 codes, so a 1024-px image is 8 chunks. Smaller chunks read
# the projection's weights more often and give its matmul fewer rows; larger ones only add memory.
CHUNK_BYTES = 16 * 2**20


def chunks(positions: int, codes: int) -> int:
    """Positions a chunk: the largest divisor of `positions` whose float32 logits fit CHUNK_BYTES (at least
    1).
    """
    fitting = max(1, CHUNK_BYTES // (4 * codes))
    return max(size for size in range(1, positions + 1) if positions % size == 0 and size <= fitting)


class DrawingHead(nn.Module):
    """Guided features [S, D] and uniforms [2, S] -> drawn i32 [S], log_prob [S], S positions.

    `reference.inverse_cdf.draw` itself is traced, so the graph and the reference share one definition.
    """

    def __init__(self, head: MaskedTokenHead, positions: int) -> None:
        super().__init__()
        self.logits = linear(after_norm(head.conv2.weight.flatten(1), head.layer_norm))
        self.chunk = chunks(positions, self.logits.out_features)

    def forward(self, features: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
        parts = zip(features.split(self.chunk), uniforms.split(self.chunk, dim=1), strict=True)
        # Three dimensions keep the projection a MatMul: a 2-D linear becomes a Gemm, which quantizers pass
        # over.
        drawn, log_prob = zip(*(draw(self.logits(rows[None])[0], u) for rows, u in parts), strict=True)
        return torch.cat(drawn).to(torch.int32), torch.cat(log_prob)
