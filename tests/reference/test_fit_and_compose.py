"""Fitting and composing, beside Pillow's own operations and a definition without tricks."""

import base64
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reference.compose import compose, covered_pixels, depth
from reference.fit import FITS, fit, inscribed
from runtime.pictures import mask_levels, picture_array
from tests.runtime import editing_cases

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "editing.json").read_text(encoding="utf-8"))


def pictures() -> list[Image.Image]:
    return [
        Image.frombytes("RGB", tuple(case["size"]), base64.b64decode(case["rgb"]))
        for case in VECTORS["pictures"]
    ]


def sha256(values: np.ndarray) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()


def test_the_vectors_are_those_that_pillow_gives_now() -> None:
    assert json.loads(editing_cases.document()) == VECTORS


def test_pictures_and_masks_are_fitted_as_recorded() -> None:
    sources = pictures()
    for case in VECTORS["fits"]:
        made = picture_array(sources[case["picture"]], tuple(case["size"]), case["fit"])
        assert sha256(made) == case["rgb_sha256"]
    for case in VECTORS["masks"]:
        mask = sources[case["picture"]]
        assert (
            sha256(mask_levels(mask, tuple(case["of"]), tuple(case["size"]), case["fit"]))
            == case["levels_sha256"]
        )


@pytest.mark.parametrize("how", FITS)
def test_a_picture_of_the_size_is_unchanged(how) -> None:
    (picture,) = (source for source in pictures() if source.size == (16, 12))
    assert fit(picture, (16, 12), how, "white").tobytes() == picture.tobytes()


def test_crop_keeps_the_middle_and_pad_keeps_all() -> None:
    wide = Image.new("RGB", (60, 20), "red")
    wide.paste("blue", (20, 0, 40, 20))
    assert np.unique(np.asarray(fit(wide, (20, 20), "crop", "white")).reshape(-1, 3), axis=0).tolist() == [
        [0, 0, 255]
    ]
    padded = np.asarray(fit(wide, (60, 60), "pad", "white"))
    assert (padded[:20] == 255).all() and (padded[40:] == 255).all()
    assert np.array_equal(padded[20:40], np.asarray(wide))
    assert inscribed((60, 20), (30, 30)) == (30, 10)


def test_the_photo_stays_outside_and_the_seam_is_one_token_wide() -> None:
    unknown = np.zeros((6, 6), bool)
    unknown[1:5, 1:5] = True
    covered = covered_pixels(unknown, 4)
    photo, drawn = np.zeros((24, 24, 3), np.uint8), np.full((24, 24, 3), 250, np.uint8)
    made = compose(photo, drawn, covered, 4)
    assert (made[~covered] == 0).all()
    assert made[12, 4:9, 0].tolist() == [50, 100, 150, 200, 250]
    assert (made[8:16, 8:16] == 250).all()


def test_depth_is_the_distance_to_the_nearest_pixel_that_is_kept() -> None:
    rng = np.random.default_rng(8)
    covered = rng.random((17, 23)) < 0.9
    kept = np.argwhere(~covered)
    distance = np.abs(np.indices(covered.shape).transpose(1, 2, 0)[:, :, None] - kept).max(axis=3).min(axis=2)
    assert np.array_equal(depth(covered, 5), np.minimum(distance, 5))
    assert (depth(np.ones((3, 4), bool), 9) == 9).all()


def test_composing_rounds_to_the_nearest_level() -> None:
    rng = np.random.default_rng(3)
    photo, drawn = (rng.integers(0, 256, (8, 12, 3), np.uint8) for _ in range(2))
    covered = covered_pixels(rng.random((2, 3)) < 0.6, 4)
    share = depth(covered, 5)[..., None] / 5
    exact = photo * (1 - share) + drawn * share
    assert np.abs(compose(photo, drawn, covered, 4) - exact).max() <= 0.5
