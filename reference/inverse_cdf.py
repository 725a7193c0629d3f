"""Draw one code a position from logits and two uniforms: the inverse CDF in two levels.

The first uniform chooses a block of codes, the second a code in that block. The result has the distribution
of a multinomial draw from softmax(logits) but needs 2 random numbers instead of C, so it fits into an
exported graph. The export traces this function, so the reference and the graphs share one definition.
"""

import math

from torch import Tensor


def block_size(codes: int) -> int:
    """Codes in a block: the smallest divisor of `codes` not below its root (8192 -> 128, 128 -> 16)."""
    return next(size for size in range(math.isqrt(codes - 1) + 1, codes + 1) if codes % size == 0)


def draw(logits: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """Logits [..., C], uniforms [2, ...] in (0, 1) -> drawn code i64 [...] and its log probability f32 [...].

    The index is the number of cumulative sums strictly below u * total. It is always in range and never that
    of a block or code without mass, even where u * total rounds up to the total.
    """
    size = block_size(logits.shape[-1])
    logits = logits.float()
    highest = logits.amax(dim=-1, keepdim=True)
    weights = (logits - highest).exp().unflatten(-1, (-1, size))
    blocks = weights.sum(dim=-1).cumsum(dim=-1)
    total = blocks[..., -1:]
    block = (blocks < uniforms[0].unsqueeze(-1) * total).sum(dim=-1, keepdim=True)
    codes = weights.take_along_dim(block.unsqueeze(-1), dim=-2).squeeze(-2).cumsum(dim=-1)
    code = (codes < uniforms[1].unsqueeze(-1) * codes[..., -1:]).sum(dim=-1, keepdim=True)
    drawn = block * size + code
    log_prob = logits.take_along_dim(drawn, dim=-1) - highest - total.log()
    return drawn.squeeze(-1), log_prob.squeeze(-1)
