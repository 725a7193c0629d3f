"""Students trained from a teacher: what a step changes, and that a resumed run is the same run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from reference.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from reference.component_configs import StudentConfig
from reference.errors import CheckpointError, RequestError
from reference.pipeline import Pipeline
from reference.random_weights import PRESETS, write_random
from reference.stickers.distill import Distillation, Recipe, command_line

SIZE = (64, 64)
RECIPE = Recipe("teacher", SIZE, steps=4, batch=2)
CAPTIONS = ["a red cat", "a blue cat", "two stars"]


@pytest.fixture
def teacher(tmp_path: Path) -> Checkpoint:
    (tmp_path / "teacher").mkdir()
    write_random(tmp_path / "teacher", PRESETS["tiny"], torch.float32)
    return load_checkpoint(tmp_path / "teacher")


def test_the_student_comes_nearer_to_its_teacher(teacher: Checkpoint, tmp_path: Path) -> None:
    """The auxiliary soon knows the student, and then its distance to the teacher falls."""
    recipe = Recipe("teacher", SIZE, steps=36, batch=2, learning_rate=1e-3)
    run = Distillation(teacher, recipe, tmp_path / "run.safetensors", CAPTIONS)
    student = run.run(lambda step, loss: None)
    losses = [loss for _, loss in run.curve]
    assert losses[0] < 0.01  # the auxiliary begins as the teacher
    assert np.mean(losses[-8:]) < 0.8 * np.mean(losses[5:15])
    assert student.student == StudentConfig(masked=0.6)
    assert (student.defaults.steps, student.defaults.guidance) == (1, 1.0)
    save_checkpoint(student, tmp_path / "student")
    drawn = Pipeline(load_checkpoint(tmp_path / "student")).text_to_image("a red cat").tokens
    assert drawn.max() < 64


def test_a_resumed_run_is_the_same_run_to_the_bit(teacher: Checkpoint, tmp_path: Path) -> None:
    whole = Distillation(teacher, RECIPE, tmp_path / "whole.safetensors", CAPTIONS)
    whole.run(lambda step, loss: None)
    half = Distillation(teacher, RECIPE, tmp_path / "half.safetensors", CAPTIONS)
    half.advance(), half.advance(), half.save()
    rest = Distillation(teacher, RECIPE, tmp_path / "half.safetensors", CAPTIONS)
    rest.run(lambda step, loss: None)
    assert rest.curve == whole.curve
    for mine, theirs in zip(rest.student.parameters(), whole.student.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_run_goes_on_with_larger_pictures(teacher: Checkpoint, tmp_path: Path) -> None:
    small = Distillation(teacher, RECIPE, tmp_path / "run.safetensors", CAPTIONS)
    small.advance(), small.save()
    larger = replace(RECIPE, size=(128, 128))
    run = Distillation(teacher, larger, tmp_path / "run.safetensors", CAPTIONS)
    assert run.step == 1 and run.run(lambda step, loss: None).defaults.size == (128, 128)


def test_publishing_leaves_the_run_as_it_is(teacher: Checkpoint, tmp_path: Path) -> None:
    """What is published is the average, and a run that goes on needs the last weights."""
    run = Distillation(teacher, RECIPE, tmp_path / "run.safetensors", CAPTIONS)
    published = run.run(lambda step, loss: None).transformer
    saved = Distillation(teacher, RECIPE, tmp_path / "run.safetensors", CAPTIONS)
    pairs = zip(run.student.parameters(), saved.student.parameters(), published.parameters(), strict=True)
    changed = 0
    for last, stored, average in pairs:
        assert torch.equal(last, stored)
        changed += not torch.equal(last, average)
    assert changed > 0


def test_a_run_of_another_recipe_is_refused(teacher: Checkpoint, tmp_path: Path) -> None:
    Distillation(teacher, RECIPE, tmp_path / "run.safetensors", CAPTIONS).save()
    with pytest.raises(RequestError, match="another recipe: choose another --out"):
        Distillation(teacher, Recipe("other", SIZE, steps=4, batch=2), tmp_path / "run.safetensors", CAPTIONS)


def test_a_run_of_more_steps_than_asked_is_not_published(teacher: Checkpoint, tmp_path: Path) -> None:
    Distillation(teacher, RECIPE, tmp_path / "run.safetensors", CAPTIONS).run(lambda step, loss: None)
    with pytest.raises(RequestError, match="has 4 steps: give --steps 4 or more"):
        Distillation(teacher, replace(RECIPE, steps=2), tmp_path / "run.safetensors", CAPTIONS)


def test_a_damaged_snapshot_is_named(teacher: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "run.safetensors").write_bytes(b"no safetensors")
    with pytest.raises(CheckpointError, match=r"run\.safetensors is damaged or of another program"):
        Distillation(teacher, RECIPE, tmp_path / "run.safetensors", CAPTIONS)


def test_a_student_is_no_teacher(
    teacher: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = replace(teacher, student=StudentConfig(masked=0.6), files={})
    save_checkpoint(student, tmp_path / "student")
    monkeypatch.setattr(
        "sys.argv", ["distill", "--checkpoint", str(tmp_path / "student"), "--out", str(tmp_path / "run")]
    )
    with pytest.raises(RequestError, match="is a student itself: give its teacher"):
        command_line()
    assert not (tmp_path / "run").exists()


def test_the_run_is_not_published_over_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = str(tmp_path / "run")
    monkeypatch.setattr("sys.argv", ["distill", "--out", run, "--publish", run])
    with pytest.raises(RequestError, match="is the folder of the run, --out: name another"):
        command_line()
