"""The judge: what it is taught, how it reads its heatmaps, and that the shipped one is right."""

import json
import math
import sys
from collections import Counter
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import torch

from reference.errors import CheckpointError, RequestError, exit_code
from reference.stickers import judge_training as judge_module
from reference.stickers.detector import (
    GRID,
    SHIPPED,
    SHIPPED_SHADED,
    SIDE,
    Detection,
    Detector,
    DetectorConfig,
    load_detector,
    peaks,
    save_detector,
)
from reference.stickers.draw import draw
from reference.stickers.judge_training import (
    CLEAN,
    CROPPED,
    STREWN,
    JudgeRecipe,
    facts_right,
    focal_loss,
    fresh_sample,
    loss_of,
    measure,
    scrambled,
    targets,
    train,
    training_sample,
)
from reference.stickers.scene import (
    COLOURS,
    FLAT,
    SHADED,
    SUBJECTS,
    Scene,
    Sticker,
    Vocabulary,
    is_held_out,
    sample_scene,
)

TINY = DetectorConfig(widths=(8, 8, 8))
UNSEEN_SEED = 987_654  # of drawings that neither its training nor its own measurement used


@cache
def shipped(folder: Path = SHIPPED) -> Detector:
    return load_detector(folder)


def read_back(stickers: tuple[Sticker, ...], vocabulary: Vocabulary) -> list[Detection]:
    """Detections of a detector that says exactly what it is taught."""
    wanted = targets(stickers, vocabulary)
    subjects = torch.from_numpy(wanted.subjects)[None].clamp(1e-4, 1 - 1e-4).logit()
    colours = torch.nn.functional.one_hot(torch.from_numpy(wanted.colours)[None], len(COLOURS))
    worn = torch.from_numpy(wanted.worn)[None] - 0.5
    return peaks(subjects, colours.permute(0, 3, 1, 2), worn, DetectorConfig(vocabulary=vocabulary))[0]


@pytest.mark.parametrize("vocabulary", [FLAT, SHADED])
@pytest.mark.parametrize("kind", [CLEAN, CROPPED, STREWN])
def test_every_fact_of_a_picture_survives_targets_and_peaks(kind: str, vocabulary: Vocabulary) -> None:
    for index in range(60):
        _, stickers = fresh_sample(3, index, kind, vocabulary)
        right = facts_right(stickers, read_back(stickers, vocabulary))
        assert right["whole"] == 1, (index, stickers)


def test_facts_right_notices_every_kind_of_error() -> None:
    stickers = (
        Sticker("cat", "red", 0.27, 0.5, 0.2, hat=True),
        Sticker("sun", "blue", 0.73, 0.5, 0.2, glasses=True),
    )
    cat, sun = sorted(read_back(stickers, FLAT), key=lambda found: found.x)
    assert facts_right(stickers, [sun, cat])["whole"] == 1
    wrong = {
        "subject": replace(cat, subject="fish"),
        "colour": replace(cat, colour="pink"),
        "hat": replace(cat, hat=False),
        "glasses": replace(cat, glasses=True),
        "position": replace(cat, x=cat.x + 0.2),
    }
    for fact, detection in wrong.items():
        right = facts_right(stickers, [detection, sun])
        assert right["whole"] == 0, fact
        assert right[fact] == 1, fact
    for found in ([cat], [sun], [cat, sun, replace(sun, y=0.9)], []):
        right = facts_right(stickers, found)
        assert (right["whole"], right["count"]) == (0, 0), found


def test_two_cells_of_one_object_are_one_detection() -> None:
    subjects = torch.full((1, len(SUBJECTS), GRID, GRID), -9.0)
    subjects[0, 3, 8, 8], subjects[0, 5, 8, 9], subjects[0, 3, 8, 12] = 3.0, 2.0, 1.0
    found = peaks(
        subjects, torch.zeros(1, len(COLOURS), GRID, GRID), torch.zeros(1, 2, GRID, GRID), DetectorConfig()
    )[0]
    assert [(one.subject, one.x * GRID) for one in found] == [(SUBJECTS[3], 8.5), (SUBJECTS[3], 12.5)]


def test_focal_loss_is_that_of_the_paper() -> None:
    heat = torch.tensor([1.0, 0.5, 0.0])
    logits = torch.tensor([0.0, 0.0, 2.0])
    p = 1 / (1 + math.exp(-2))
    by_hand = 0.25 * math.log(2) + 0.5**4 * 0.25 * math.log(2) - p**2 * math.log(1 - p)
    assert focal_loss(logits, heat).item() == pytest.approx(by_hand, rel=1e-5)


def test_judge_is_taught_all_colours_of_all_subjects() -> None:
    pairs = Counter()
    for index in range(700):
        rng = np.random.default_rng(index)
        scene = judge_module.strewn_scene(rng)
        pairs.update((sticker.subject, sticker.colour) for sticker in scene.stickers)
    assert len(pairs) == len(SUBJECTS) * len(COLOURS)
    assert sum(count for pair, count in pairs.items() if is_held_out(*pair)) > 60
    assert {len(training_sample(1, index)[1]) for index in range(60)} >= {0, 1, 2, 3, 4}


