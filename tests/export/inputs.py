"""Inputs that look like a run's: a half-masked grid, texts of different length, a late step."""

from pathlib import Path

import torch
from torch import Tensor

from export.conditioner import Conditioner
from export.graphs import token_grid
from reference.checkpoint import Checkpoint
from reference.text import encode_text
from reference.transformer import sinusoid

GOLDEN = Path(__file__).parents[1] / "golden"
STEP = 5  # of 8
PROMPTS = ["", "A red cat, on the dog! 123"]  # negative, prompt


def half_masked(checkpoint: Checkpoint, size: tuple[int, int], seed: int = 0) -> Tensor:
    """Tokens i64 [H, W], half of them the mask."""
    width, height = token_grid(checkpoint, size)
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(
        0, checkpoint.transformer.config.codebook_size, (height, width), generator=generator
    )
    masked = torch.rand(height, width, generator=generator) < 0.5
    return tokens.masked_fill(masked, checkpoint.mask_token_id)


def texts(checkpoint: Checkpoint, rows: int) -> tuple[Tensor, Tensor]:
    """text_hidden [R, T, J] and text_pooled [R, P]: the prompt alone, or the negative before it."""
    return encode_text(checkpoint.tokenizer, checkpoint.text_encoder, PROMPTS[-rows:])


def micro_conditions(size: tuple[int, int]) -> Tensor:
    """[1, 5]."""
    return torch.tensor([[*size, 0, 0, 6]], dtype=torch.float32)


def uniforms(checkpoint: Checkpoint, size: tuple[int, int]) -> Tensor:
    """[2, H*W]."""
    width, height = token_grid(checkpoint, size)
    return torch.rand(2, height * width, generator=torch.Generator().manual_seed(1))


def conditioning(checkpoint: Checkpoint, size: tuple[int, int], rows: int) -> tuple[Tensor, Tensor]:
    """context [R, T, D] and modulation [R, M] of step STEP, from the exporter's module."""
    hidden, pooled = texts(checkpoint, rows)
    steps = sinusoid(1000.0 * torch.arange(8, dtype=torch.float64))
    conditioner = Conditioner(checkpoint.transformer)
    context, modulation = conditioner(hidden, pooled, sinusoid(micro_conditions(size)[0]), steps)
    return context, modulation[STEP]
