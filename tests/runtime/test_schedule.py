"""The schedule against the table recorded from the published scheduler, and against torch."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from reference.schedule import in_interval as reference_in_interval
from runtime.schedule import in_interval, mask_length, mask_ratio, temperatures
from runtime.sinusoids import micro_sinusoids, sinusoids, step_sinusoids

TABLE = json.loads((Path(__file__).parents[1] / "golden" / "mask_lengths.json").read_text())


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_mask_lengths_equal_the_published_scheduler_entry_by_entry(schedule: str) -> None:
    entries = 0
    for tokens, by_steps in TABLE[schedule].items():
        for steps, expected in by_steps.items():
            found, unknown = [], int(tokens)
            for step in range(int(steps) - 1):
                unknown = mask_length(schedule, step, int(steps), int(tokens), unknown)
                found.append(unknown)
            assert found == expected, (tokens, steps)
            entries += len(found)
    assert entries > 8000


def test_intervals_of_steps_begin_and_end_where_the_vectors_say() -> None:
    cases = json.loads((Path(__file__).parents[1] / "vectors" / "intervals.json").read_text())
    for case in cases:
        steps, start, end = case["steps"], case["from"], case["until"]
        assert [i for i in range(steps) if in_interval(i, steps, start, end)] == case["inside"]
        assert [i for i in range(steps) if reference_in_interval(i, steps, start, end)] == case["inside"]
    halves = [[i for i in range(8) if in_interval(i, 8, *half)] for half in ((0, 0.5), (0.5, 1))]
    assert halves == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_float32_cosine_of_a_third_falls_below_one_half() -> None:
    assert mask_length("cosine", 1, 3, 4096, 4096) == 2047


def test_inpainting_scales_by_the_share_that_was_masked() -> None:
    run = np.load(Path(__file__).parents[1] / "golden" / "mono" / "inpaint.npz")
    unknown = int(run["mask_tokens"].sum())
    share, found = unknown / 256, []
    for step in range(7):
        unknown = mask_length("linear", step, 8, 256, unknown, share)
        found.append(unknown)
    assert found == run["steps_masklen"][:7, 0].tolist()


def test_nothing_unknown_masks_nothing_and_one_unknown_stays_masked() -> None:
    assert mask_length("cosine", 0, 4, 64, 0) == 0
    assert mask_length("cosine", 0, 4, 64, 1) == 1
    assert mask_length("cosine", 0, 4, 64, 2) == 1


@pytest.mark.parametrize(("start", "end"), [(2.0, 0.0), (2.0, 0.01), (1.5, 0.01), (3.3, 0.2)])
def test_temperatures_equal_torch_linspace_bit_for_bit(start: float, end: float) -> None:
    for steps in range(1, 301):
        expected = torch.linspace(start, end, steps).numpy()
        assert temperatures(steps, start, end).tobytes() == expected.tobytes(), steps


def test_linear_ratio_ends_at_zero_and_cosine_nearly() -> None:
    assert mask_ratio("linear", 5, 5) == 0
    assert abs(mask_ratio("cosine", 5, 5)) < 1e-6
    assert mask_ratio("cosine", 0, 5) == 1


def test_sinusoids_are_cosines_then_sines() -> None:
    rows = sinusoids([0, 64.0])
    assert rows.shape == (2, 256)
    assert rows.dtype == np.float32
    assert rows[0].tolist() == [1.0] * 128 + [0.0] * 128
    for i in (0, 1, 77, 127):
        angle = 64 * 10000 ** (-i / 128)
        assert rows[1, i] == np.float32(math.cos(angle))
        assert rows[1, 128 + i] == np.float32(math.sin(angle))


def test_sinusoids_equal_diffusers() -> None:
    from diffusers.models.embeddings import get_timestep_embedding

    numbers = [0, 6, 64, 512, 1000, 1024]
    theirs = get_timestep_embedding(
        torch.tensor(numbers, dtype=torch.float64), 256, flip_sin_to_cos=True, downscale_freq_shift=0
    )
    np.testing.assert_allclose(
        sinusoids(numbers), theirs.numpy(), atol=2e-4
    )  # theirs has float32 frequencies


def test_step_row_t_is_a_thousand_times_t() -> None:
    assert step_sinusoids(64, "index")[63].tobytes() == sinusoids([63000])[0].tobytes()
    assert step_sinusoids(64, "share")[16].tobytes() == sinusoids([250])[0].tobytes()
    assert micro_sinusoids(96, 64, 6.0).tobytes() == sinusoids([96, 64, 0, 0, 6]).tobytes()
