"""The conditioner against the reference's conditioning of each step and block."""

import pytest
import torch
from torch import Tensor

from export.conditioner import Conditioner, modulation_width
from reference.checkpoint import Checkpoint
from reference.transformer import sinusoid
from tests.export.inputs import micro_conditions, texts

STEPS = 48  # as published, so that the first step's sinusoids have angles as large


@pytest.fixture(params=[1, 2])
def rows(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def conditioned(checkpoint: Checkpoint, size: tuple[int, int], rows: int) -> tuple[Tensor, Tensor]:
    hidden, pooled = texts(checkpoint, rows)
    steps = sinusoid(1000.0 * torch.arange(STEPS, dtype=torch.float64))
    with torch.no_grad():
        return Conditioner(checkpoint.transformer)(hidden, pooled, sinusoid(micro_conditions(size)[0]), steps)


@torch.no_grad()
def test_context_is_the_normed_projection_of_the_text(checkpoint: Checkpoint, rows: int, conditioned):
    hidden, _ = texts(checkpoint, rows)
    torch.testing.assert_close(
        conditioned[0], checkpoint.transformer.embed_text(hidden), atol=1e-5, rtol=1e-5
    )


@torch.no_grad()
def test_the_modulation_of_every_step_and_block_equals_the_references(
    checkpoint: Checkpoint, size: tuple[int, int], rows: int, conditioned
):
    transformer, modulation = checkpoint.transformer, conditioned[1]
    assert modulation.shape == (STEPS, rows, modulation_width(transformer))
    _, pooled = texts(checkpoint, rows)
    micro = micro_conditions(size).expand(rows, -1)
    layers = [norm for block in transformer.transformer_blocks for norm in (block.norm1, block.norm1_context)]
    layers += [block.norm for block in transformer.single_transformer_blocks]
    for step in (0, 1, 30, STEPS - 1):
        temb = transformer.condition(pooled, torch.tensor([float(step)]), micro)
        parts = [part.squeeze(1) for layer in layers for part in layer(temb)]
        kinds = [kind for layer in layers for kind in ["shift", "scale", "gate"] * (layer.parts // 3)]
        expected = [part + 1 if kind == "scale" else part for part, kind in zip(parts, kinds, strict=True)]
        torch.testing.assert_close(modulation[step], torch.cat(expected, dim=-1), atol=1e-5, rtol=1e-5)


def test_steps_are_conditioned_differently(conditioned):
    modulation = conditioned[1]
    assert (modulation[1:] - modulation[:-1]).abs().amax(dim=(1, 2)).min() > 1e-3
