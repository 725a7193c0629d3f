"""Reference and runtime are written apart; the arithmetic they must share is equal bit by bit."""

import numpy as np
import pytest
import torch

from reference import noise as reference_noise
from reference import schedule as reference_schedule
from reference.request import first_step
from reference.transformer import sinusoid
from runtime import loop, philox, schedule, sinusoids

SEEDS = (0, 1, 7, 2**32 - 1, 2**32, 0x0123456789ABCDEF, 2**64 - 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_uniforms_and_gumbel_noise(seed: int) -> None:
    ours = philox.PhiloxNoise(seed)
    theirs = reference_noise.PhiloxNoise(seed)
    for step in (0, 1, 47):
        assert np.array_equal(ours.draw(step, 300), theirs.uniforms(1, 300, step, philox.DRAW)[0, :2])
        assert np.array_equal(ours.confidence(step, 300), theirs.gumbel(1, 300, step)[0].numpy())
    assert np.array_equal(ours.masking(300), theirs.start(1, 300)[0].numpy())


@pytest.mark.parametrize("name", ["cosine", "linear"])
def test_mask_lengths(name: str) -> None:
    for steps in (1, 2, 8, 12, 16, 48, 64):
        for tokens in (16, 256, 1024, 4096):
            for ratio in (1.0, 0.37):
                for step in range(steps - 1):
                    unknown = max(1, int(tokens * ratio) - step)
                    assert schedule.mask_length(name, step, steps, tokens, unknown, ratio) == (
                        reference_schedule.mask_length(step, steps, tokens, unknown, name, ratio)
                    )


def test_temperatures_and_first_steps() -> None:
    for steps in range(1, 130):
        assert np.array_equal(schedule.temperatures(steps), reference_schedule.temperatures(steps))
        for strength in (0.01, 0.3, 0.5, 0.99, 1.0):
            assert loop.starting_step(steps, strength) == first_step(steps, strength)


def test_sinusoids() -> None:
    for steps in (1, 16, 64):
        times = 1000.0 * torch.arange(steps, dtype=torch.float64)
        for timestep, numbers in (("index", times), ("share", times / steps)):
            found = sinusoids.step_sinusoids(steps, timestep)
            # The last bit of a float64 cosine may differ between numpy and torch; float32 hides almost all.
            np.testing.assert_allclose(found, sinusoid(numbers).numpy(), rtol=0, atol=1e-7)
