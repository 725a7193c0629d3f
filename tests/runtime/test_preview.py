"""Previews from a table of patches: pixels, masked tokens, every step, bundles without a table."""

import json
from pathlib import Path

import numpy as np
import pytest

from runtime.bundle import open_bundle
from runtime.errors import BundleError
from runtime.generator import Generator
from runtime.loop import Progress
from runtime.preview import PreviewTable
from runtime.request import Request
from tests.runtime.tiny_bundle import PATCHES, TOKEN_SIZE, edit_manifest, paint, write_bundle

VECTORS = Path(__file__).parents[1] / "vectors" / "previews.json"


def test_every_pixel_is_its_codes_and_grey_where_there_is_none() -> None:
    cases = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert len(cases) == 4
    for case in cases:
        side, width, height = case["side"], case["width"], case["height"]
        patches = np.array(case["patches"], np.uint8).reshape(-1, side, side, 3)
        tokens = np.array(case["tokens"], np.int32).reshape(height, width)
        made = PreviewTable(patches).picture(tokens)
        assert made.ravel().tolist() == case["pixels"]
        assert (tokens >= len(patches)).any()
        for y, x in np.ndindex(height * side, width * side):
            code = tokens[y // side, x // side]
            wanted = patches[code, y % side, x % side] if code < len(patches) else [128] * 3
            assert made[y, x].tolist() == list(wanted)


def test_every_step_of_a_drawing_has_a_preview_and_no_graph_is_run_for_it(tmp_path: Path) -> None:
    told: list[Progress] = []
    with Generator.open(write_bundle(tmp_path / "tiny")) as generator:
        runs: list[str] = []
        run = generator.engine.run
        generator.engine.run = lambda name, tensors: runs.append(name) or run(name, tensors)  # type: ignore
        drawing = generator.text_to_image(Request("a cat", steps=3), lambda step: told.append(step))
    assert runs == ["text_encoder", "conditioner", *["transformer"] * 3, "image_decoder"]
    for progress in told:
        assert progress.preview is not None
        half = TOKEN_SIZE // 2
        upper = paint(progress.candidate)[::TOKEN_SIZE, ::half]  # the decoder paints a code's one colour
        assert np.array_equal(progress.preview[::2], upper)
        assert np.array_equal(progress.preview[1::2], upper // 2)
    assert np.array_equal(told[-1].candidate, drawing.tokens)


def test_a_bundle_without_a_table_draws_the_same_without_previews(tmp_path: Path) -> None:
    tokens, previews = [], []
    for name in ("with", "without"):
        folder = write_bundle(tmp_path / name)
        if name == "without":
            edit_manifest(folder, "preview", value=None)
        with Generator.open(folder) as generator:
            drawing = generator.text_to_image(
                Request("a cat", seed=5), lambda progress: previews.append(progress.preview)
            )
        tokens.append(drawing.tokens)
    assert np.array_equal(*tokens)
    assert all(preview is None for preview in previews[len(previews) // 2 :])


def test_a_truncated_table_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "tiny")
    (folder / "preview.bin").write_bytes(PATCHES.tobytes()[:-1])
    with pytest.raises(BundleError, match=r"preview\.bin is truncated"):
        open_bundle(folder)
