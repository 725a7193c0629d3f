"""Drawings and captions: deterministic, and true to the scene they show."""

from dataclasses import replace

import numpy as np
import pytest

from reference.stickers.captions import (
    BIG,
    NUMBERS,
    PLACE_PHRASES,
    RELATION_PHRASES,
    SCENERY_PHRASES,
    SMALL,
    describe,
    names_of,
    plural,
)
from reference.stickers.dataset import PictureSet, captioned_picture
from reference.stickers.draw import draw
from reference.stickers.scene import (
    COLOURS,
    COUNT_LAYOUTS,
    FLAT,
    PATTERNS,
    SCENERIES,
    SHADED,
    SUBJECTS,
    WEARERS,
    Scene,
    count,
    is_held_out,
    pair,
    sample_scene,
    single,
)
from reference.stickers.subjects import GLASSES, HAT_BRIM, SUBJECT_STROKES


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def coloured(picture: np.ndarray, colour: str) -> np.ndarray:
    """Which pixels are near a palette colour."""
    return np.abs(picture.astype(int) - COLOURS[colour]).max(-1) < 24


def test_same_seed_draws_the_same_picture_and_another_seed_another():
    scene = single("cat", "red")
    assert np.array_equal(draw(scene, 64, rng(1)), draw(scene, 64, rng(1)))
    assert not np.array_equal(draw(scene, 64, rng(1)), draw(scene, 64, rng(2)))


@pytest.mark.parametrize("subject", SHADED.subjects)
def test_every_subject_shows_its_colour_inside_the_picture(subject):
    picture = draw(single(subject, "purple"), 64, rng())
    share = coloured(picture, "purple").mean()
    assert 0.03 < share < 0.5
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert edge.min() > 240, "a centred drawing stays clear of the edge"


def test_subjects_look_different_from_each_other():
    pictures = [draw(single(subject, "red"), 64, rng()).astype(float) for subject in SHADED.subjects]
    for i, first in enumerate(pictures):
        for second in pictures[:i]:
            assert np.sqrt(np.square(first - second).mean()) > 6


@pytest.mark.parametrize(("place", "axis", "low"), [("left", 1, True), ("right", 1, False),
                                                    ("top", 0, True), ("bottom", 0, False)])  # fmt: skip
def test_places_put_the_colour_on_that_side(place, axis, low):
    where = np.argwhere(coloured(draw(single("heart", "red", place), 64, rng()), "red"))
    centre = where[:, axis].mean()
    assert centre < 26 if low else centre > 38


@pytest.mark.parametrize(
    ("relation", "axis", "first_comes_first"),
    [
        ("left of", 1, True),
        ("right of", 1, False),
        ("above", 0, True),
        ("below", 0, False),
        ("beside", 1, True),
    ],
)
def test_relations_order_the_two_objects(relation, axis, first_comes_first):
    picture = draw(pair(("heart", "red"), ("star", "blue"), relation), 64, rng())
    red, blue = (np.argwhere(coloured(picture, c))[:, axis].mean() for c in ("red", "blue"))
    assert (red < blue) == first_comes_first


def test_counts_draw_one_object_at_each_place_and_none_elsewhere():
    for number, places in COUNT_LAYOUTS.items():
        red = coloured(draw(count(number, "heart", "red"), 64, rng()), "red")
        total = red.sum()
        for x, y in places:
            column, row = int(64 * x), int(64 * y)
            here = (slice(row - 14, row + 14), slice(column - 14, column + 14))
            assert red[here].sum() > total / number * 0.7
            red[here] = False
        assert red.sum() == 0


def test_hat_and_glasses_change_every_wearer():
    for subject in WEARERS:
        plain = draw(single(subject, "red"), 64, rng())
        for worn in ({"hat": True}, {"glasses": True}):
            assert (plain != draw(single(subject, "red", **worn), 64, rng())).any(-1).sum() > 25


def test_training_scenes_never_hold_a_held_out_pair_and_held_out_scenes_only_those():
    generator = rng(3)
    for held_out in (False, True):
        for index in range(400):
            vocabulary = (FLAT, SHADED)[index % 2]
            for sticker in sample_scene(generator, held_out, vocabulary=vocabulary).stickers:
                assert is_held_out(sticker.subject, sticker.colour) == held_out


def test_every_subject_has_one_held_out_colour_and_every_colour_stays_known():
    held = [(s, c) for s in SHADED.subjects for c in COLOURS if is_held_out(s, c)]
    assert [s for s, _ in held] == list(SHADED.subjects)
    for colour in COLOURS:
        assert sum(c == colour for _, c in held) < len(SUBJECTS) / 2