def test_training_learns() -> None:
    samples = [training_sample(5, index) for index in range(24)]
    torch.manual_seed(JudgeRecipe.seed)
    before = loss_of(Detector(TINY).train(), samples).item()
    after = loss_of(train(JudgeRecipe(steps=30, batch=8, learning_rate=0.02), TINY), samples).item()
    assert after < 0.75 * before


@pytest.mark.parametrize("vocabulary", [FLAT, SHADED])
def test_detector_is_the_same_after_saving_in_half_precision(tmp_path: Path, vocabulary: Vocabulary) -> None:
    torch.manual_seed(0)
    detector = Detector(replace(TINY, vocabulary=vocabulary)).half().float().eval()
    save_detector(detector, tmp_path / "judge", {"note": "test"})
    again = load_detector(tmp_path / "judge")
    pictures = torch.rand(2, 3, SIDE, SIDE)
    assert all(torch.equal(a, b) for a, b in zip(detector(pictures), again(pictures), strict=True))
    assert again.config == detector.config
    assert sorted(file.name for file in (tmp_path / "judge").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]


def test_a_judge_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no judge: train one"):
        load_detector(tmp_path)
    save_detector(Detector(TINY), tmp_path, {})
    config = json.loads((tmp_path / "config.json").read_text())
    for change, message in (
        ({"subjects": ["dog"]}, "subjects are not those that are drawn now"),
        ({"widths": [8, 8]}, '"widths", three whole numbers'),
        ({"widths": [8, 8, 16]}, "belong to different models"),
    ):
        (tmp_path / "config.json").write_text(json.dumps({**config, **change}))
        with pytest.raises(CheckpointError, match=message):
            load_detector(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match="damaged or truncated"):
        load_detector(tmp_path)


def test_judge_looks_at_bytes_only() -> None:
    with pytest.raises(RequestError, match=r"float64 \[1, 64, 64, 3\]"):
        Detector(TINY).detect(np.zeros((1, SIDE, SIDE, 3)))


def test_command_writes_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "DetectorConfig", partial(replace, TINY))
    out = tmp_path / "judge"
    monkeypatch.setattr(sys, "argv", ["judge", "--out", str(out), "--steps", "3", "--test-pictures", "5"])
    assert exit_code(judge_module.command_line) == 0
    config = json.loads((out / "config.json").read_text())
    assert config["accuracy"][CLEAN] == measure(load_detector(out), JudgeRecipe.seed, CLEAN, 5)
    assert config["command"].endswith(f"--out {out} --steps 3 --vocabulary flat")


def test_command_refuses_what_it_cannot_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for arguments, message in (
        (["--out", str(tmp_path / "file")], "is a file: give a folder"),
        (["--steps", "0"], "--steps is 0: it must be at least 1"),
    ):
        monkeypatch.setattr(sys, "argv", ["judge", *arguments])
        assert exit_code(judge_module.command_line) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("folder", "kind", "floor"),
    [(SHIPPED, CLEAN, 0.96), (SHIPPED, STREWN, 0.96), (SHIPPED_SHADED, CLEAN, 0.95)],
)
def test_shipped_judge_is_right_about_whole_unseen_drawings(folder: Path, kind: str, floor: float) -> None:
    shares = measure(shipped(folder), UNSEEN_SEED, kind, 150)
    assert shares["whole"] >= floor
    assert min(shares.values()) == shares["whole"]


@pytest.mark.parametrize(("folder", "floor"), [(SHIPPED, 0.98), (SHIPPED_SHADED, 0.97)])
def test_shipped_judge_was_measured_and_is_small(folder: Path, floor: float) -> None:
    config = json.loads((folder / "config.json").read_text())
    assert config["accuracy"][CLEAN]["whole"] >= floor
    assert (folder / "model.safetensors").stat().st_size <= 1_000_000


def test_shipped_judge_sees_nothing_where_nothing_is_drawn() -> None:
    rng = np.random.default_rng(0)
    blank = np.full((4, SIDE, SIDE, 3), 255, np.uint8)
    salad = [scrambled(draw(sample_scene(rng), SIDE, rng), rng) for _ in range(50)]
    assert shipped().detect(blank) == [[]] * 4
    assert sum(len(found) for found in shipped().detect(np.stack(salad))) <= 3


def test_shipped_judge_sees_the_same_at_twice_the_size() -> None:
    scene = Scene("pair", (Sticker("cat", "red", 0.27, 0.5, 0.22), Sticker("boat", "gray", 0.73, 0.5, 0.22)))
    for side in (SIDE, 2 * SIDE):
        found = shipped().detect(draw(scene, side, np.random.default_rng(1))[None])[0]
        assert facts_right(scene.stickers, found)["whole"] == 1
