"""The schedule against the published scheduler's table and recorded steps."""

import json

import numpy as np
import pytest
import torch

from reference.errors import RequestError
from reference.schedule import mask_length, mask_lengths, mask_ratio, remask, temperatures
from tests.reference.golden import FOLDER, RUNS, golden_run

TABLE = json.loads((FOLDER / "mask_lengths.json").read_text())


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_mask_lengths_equal_the_whole_published_table(schedule):
    entries = 0
    for tokens, by_steps in TABLE[schedule].items():
        for steps, lengths in by_steps.items():
            assert mask_lengths(int(steps), int(tokens), schedule) == lengths, (tokens, steps)
            entries += len(lengths)
    assert entries == 9440


def test_float32_cosine_of_a_third_of_pi_falls_below_one_half():
    assert mask_lengths(3, 4096)[1] == 2047
    assert mask_ratio(0, 8) == 1


@pytest.mark.parametrize(("model", "name"), RUNS)
def test_mask_lengths_and_temperatures_of_the_recorded_runs(model, name):
    run = golden_run(model, name)
    tokens_in = run["steps_latents_in"].flatten(2)
    mask = golden_mask(model)
    total, steps = tokens_in.shape[-1], run.arguments["num_inference_steps"]
    start = steps - tokens_in.shape[0]
    unknown = int((tokens_in[0, 0] == mask).sum())
    starting = unknown / total if name == "inpaint" else 1.0
    recorded = run["steps_masklen"].flatten()[:-1].int().tolist()
    assert mask_lengths(steps, total, run.masking_schedule, starting, unknown, start) == recorded
    # The last step draws no confidence noise, so none is recorded.
    expected = temperatures(steps, run.arguments.get("temperature", (2.0, 0.0)))[start:-1]
    np.testing.assert_allclose(run["steps_temperature"][:-1].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("temperature", [(2.0, 0.0), (1.5, 0.01), (4.5, 0.3)])
def test_temperatures_are_torch_linspace_bit_for_bit(temperature):
    for steps in range(1, 101):
        expected = torch.linspace(*temperature, steps).numpy()
        assert np.array_equal(temperatures(steps, temperature), expected), steps
    assert np.array_equal(temperatures(8, 1.5), torch.linspace(1.5, 0.01, 8).numpy())


def golden_mask(model: str) -> int:
    config = FOLDER / model / "checkpoint" / "scheduler" / "scheduler_config.json"
    return json.loads(config.read_text())["mask_token_id"]


def test_nothing_unknown_masks_nothing_and_one_unknown_stays():
    assert mask_length(3, 8, 64, unknown=0) == 0
    assert mask_length(3, 8, 64, unknown=1) == 1


def test_remask_takes_the_least_confident_unknown_positions():
    log_prob = torch.tensor([[-5.0, -1.0, -2.0, -2.0, -9.0], [-1.0, -2.0, -3.0, -4.0, -5.0]])
    known = torch.tensor([[False, False, False, False, True], [True, True, False, False, False]])
    zeros = torch.zeros(2, 5)
    assert remask(log_prob, zeros, 1.0, known, [2, 1]).int().tolist() == [[1, 0, 1, 0, 0], [0, 0, 0, 0, 1]]
    lifted = torch.tensor([[3.0, 0, 0, 0, 0], [0, 0, 0, 0, 9.0]])
    assert remask(log_prob, lifted, 2.0, known, [2, 1]).int().tolist() == [[0, 0, 1, 1, 0], [0, 0, 0, 1, 0]]


def test_an_unknown_schedule_is_named():
    with pytest.raises(RequestError, match="'sqrt'"):
        mask_ratio(1, 8, "sqrt")
