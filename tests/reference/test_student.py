"""One-step students: the recorded Di[M]O drawing, and what a checkpoint says of them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from reference.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from reference.component_configs import StudentConfig
from reference.errors import CheckpointError
from reference.noise import PhiloxNoise
from reference.pipeline import Pipeline
from reference.student import random_start
from tests.reference.dimo import META, RUN, SETTINGS, STUDENT, Recorded, dimo, dimo_folder

MASK = 71


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return dimo(tmp_path_factory.mktemp("dimo") / "checkpoint")


def test_the_recorded_student_gives_the_published_start_logits_tokens_and_image(
    checkpoint: Checkpoint,
) -> None:
    noise = Recorded()
    pipeline = Pipeline(checkpoint)
    drawing = pipeline.text_to_image(META["prompt"], noise=noise, trace=True, **SETTINGS)
    (step,) = drawing.trace
    assert torch.equal(step.tokens_in.int(), torch.from_numpy(RUN["tokens_in"]))
    assert int((step.tokens_in == MASK).sum()) == 154  # round(0.6 * 256)
    recorded = torch.from_numpy(RUN["logits"]).flatten(2).transpose(1, 2)
    assert (noise.logits - recorded).abs().max() < 1e-3
    assert torch.equal(drawing.tokens.int(), torch.from_numpy(RUN["final_tokens"]))
    image = np.asarray(drawing.images[0]).astype(int)
    assert np.abs(image - RUN["image_u8"][0]).max() <= 1  # the recording truncates levels, we round them


def test_without_noise_the_scale_of_the_embeddings_does_not_matter(checkpoint: Checkpoint) -> None:
    """So a student without noise exports with the tables of any other model."""
    tokens = torch.from_numpy(RUN["tokens_in"]).long()
    transformer = checkpoint.transformer
    embedding = transformer.embed(tokens)
    scaled = transformer.down_block(0.995 * embedding)
    torch.testing.assert_close(transformer.down_block(embedding), scaled, atol=1e-4, rtol=1e-4)


def test_the_start_masks_a_share_of_the_unknown_and_keeps_the_known() -> None:
    tokens = torch.full((2, 4, 5), MASK)
    tokens[1, 0] = 7
    uniforms = PhiloxNoise(3).random_start(2, 20)
    started = random_start(tokens, uniforms, StudentConfig(masked=0.5), MASK, 64)
    assert (started == MASK).sum(dim=(1, 2)).tolist() == [10, 8]  # 7.5 of 15 rounds up
    assert (started[1, 0] == 7).all() and started[started != MASK].max() < 64
    full, none = (random_start(tokens, uniforms, StudentConfig(masked=m), MASK, 64) for m in (1.0, 0.0))
    assert torch.equal(full, tokens) and not (none == MASK).any()


def test_embedding_noise_is_standard_normal_and_depends_on_the_seed() -> None:
    values = PhiloxNoise(5).embedding(2, 40_001)
    assert values.shape == (2, 40_001)
    assert torch.equal(values[1], PhiloxNoise(6).embedding(1, 40_001)[0])
    assert stats.kstest(values[0].numpy(), "norm").pvalue > 0.01
    assert abs(float(np.corrcoef(values[0][:-1:2], values[0][1::2])[0, 1])) < 0.02


def test_a_second_pass_goes_on_as_the_teacher(checkpoint: Checkpoint) -> None:
    trace = Pipeline(checkpoint).text_to_image("a cat", size=(256, 256), steps=2, trace=True).trace
    assert int((trace[0].tokens_in == MASK).sum()) == 154
    one = Pipeline(checkpoint).text_to_image("a cat", size=(256, 256), trace=True).trace[0]
    assert torch.equal(one.drawn, trace[0].drawn)  # the first pass is told timestep 0 in any number of steps
    masked = trace[1].tokens_in == MASK
    assert masked.sum() == 181  # the schedule's cos(pi / 4) of 256
    assert torch.equal(trace[1].tokens_in[~masked], trace[0].drawn[~masked])


def test_what_says_how_a_student_is_drawn_is_saved_and_read(tmp_path: Path, checkpoint: Checkpoint) -> None:
    save_checkpoint(checkpoint, tmp_path / "saved")
    saved = load_checkpoint(tmp_path / "saved")
    assert saved.student == STUDENT
    assert (saved.defaults.steps, saved.defaults.guidance) == (1, 1.0)
    assert load_checkpoint(dimo_folder(tmp_path / "plain")).student is None


def test_a_student_that_says_no_defaults_draws_in_one_step_without_guidance(tmp_path: Path) -> None:
    folder = dimo_folder(tmp_path / "student")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "student": {"masked": 0.5}}))
    checkpoint = load_checkpoint(folder)
    assert checkpoint.student == StudentConfig(masked=0.5, noise=0.0)
    assert (checkpoint.defaults.steps, checkpoint.defaults.guidance) == (1, 1.0)


@pytest.mark.parametrize(
    ("student", "message"),
    [
        ({"masked": 1.5}, "masked is 1.5"),
        ({"masked": 0.5, "noise": 1}, "noise is 1: it must be less than 1"),
        ({"noise": 0.1}, "missing masked"),
        ({"masked": 0.5, "steps": 4}, "unknown steps is 4"),
        ("yes", "student is 'yes'"),
    ],
)
def test_a_student_out_of_range_is_named(tmp_path: Path, student: object, message: str) -> None:
    folder = dimo_folder(tmp_path / "student")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "student": student}))
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(folder)
