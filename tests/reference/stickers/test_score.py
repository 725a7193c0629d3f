"""The prompt-following score: true drawings pass, everything else fails, and the command reports it."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from reference.checkpoint import load_checkpoint
from reference.errors import exit_code
from reference.pipeline import Pipeline
from reference.random_weights import PRESETS, write_random
from reference.stickers import score as score_module
from reference.stickers.captions import NUMBERS, RELATION_PHRASES
from reference.stickers.detector import Detection, Detector, load_detector
from reference.stickers.evaluation_prompts import (
    CATEGORIES,
    PARTS,
    Expected,
    Task,
    Wanted,
    judge_pictures,
    prompt_set,
)
from reference.stickers.scene import SHADED, Scene, is_held_out
from reference.stickers.score import FRAME, Settings, generate, grid

SIDE = 64


@cache
def judge() -> Detector:
    return load_detector()


@cache
def tasks() -> list[Task]:
    return prompt_set(34, seed=1)


@cache
def drawings() -> np.ndarray:
    return np.stack([task.drawing(SIDE) for task in tasks()])


@pytest.fixture(scope="module")
def random_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("random") / "tiny"
    folder.mkdir()
    write_random(folder, PRESETS["tiny"], torch.float32)
    return folder


def redrawn(change: Callable[[Scene], Scene], kind: str) -> tuple[list[Task], np.ndarray]:
    """Tasks of a category or part, and drawings of their scenes changed."""
    chosen = [task for task in tasks() if kind in (task.category, task.part)]
    return chosen, np.stack([replace(task, scene=change(task.scene)).drawing(SIDE) for task in chosen])


def test_true_drawings_pass_in_every_category() -> None:
    scores = judge_pictures(judge(), tasks(), drawings())
    assert list(scores.categories) == list(CATEGORIES)
    assert min(scores.categories.values()) >= 0.97, scores.categories
    assert min(scores.parts.values()) >= 0.95, scores.parts
    assert scores.overall == pytest.approx(np.mean(scores.passed))


def test_held_out_drawings_pass_too() -> None:
    chosen = prompt_set(20, held_out=True)
    scores = judge_pictures(judge(), chosen, np.stack([task.drawing(SIDE) for task in chosen]))
    assert scores.overall >= 0.97


def test_drawings_of_the_neighbours_prompt_fail() -> None:
    shuffled = np.concatenate([np.roll(part, 1, axis=0) for part in np.split(drawings(), len(CATEGORIES))])
    scores = judge_pictures(judge(), tasks(), shuffled)
    assert scores.overall < 0.1
    assert max(scores.categories.values()) < 0.2, scores.categories


def test_white_pictures_score_nothing() -> None:
    scores = judge_pictures(judge(), tasks(), np.full_like(drawings(), 255))
    assert scores.overall == 0
    assert not any(scores.detections)


def recoloured(scene: Scene) -> Scene:
    return replace(
        scene,
        stickers=tuple(replace(s, colour="blue" if s.colour != "blue" else "red") for s in scene.stickers),
    )


def swapped_colours(scene: Scene) -> Scene:
    first, second = scene.stickers
    return replace(
        scene, stickers=(replace(first, colour=second.colour), replace(second, colour=first.colour))
    )


def swapped_places(scene: Scene) -> Scene:
    first, second = scene.stickers
    return replace(
        scene,
        stickers=(replace(first, x=second.x, y=second.y), replace(second, x=first.x, y=first.y)),
    )


def one_less(scene: Scene) -> Scene:
    return replace(scene, stickers=scene.stickers[1:])


def hat_changed(scene: Scene) -> Scene:
    return replace(scene, stickers=tuple(replace(s, hat=not s.hat) for s in scene.stickers))


def glasses_changed(scene: Scene) -> Scene:
    return replace(scene, stickers=tuple(replace(s, glasses=not s.glasses) for s in scene.stickers))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("two objects", one_less),
        ("colour", recoloured),
        ("position", swapped_places),
        ("counting", one_less),
        ("worn", hat_changed),
        ("worn", glasses_changed),
        ("binding", swapped_colours),
    ],
)
def test_drawings_with_one_fact_wrong_fail(kind: str, change: Callable[[Scene], Scene]) -> None:
    chosen, pictures = redrawn(change, kind)
    passed = judge_pictures(judge(), chosen, pictures).passed
    assert sum(passed) <= 0.05 * len(passed), [t.prompt for t, ok in zip(chosen, passed, strict=True) if ok]


@pytest.mark.parametrize("kind", ["one object", "two objects", "position", "counting"])
def test_colours_are_asked_only_where_the_category_says_so(kind: str) -> None:
    chosen, pictures = redrawn(recoloured, kind)
    assert np.mean(judge_pictures(judge(), chosen, pictures).passed) >= 0.95


CAT = Detection("cat", "red", 0.3, 0.5, hat=False, glasses=False, score=0.9)
FISH = replace(CAT, subject="fish", colour="blue", x=0.7, score=0.8)


@pytest.mark.parametrize(
    ("expected", "found", "shown"),
    [
        (Expected((Wanted("cat"),)), [FISH, CAT], True),
        (Expected((Wanted("cat"),)), [FISH], False),
        (Expected((Wanted("cat"), Wanted("fish")), "left of"), [CAT, FISH], True),
        (Expected((Wanted("fish"), Wanted("cat")), "right of"), [CAT, FISH], True),
        (Expected((Wanted("cat"), Wanted("fish")), "above"), [CAT, FISH], False),
        # no further apart one way than the other, and too near
        (Expected((Wanted("cat"), Wanted("fish")), "left of"), [CAT, replace(FISH, y=0.95)], False),
        (Expected((Wanted("cat"), Wanted("fish")), "left of"), [CAT, replace(FISH, x=0.36)], False),
        (Expected((Wanted("cat"),), count=2), [CAT, replace(CAT, x=0.7)], True),
        (Expected((Wanted("cat"),), count=2), [CAT, FISH], False),
        (Expected((Wanted("cat"),), count=2), [CAT, replace(CAT, x=0.7), FISH], False),
        # of two cats the surest is asked
        (Expected((Wanted("cat", "red"),)), [CAT, replace(CAT, colour="pink", score=0.5)], True),
        (Expected((Wanted("cat", "pink"),)), [CAT, replace(CAT, colour="pink", score=0.5)], False),
        (Expected((Wanted("cat", hat=False, glasses=True),)), [replace(CAT, glasses=True)], True),
        (Expected((Wanted("cat", hat=False, glasses=True),)), [CAT], False),
    ],
)
def test_rules_of_the_categories(expected: Expected, found: list[Detection], shown: bool) -> None:
    assert expected.shown_by(found) == shown


def test_prompts_say_what_is_judged() -> None:
    chosen = prompt_set(50, seed=3)
    assert Counter(task.category for task in chosen) == dict.fromkeys(CATEGORIES, 50)
    assert Counter(task.part for task in chosen if task.part) == dict.fromkeys(PARTS, 25)
    for task in chosen:
        words = task.prompt.replace("grey", "gray").replace("fishes", "fish").replace("letters", "letter")
        for wanted in task.expected.objects:
            assert wanted.subject in words
            if wanted.colour:
                assert f"{wanted.colour} {wanted.subject}" in words
            assert bool(wanted.hat) == ("hat" in words.split()) or wanted.hat is None
            assert bool(wanted.glasses) == ("glasses" in words) or wanted.glasses is None
        if task.expected.count:
            assert NUMBERS[task.expected.count] in words
        if task.expected.relation:
            assert any(phrase in words for phrase in RELATION_PHRASES[task.expected.relation])


def test_prompts_follow_from_the_seed_and_the_order_of_categories() -> None:
    assert prompt_set(4, seed=5) == prompt_set(4, seed=5)
    assert [t.prompt for t in prompt_set(4, seed=5)] != [t.prompt for t in prompt_set(4, seed=6)]
    more = {task.prompt for task in prompt_set(8, seed=5)}
    assert {task.prompt for task in prompt_set(4, seed=5)} <= more


def test_prompts_of_the_shaded_vocabulary_name_faces_words_and_sceneries() -> None:
    tasks = prompt_set(60, vocabulary=SHADED)
    assert all(task.scene.shaded for task in tasks)
    said = " ".join(task.prompt for task in tasks)
    for words in ("emoji", "word ", "ice cream", "stripes", "night sky"):
        assert words in said


def test_held_out_prompts_ask_for_unseen_pairs_alone() -> None:
    for task in prompt_set(20, held_out=True):
        assert all(is_held_out(sticker.subject, sticker.colour) for sticker in task.scene.stickers)
        assert any(
            colour in task.prompt
            for colour in (task.scene.stickers[0].colour, task.scene.stickers[0].colour.replace("a", "e"))
        )


def test_pictures_do_not_depend_on_the_batches(
    random_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline(load_checkpoint(random_checkpoint))
    settings = Settings(seed=9, steps=3)
    pictures = []
    for batch in (2, 3):
        monkeypatch.setattr(score_module, "BATCH", batch)
        pictures.append(generate(pipeline, tasks()[:4], settings, lambda done: None))
    alone = pipeline.text_to_image(tasks()[3].prompt, seed=9 + 3, steps=3).images[0]
    assert np.mean(pictures[0] == pictures[1]) > 0.99
    assert np.mean(pictures[0][3] == np.asarray(alone)) > 0.99


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["score", *map(str, arguments)])
    return exit_code(score_module.command_line)


def test_command_reports_scores_pictures_and_verdicts(
    random_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, sheet = tmp_path / "score.json", tmp_path / "score.png"
    arguments = ("--checkpoint", random_checkpoint, "--prompts-per-category", 2, "--steps", 2)
    assert run(monkeypatch, *arguments, "--out", out, "--grid", sheet) == 0
    printed = capsys.readouterr().out
    report = json.loads(out.read_text())
    assert all(f"\n{name} " in "\n" + printed for name in (*CATEGORIES, "overall"))
    assert report["scores"]["drawings"]["overall"] == 1
    assert report["scores"]["generated"]["overall"] < 0.2  # random weights
    assert report["scores"]["reconstructions"]["overall"] < 0.2
    assert report["vq_psnr"] < 15
    assert len(report["prompts"]) == 2 * len(CATEGORIES)
    assert Image.open(sheet).size == (2 * len(CATEGORIES) * (SIDE + 8), SIDE + 8)
    assert sorted(tmp_path.iterdir()) == [out, sheet]


def test_grid_frames_passed_pictures_green_and_others_red() -> None:
    sheet = grid(drawings()[:2], [True, False])
    assert sheet.getpixel((0, 0)) == FRAME[True]
    assert sheet.getpixel((SIDE + 8, 0)) == FRAME[False]


def test_command_refuses_bad_input_in_one_line(
    random_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments, message in (
        (["--prompts-per-category", 0], "prompts per category is 0"),
        (["--seed", -1], "seed is -1"),
        (["--out", tmp_path / "score.txt"], "must end in .json"),
        (["--grid", tmp_path / "missing" / "grid.png"], "does not exist: make it"),
        (["--checkpoint", tmp_path / "nowhere"], "nowhere"),
        (["--checkpoint", random_checkpoint, "--steps", 0], "steps is 0"),
        (["--checkpoint", random_checkpoint, "--guidance", -2], "guidance is -2"),
    ):
        assert run(monkeypatch, *arguments) == 2, arguments
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("error: ")
        assert message in error
    assert not list(tmp_path.iterdir())