def facts_missing(scene: Scene, caption: str) -> list[str]:
    """Facts of the scene that the caption should say and does not."""
    wanted = []
    for sticker in scene.stickers[:1] if scene.kind == "count" else scene.stickers:
        names = names_of(sticker.subject)
        wanted.append(tuple(plural(name) for name in names) if scene.kind == "count" else names)
        if scene.kind != "single":
            wanted.append((sticker.colour, "grey" if sticker.colour == "gray" else sticker.colour))
        wanted += [(thing,) for thing in ("hat", "glasses") if getattr(sticker, thing)]
    if scene.kind == "count":
        wanted.append((NUMBERS[len(scene.stickers)],))
    if scene.kind == "pair":
        wanted.append(RELATION_PHRASES[scene.relation])
    if scene.kind == "single" and scene.place != "centre":
        wanted.append(PLACE_PHRASES[scene.place])
    if scene.size != "medium":
        wanted.append(SMALL if scene.size == "small" else BIG)
    if scene.background != "white":
        wanted.append(SCENERY_PHRASES.get(scene.background, (scene.background,)))
    return [str(options) for options in wanted if not any(option in caption for option in options)]


@pytest.mark.parametrize("vocabulary", [FLAT, SHADED])
def test_captions_say_what_the_scene_shows(vocabulary):
    generator = rng(5)
    for _ in range(500):
        scene = sample_scene(generator, vocabulary=vocabulary)
        caption = describe(scene, generator)
        assert not facts_missing(scene, caption), (caption, scene)
        assert len(caption.split()) <= 22


def test_captions_paraphrase_one_scene():
    generator = rng(6)
    assert len({describe(pair(("cat", "red"), ("sun", "gray"), "above"), generator) for _ in range(60)}) > 10


def test_a_cropped_sample_says_so_in_its_micro_conditions():
    samples = [captioned_picture(PictureSet(FLAT, 64, False, 9), i) for i in range(200)]
    cropped = [conditions for _, _, conditions in samples if conditions[0] != 64]
    assert 5 <= len(cropped) <= 40
    assert all(picture.shape == (64, 64, 3) for picture, _, _ in samples)
    for width, height, top, left, score in (conditions for _, _, conditions in samples):
        assert width == height and 0 <= top <= height - 64 and 0 <= left <= width - 64
        assert 4.0 <= score <= 6.0


def test_every_subject_can_be_drawn():
    assert set(SUBJECT_STROKES) == set(SHADED.subjects)
    assert set(HAT_BRIM) == set(GLASSES) == set(SHADED.wearers)


def test_vocabularies_name_only_what_they_hold():
    generator = rng(4)
    for vocabulary in (FLAT, SHADED):
        scenes = [sample_scene(generator, vocabulary=vocabulary) for _ in range(600)]
        assert {s.subject for scene in scenes for s in scene.stickers} == set(vocabulary.subjects)
        known = {name for group in vocabulary.backgrounds for name in group}
        assert {scene.background for scene in scenes} == known
        assert {scene.shaded for scene in scenes} == {vocabulary.shaded}


def shaded(scene: Scene, background: str = "white") -> np.ndarray:
    return draw(replace(scene, background=background, shaded=True), 128, rng()).astype(int)


def test_shading_is_lighter_above_than_below_and_keeps_the_colour():
    picture = shaded(single("heart", "red", size="big"))
    where = np.argwhere(np.abs(picture - COLOURS["red"]).max(-1) < 30)
    upper, lower = (picture[tuple(part.T)].mean() for part in (where[:300], where[-300:]))
    assert upper - lower > 8
    assert len(where) > 0.15 * 128 * 128


def test_a_white_rim_parts_a_shaded_sticker_from_the_night():
    picture = shaded(single("star", "black"), "night sky")
    nothing = shaded(Scene("single", ()), "night sky")
    changed = np.abs(picture - nothing).max(-1) > 40
    row = picture[64][changed[64]]
    assert row[0].min() > 150 and row[-1].min() > 150, "the outermost pixels of a sticker are its rim"


@pytest.mark.parametrize("background", [*PATTERNS, *SCENERIES])
def test_patterns_and_sceneries_are_the_same_behind_every_sticker(background):
    cat, fish = (shaded(single(subject, "red", size="small"), background) for subject in ("cat", "fish"))
    rows, columns = np.ogrid[:128, :128]
    outside = np.hypot(rows - 64, columns - 64) > 36
    assert (cat == fish)[outside].all()
    assert len(np.unique(cat[outside].reshape(-1, 3), axis=0)) > 1
