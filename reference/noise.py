"""Random numbers for sampling, from two sources with one interface.

Philox is written here and again in `runtime/philox.py` on purpose: neither imports the other, so each checks
the other independently.

    start(batch, tokens)    -> uniforms f32 [B, S]: which tokens of an image are unknown at first
    draw(logits, step)      -> drawn codes i64 [B, S] and their log probability f32 [B, S]
    gumbel(batch, tokens, step) -> confidence noise f32 [B, S]
    random_start(batch, tokens) -> uniforms f32 [2, B, S] of a student's start (`student.random_start`)
    embedding(batch, values)    -> standard normal numbers f32 [B, values] for its token embeddings

`TorchNoise` draws as the published code does. `PhiloxNoise` is counter-based: a seed, a step and a position
give the same number in every language, whatever was drawn before.
"""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from reference.inverse_cdf import draw

SMALLEST = 1e-20  # the published clamp before each logarithm
DRAW, CONFIDENCE, START, RANDOM_START, EMBEDDING = range(5)  # Philox streams
PHILOX_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
PHILOX_WEYL = (0x9E3779B9, 0xBB67AE85)
BELOW_ONE = np.float32(1 - 2.0**-24)
LOW_32 = np.uint64(0xFFFFFFFF)


class Noise(Protocol):
    """A source of random numbers for the sampling loop."""

    def start(self, batch: int, tokens: int) -> Tensor: ...

    def draw(self, logits: Tensor, step: int) -> tuple[Tensor, Tensor]: ...

    def gumbel(self, batch: int, tokens: int, step: int) -> Tensor: ...

    def random_start(self, batch: int, tokens: int) -> Tensor: ...

    def embedding(self, batch: int, values: int) -> Tensor: ...


class TorchNoise:
    """A torch generator, used in the published order: multinomial over [B*S, C], then uniforms [B, S]."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def start(self, batch: int, tokens: int) -> Tensor:
        return torch.rand(batch, tokens, generator=self.generator)

    def draw(self, logits: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """From logits [B, S, C]; `step` is not used."""
        probability = logits.float().softmax(dim=-1).cpu()
        drawn = torch.multinomial(probability.flatten(0, 1), 1, generator=self.generator)
        drawn = drawn.view(probability.shape[:2])
        chosen = probability.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
        return drawn, chosen.clamp(SMALLEST).log()

    def gumbel(self, batch: int, tokens: int, step: int) -> Tensor:
        uniforms = torch.rand(batch, tokens, generator=self.generator)
        return -(-uniforms.clamp(SMALLEST).log()).clamp(SMALLEST).log()

    def random_start(self, batch: int, tokens: int) -> Tensor:
        return torch.rand(2, batch, tokens, generator=self.generator)

    def embedding(self, batch: int, values: int) -> Tensor:
        return torch.randn(batch, values, generator=self.generator)


class PhiloxNoise:
    """Counter-based numbers; image j of a batch uses seed + j (modulo 2^64)."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def uniforms(self, batch: int, tokens: int, step: int, stream: int) -> np.ndarray:
        """All four words of each position as uniforms, f32 [B, 4, S]."""
        words = [philox(self.seed + image, np.arange(tokens), step, stream) for image in range(batch)]
        return to_uniform(np.stack(words))

    def start(self, batch: int, tokens: int) -> Tensor:
        return torch.from_numpy(self.uniforms(batch, tokens, 0, START)[:, 0])

    def draw(self, logits: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """From logits [B, S, C]: word 0 chooses the block of codes, word 1 the code in it."""
        batch, tokens = logits.shape[:2]
        uniforms = torch.from_numpy(self.uniforms(batch, tokens, step, DRAW))
        drawn, log_prob = draw(logits.cpu(), uniforms[:, :2].transpose(0, 1))
        return drawn, log_prob

    def gumbel(self, batch: int, tokens: int, step: int) -> Tensor:
        """-log(-log(u)) in float64, rounded to float32."""
        uniforms = self.uniforms(batch, tokens, step, CONFIDENCE)[:, 0].astype(np.float64)
        return torch.from_numpy((-np.log(-np.log(uniforms))).astype(np.float32))

    def random_start(self, batch: int, tokens: int) -> Tensor:
        return torch.from_numpy(
            self.uniforms(batch, tokens, 0, RANDOM_START)[:, :2].transpose(1, 0, 2).copy()
        )

    def embedding(self, batch: int, values: int) -> Tensor:
        """By Box and Muller from the words of counters 0, 1, ..., four numbers a counter."""
        counters = np.arange(-(-values // 4))
        rows = [box_muller(philox(self.seed + image, counters, 0, EMBEDDING)) for image in range(batch)]
        return torch.from_numpy(np.stack(rows)[:, :values])


def philox(seed: int, index: np.ndarray, step: int, stream: int) -> np.ndarray:
    """Philox4x32-10 words u32 [4, S] at counters (index, step, stream, 0); key (seed low, seed high).

    Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
    """
    counters = [index, np.full_like(index, step), np.full_like(index, stream), np.zeros_like(index)]
    key = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    return philox_words(np.stack(counters).astype(np.uint64), key)


def philox_words(counters: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Ten rounds on counters u64 [4, S] (values below 2^32) -> words u32 [4, S]."""
    c0, c1, c2, c3 = counters
    for turn in range(10):
        k0, k1 = (np.uint64((k + turn * weyl) & 0xFFFFFFFF) for k, weyl in zip(key, PHILOX_WEYL, strict=True))
        product0, product1 = c0 * PHILOX_MULTIPLIERS[0], c2 * PHILOX_MULTIPLIERS[1]
        high0, high1 = product0 >> np.uint64(32), product1 >> np.uint64(32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, product1 & LOW_32, high0 ^ c3 ^ k1, product0 & LOW_32
    return np.stack([c0, c1, c2, c3]).astype(np.uint32)


def box_muller(words: np.ndarray) -> np.ndarray:
    """Words u32 [4, K] -> standard normal numbers f32 [4 K]; words 0 and 2 give radii, 1 and 3 angles.

    The runtimes compute logarithm, sine and cosine by series instead, so that their last bits agree.
    """
    shares = (words.astype(np.float64) + 0.5) * 2.0**-32
    radius = np.sqrt(-2 * np.log(shares[0::2]))
    angle = 2 * np.pi * shares[1::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)  # [2, cos and sin, K]
    return pairs.reshape(4, -1).T.reshape(-1).astype(np.float32)


def to_uniform(words: np.ndarray) -> np.ndarray:
    """((x >> 8) + 0.5) * 2^-24 in float32. The largest rounds up to 1 and is set to the float32 below 1."""
    values = ((words >> np.uint32(8)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-24)
    return np.minimum(values, BELOW_ONE)
