"""Whole drawings on the tiny bundle, against the same model in plain numpy."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession
from PIL import Image

from runtime.errors import BundleError, Cancelled, RequestError
from runtime.generator import Generator
from runtime.loop import Plan, Progress
from runtime.philox import PhiloxNoise
from runtime.request import Request
from tests.runtime.by_hand import REQUEST, by_hand, masks
from tests.runtime.tiny_bundle import (
    CODES,
    LOGITS_ONLY,
    MASK,
    SAMPLER,
    SIZE,
    TRANSFORMER,
    H,
    W,
    edit_manifest,
    paint,
    replace_file,
    write_bundle,
)

KNOWN = np.random.default_rng(4).integers(0, CODES, (H, W)).astype(np.int32)


@pytest.mark.parametrize("guidance", [2.5, 1.0, 0.0])
def test_text_to_image_equals_the_model_in_numpy(generator: Generator, guidance: float) -> None:
    request = Request("the red cat!", "dog", 7, 9, guidance)
    drawing = generator.text_to_image(request)
    expected = by_hand(request, masks(), Plan(9, MASK, "cosine"))
    np.testing.assert_array_equal(drawing.tokens, expected)
    np.testing.assert_array_equal(drawing.picture, paint(expected))
    assert len(np.unique(expected)) > 4


def test_a_step_of_two_graphs_draws_the_same(generator: Generator, tmp_path: Path) -> None:
    graphs = {"transformer": LOGITS_ONLY, "sampler": SAMPLER}
    folder = write_bundle(tmp_path / "chain", graphs, step=("transformer", "sampler"))
    chained = Generator.open(folder, threads=1).text_to_image(REQUEST)
    np.testing.assert_array_equal(chained.tokens, generator.text_to_image(REQUEST).tokens)


@pytest.mark.parametrize("guidance", [2.5, 1.0, 0.0])
def test_a_step_of_two_rows_only_draws_the_same(
    generator: Generator, tmp_path: Path, guidance: float
) -> None:
    """Without guidance it is fed the prompt twice; the engine would refuse one row."""
    fixed = TRANSFORMER.replace("[rows,", "[2,")
    two_rows = Generator.open(write_bundle(tmp_path / "fixed", {"transformer": fixed}), threads=1)
    request = replace(REQUEST, guidance=guidance)
    tokens = two_rows.text_to_image(request).tokens
    np.testing.assert_array_equal(tokens, generator.text_to_image(request).tokens)


@pytest.mark.parametrize(("start", "end"), [(0.5, 1.0), (0.0, 0.4), (0.2, 0.7), (0.95, 1.0)])
def test_guidance_in_an_interval_alone_equals_the_model_in_numpy(
    generator: Generator, tmp_path: Path, start: float, end: float
) -> None:
    request = replace(REQUEST, guidance_from=start, guidance_until=end)
    expected = by_hand(request, masks(), Plan(9, MASK, "cosine"))
    np.testing.assert_array_equal(generator.text_to_image(request).tokens, expected)
    fixed = {"transformer": TRANSFORMER.replace("[rows,", "[2,")}
    two_rows = Generator.open(write_bundle(tmp_path / "fixed", fixed), threads=1)
    np.testing.assert_array_equal(two_rows.text_to_image(request).tokens, expected)


def test_a_step_outside_the_interval_runs_one_row(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []
    run = generator.engine.run

    def counted(name: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if name == "transformer":
            rows.append(len(tensors["context"]))
        return run(name, tensors)

    monkeypatch.setattr(generator.engine, "run", counted)
    generator.text_to_image(replace(REQUEST, steps=8, guidance_from=0.25, guidance_until=0.75))
    assert rows == [1, 1, 2, 2, 2, 2, 1, 1]


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (-0.1, 1.0, r"guidance from -0\.1 is out of range: give 0 to 1"),
        (0.0, 1.5, r"guidance until 1\.5 is out of range"),
        (float("nan"), 1.0, "guidance from nan is out of range"),
        (0.5, 0.5, r"guidance from 0\.5 until 0\.5 guides no step"),
        (0.75, 0.25, "guides no step"),
    ],
)
def test_an_interval_of_no_step_is_refused(
    generator: Generator, start: float, end: float, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        generator.text_to_image(replace(REQUEST, guidance_from=start, guidance_until=end))


def test_defaults_come_from_the_bundle(generator: Generator) -> None:
    settings = generator.text_to_image(Request("cat")).settings
    assert (settings.steps, settings.guidance, settings.negative, settings.size) == (6, 3.0, "", SIZE)


def test_same_seed_same_picture_other_seed_another(generator: Generator) -> None:
    first, again = (generator.text_to_image(Request("cat", seed=2**63)).tokens for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first != generator.text_to_image(Request("cat", seed=3)).tokens).any()


def test_image_to_image_redraws_the_masked_tokens(generator: Generator) -> None:
    drawing = generator.image_to_image(REQUEST, Image.fromarray(paint(KNOWN)), strength=0.4)
    start = 9 - 3
    ratio = np.float32(np.cos(np.float32(np.float32(start / 9) * np.float32(np.pi)) / np.float32(2)))
    hit = (PhiloxNoise(7).masking(H * W) < ratio).reshape(H, W)
    assert 10 < hit.sum() < 38
    np.testing.assert_array_equal(drawing.tokens[~hit], KNOWN[~hit])
    expected = by_hand(REQUEST, np.where(hit, MASK, KNOWN).astype(np.int32), Plan(9, MASK, "cosine", start))
    np.testing.assert_array_equal(drawing.tokens, expected)


def test_image_to_image_of_full_strength_is_text_to_image(generator: Generator) -> None:
    drawing = generator.image_to_image(REQUEST, Image.fromarray(paint(KNOWN)), strength=1.0)
    np.testing.assert_array_equal(drawing.tokens, generator.text_to_image(REQUEST).tokens)


@pytest.mark.parametrize(("strength", "start"), [(1.0, 0), (0.5, 5)])
def test_inpaint_repaints_white_with_the_linear_schedule(
    generator: Generator, strength: float, start: int
) -> None:
    white = np.zeros((H, W), bool)
    white[1:4, 2:7] = True
    mask = Image.fromarray((white.repeat(4, axis=0).repeat(4, axis=1) * 255).astype(np.uint8))
    seen: list[Progress] = []
    drawing = generator.inpaint(REQUEST, Image.fromarray(paint(KNOWN)), mask, strength, seen.append)
    np.testing.assert_array_equal(drawing.tokens[~white], KNOWN[~white])
    plan = Plan(9, MASK, "linear", start, starting_ratio=15 / 48)
    expected = by_hand(REQUEST, np.where(white, MASK, KNOWN).astype(np.int32), plan)
    np.testing.assert_array_equal(drawing.tokens, expected)
    assert (drawing.tokens[white] != KNOWN[white]).any()
    assert len(seen) == 9 - start


def test_mask_of_half_grey_repaints_and_a_shade_less_does_not(generator: Generator) -> None:
    image = Image.fromarray(paint(KNOWN))
    grey = Image.new("L", SIZE, 128)
    assert generator.inpaint(REQUEST, image, grey).tokens.shape == (H, W)
    with pytest.raises(RequestError, match="repaints nothing"):
        generator.inpaint(REQUEST, image, Image.new("L", SIZE, 127))


def test_outpaint_keeps_the_image_and_paints_around_it(generator: Generator) -> None:
    inner = KNOWN[1:5, 3:8]
    drawing = generator.outpaint(REQUEST, Image.fromarray(paint(inner)), (12, 4, 0, 4))
    np.testing.assert_array_equal(drawing.tokens[1:5, 3:8], inner)
    start = masks()
    start[1:5, 3:8] = inner
    plan = Plan(9, MASK, "linear", starting_ratio=28 / 48)
    np.testing.assert_array_equal(drawing.tokens, by_hand(REQUEST, start, plan))


def test_transparency_is_laid_on_white(generator: Generator) -> None:
    image = Image.fromarray(paint(KNOWN)).convert("RGBA")
    image.putalpha(0)
    white = Image.new("RGB", SIZE, "white")
    request = Request("cat", steps=9)
    found = generator.image_to_image(request, image, 0.1).tokens
    np.testing.assert_array_equal(found, generator.image_to_image(request, white, 0.1).tokens)


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (Request(""), "prompt is empty"),
        (Request(" \n"), "prompt is empty"),
        (Request("cat", seed=-1), "seed -1"),
        (Request("cat", seed=2**64), "seed 18446744073709551616"),
        (Request("cat", steps=0), "steps 0"),
        (Request("cat", steps=1001), "steps 1001"),
        (Request("cat", guidance=float("nan")), "guidance nan"),
        (Request("cat", guidance=-1), "guidance -1"),
        (Request("cat", guidance=101), "guidance 101"),
        (Request("cat", size=(64, 64)), "size 64x64 .* draws 32x24"),
        (Request("cat \udc80"), "not valid Unicode"),
    ],
)
def test_requests_out_of_range_name_the_value(generator: Generator, request_: Request, line: str) -> None:
    with pytest.raises(RequestError, match=line):
        generator.text_to_image(request_)


def test_images_of_wrong_mode_name_the_way_out(generator: Generator) -> None:
    image = Image.fromarray(paint(KNOWN))
    mask = Image.new("L", SIZE, 255)
    with pytest.raises(RequestError, match="mode CMYK: save it as 8-bit RGB"):
        generator.image_to_image(REQUEST, image.convert("CMYK"))
    with pytest.raises(RequestError, match="mask has mode I"):
        generator.inpaint(REQUEST, image, mask.convert("I"))
    for strength in (0.0, 1.1, float("nan")):
        with pytest.raises(RequestError, match="strength"):
            generator.image_to_image(REQUEST, image, strength)
        with pytest.raises(RequestError, match="strength"):
            generator.inpaint(REQUEST, image, mask, strength)


@pytest.mark.parametrize(
    ("margins", "line"),
    [
        ((2, 0, 0, 0), "multiples of 4 pixels"),
        ((-4, 0, 4, 0), "multiples of 4 pixels"),
        ((0, 0, 0, 0), "margins 0 0 0 0"),
        ((16, 0, 16, 0), "margins 16 0 16 0 leave no room for the picture in 32x24 pixels"),
    ],
)
def test_margins_that_do_not_fit_name_the_way_out(
    generator: Generator, margins: tuple[int, int, int, int], line: str
) -> None:
    with pytest.raises(RequestError, match=line):
        generator.outpaint(REQUEST, Image.fromarray(paint(KNOWN)), margins)


def test_bundle_without_encoder_draws_but_cannot_edit(own_bundle: Path) -> None:
    import json

    graphs = json.loads((own_bundle / "manifest.json").read_text())["graphs"]
    del graphs["image_encoder"]
    edit_manifest(own_bundle, "graphs", value=graphs)
    generator = Generator.open(own_bundle, threads=1)
    generator.text_to_image(REQUEST)
    with pytest.raises(RequestError, match="no image_encoder"):
        generator.image_to_image(REQUEST, Image.fromarray(paint(KNOWN)))


def test_long_texts_say_what_was_cut(generator: Generator) -> None:
    request = Request("cat " * 6 + "dog the", negative="the " * 7)
    assert generator.cut(request) == {"prompt": "dog the", "negative prompt": "the"}
    assert generator.text_to_image(request).cut == generator.cut(request)
    assert generator.cut(Request("cat")) == {}


def test_one_graph_in_memory_at_a_time_unless_kept(bundle_folder: Path) -> None:
    loaded: list[list[str]] = []
    frugal = Generator.open(bundle_folder, threads=1)
    frugal.text_to_image(REQUEST, lambda progress: loaded.append(frugal.engine.loaded))
    assert loaded == [["transformer"]] * 9
    assert frugal.engine.loaded == []
    kept = Generator.open(bundle_folder, threads=1, keep=True)
    kept.text_to_image(REQUEST)
    assert set(kept.engine.loaded) == {"text_encoder", "conditioner", "transformer", "image_decoder"}


def test_a_preview_is_decoded_alone_unless_graphs_are_kept(
    bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frugal = Generator.open(bundle_folder, threads=1)
    beside: list[list[str]] = []
    create = frugal.engine.create

    def created(name: str, path: Path) -> InferenceSession:
        beside.append(frugal.engine.loaded)
        return create(name, path)

    monkeypatch.setattr(frugal.engine, "create", created)
    drawing = frugal.text_to_image(REQUEST, lambda progress: frugal.decode(progress.candidate))
    assert len(beside) > 20 and not any(beside)
    kept = Generator.open(bundle_folder, threads=1, keep=True).text_to_image(REQUEST)
    assert np.array_equal(drawing.picture, kept.picture)


def test_every_stage_is_timed(generator: Generator) -> None:
    seconds = generator.image_to_image(REQUEST, Image.fromarray(paint(KNOWN))).seconds
    assert set(seconds) == {"image_encoder", "text_encoder", "conditioner", "steps", "image_decoder"}
    assert all(0 < value < 30 for value in seconds.values())


def test_cancel_ends_the_drawing_and_the_next_one_runs(generator: Generator) -> None:
    steps = []

    def stop(progress: Progress) -> None:
        steps.append(progress.step)
        if progress.step == 2:
            generator.cancel()

    with pytest.raises(Cancelled):
        generator.text_to_image(REQUEST, stop)
    assert steps == [0, 1, 2]
    assert generator.engine.loaded == []
    generator.text_to_image(REQUEST)


def test_unfinished_picture_is_the_candidate(generator: Generator) -> None:
    pictures = []
    generator.text_to_image(REQUEST, lambda progress: pictures.append(generator.decode(progress.candidate)))
    assert len(pictures) == 9
    np.testing.assert_array_equal(pictures[-1], generator.text_to_image(REQUEST).picture)


def test_broken_vocabulary_is_one_clear_line(own_bundle: Path) -> None:
    replace_file(own_bundle, "tokenizer/merges.txt", b"#version: 0.2\nabc\n")
    with pytest.raises(BundleError, match=r"merges\.txt: merges line 'abc' is not a pair"):
        Generator.open(own_bundle)
