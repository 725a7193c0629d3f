"""`python -m runtime`: pictures, previews, one clear line for bad input, a clean stop."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import runtime
from runtime.__main__ import main
from runtime.generator import Drawing, Generator
from runtime.loop import OnStep
from runtime.onnxruntime_engine import OnnxRuntimeEngine
from runtime.pictures import picture_array
from runtime.request import Request
from tests.runtime.tiny_bundle import TRANSFORMER, edit_manifest, paint, slow_tokens, write_bundle

SETTINGS_START = (
    '"a", "negative_prompt": "", "steps": 2, "guidance": 1, "size": [24, 32], "mode": "text", "model": ""'
)
KNOWN = np.random.default_rng(4).integers(0, 16, (6, 8)).astype(np.int32)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in an empty folder, so that whatever they leave behind is seen."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def common(bundle_folder: Path) -> list[str]:
    return ["--bundle", str(bundle_folder), "--threads", "1"]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def save(name: str, picture: np.ndarray) -> str:
    Image.fromarray(picture).save(name)
    return name


def test_picture_and_what_made_it_are_written(
    here: Path, common: list[str], generator: Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [
        "--negative",
        "ein Hündchen 犬",
        "--seed",
        "5",
        "--steps",
        "4",
        "--guidance",
        "2",
        "--out",
        "x.png",
    ]
    assert main(["the red cat ♥", *common, *options]) == 0
    expected = generator.text_to_image(Request("the red cat ♥", "ein Hündchen 犬", 5, 4, 2.0))
    with Image.open("x.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), expected.picture)
        assert json.loads(picture.text["meissonic"]) == {
            "prompt": "the red cat ♥",
            "negative_prompt": "ein Hündchen 犬",
            "seed": 5,
            "steps": 4,
            "guidance": 2.0,
            "size": [24, 32],
            "mode": "text",
            "model": generator.bundle.sha256,
        }
    assert files(here) == ["x.png"]
    assert "x.png: 32x24, 4 steps, seed 5 (text_encoder" in capsys.readouterr().out


def test_one_step_is_told_as_one(here: Path, common: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cat", *common, "--steps", "1"]) == 0
    assert ", 1 step, seed " in capsys.readouterr().out


def test_previews_every_k_steps_but_the_last(here: Path, common: list[str]) -> None:
    assert main(["cat", *common, "--steps", "6", "--preview", "2"]) == 0
    assert files(here) == ["picture.png", "picture.step002.png", "picture.step004.png"]
    early, late = (np.asarray(Image.open(here / f"picture{part}.png")) for part in (".step002", ""))
    assert early.shape == late.shape
    assert (early != late).any()


def test_editing_commands_choose_the_drawing(common: list[str], generator: Generator) -> None:
    image = Image.fromarray(paint(KNOWN))
    mask = Image.new("L", image.size, 0)
    mask.paste(255, (0, 0, 16, 24))
    small = Image.fromarray(paint(KNOWN[:, :6]))
    image.save("image.png")
    mask.save("mask.png")
    small.save("small.png")
    request = Request("cat", seed=3)
    expected = {
        ("--image", "image.png", "--strength", "0.7"): generator.image_to_image(request, image, 0.7),
        ("--image", "image.png"): generator.image_to_image(request, image, 0.5),
        ("--image", "image.png", "--mask", "mask.png"): generator.inpaint(request, image, mask),
        ("--image", "small.png", "--extend", "4", "0", "4", "0"): generator.outpaint(
            request, small, (4, 0, 4, 0)
        ),
    }
    for options, drawing in expected.items():
        assert main(["cat", *common, "--seed", "3", *options]) == 0
        np.testing.assert_array_equal(np.asarray(Image.open("picture.png")), drawing.picture)
    assert len({drawing.picture.tobytes() for drawing in expected.values()}) == 4


def test_a_picture_and_its_mask_of_any_size_are_fitted(common: list[str], generator: Generator) -> None:
    photo = Image.effect_noise((50, 21), 60).convert("RGB")
    mask = Image.new("L", (100, 42), 0)  # of another size than the photo
    mask.paste(255, (0, 0, 50, 42))
    photo.save("photo.jpg", quality=95)
    mask.save("mask.png")
    photo = Image.open("photo.jpg")
    for how in (None, "crop", "pad", "stretch"):
        request = Request("cat", fit=how or "crop")
        expected = generator.inpaint(request, photo, mask)
        options = ["--image", "photo.jpg", "--mask", "mask.png", *(["--fit", how] if how else [])]
        assert main(["cat", *common, *options]) == 0
        drawn = np.asarray(Image.open("picture.png"))
        np.testing.assert_array_equal(drawn, expected.picture)
        right = picture_array(photo, (32, 24), how or "crop")[:, 16:]
        np.testing.assert_array_equal(drawn[:, 16:], right)  # the photo's own pixels
        assert main(["cat", *common, *options, "--no-compose"]) == 0
        assert (np.asarray(Image.open("picture.png"))[:, 16:] != right).any()


def test_several_pictures_have_consecutive_seeds_and_one_text(
    here: Path, common: list[str], generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    run = OnnxRuntimeEngine.run

    def counted(self: OnnxRuntimeEngine, name: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        ran.append(name)
        return run(self, name, tensors)

    expected = [generator.text_to_image(Request("cat", seed=5 + j)).picture for j in range(3)]
    monkeypatch.setattr(OnnxRuntimeEngine, "run", counted)
    assert main(["cat", *common, "--seed", "5", "--count", "3", "--grid", "--out", "x.png"]) == 0
    assert files(here) == ["x-1.png", "x-2.png", "x-3.png", "x-grid.png"]
    for j, picture in enumerate(expected):
        with Image.open(f"x-{j + 1}.png") as drawn:
            np.testing.assert_array_equal(np.asarray(drawn), picture)
            assert json.loads(drawn.text["meissonic"])["seed"] == 5 + j
    grid = np.asarray(Image.open("x-grid.png"))
    empty = np.full_like(expected[0], 255)
    np.testing.assert_array_equal(grid, np.block([[[expected[0]], [expected[1]]], [[expected[2]], [empty]]]))
    assert (ran.count("text_encoder"), ran.count("conditioner"), ran.count("image_decoder")) == (1, 1, 3)


def test_a_picture_is_drawn_again_from_its_own_settings(
    common: list[str], own_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, mask = Image.effect_noise((40, 30), 60), Image.new("L", (40, 30), 0)
    mask.paste(255, (20, 0, 40, 30))
    photo.save("photo.png")
    mask.save("mask.png")
    text = ["the red cat", "--negative", "dog", "--seed", str(2**64 - 1), "--steps", "4", "--guidance", "2"]
    on_photo, masked = ["--image", "photo.png"], ["--image", "photo.png", "--mask", "mask.png"]
    for first, again in (
        (text, []),
        ([*text, *on_photo, "--strength", "0.7"], on_photo),
        ([*text, *on_photo, "--fit", "stretch"], on_photo),
        ([*text, *masked, "--fit", "pad", "--strength", "0.8", "--no-compose"], masked),
        ([*text, *on_photo, "--extend", "8", "0", "4", "4"], on_photo),
    ):
        assert main([*first, *common, "--out", "one.png"]) == 0
        assert main(["--from", "one.png", *again, *common, "--out", "two.png"]) == 0
        one, two = Image.open("one.png"), Image.open("two.png")
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))
        assert one.text == two.text
        assert "photo" not in one.text["meissonic"] and "mask" not in one.text["meissonic"]
    capsys.readouterr()
    assert main([*text, *common, "--out", "one.png"]) == 0
    other = ["a dog", "--negative", "", "--seed", "3", "--steps", "2", "--guidance", "1.5"]
    assert main([*other, *common, "--out", "expected.png"]) == 0
    assert main(["--from", "one.png", *other, *common, "--out", "two.png"]) == 0
    assert Image.open("two.png").text == Image.open("expected.png").text
    assert capsys.readouterr().err == ""
    edit_manifest(own_bundle, "defaults", "negative", value="a moon")
    assert main(["--from", "one.png", "--bundle", str(own_bundle), "--out", "two.png"]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "is not the bundle that drew the picture" in err


@pytest.mark.parametrize(
    ("first", "again", "line"),
    [
        (["--image", "photo.png"], [], "one.png was drawn on another picture: add it with --image FILE"),
        (
            ["--image", "photo.png", "--mask", "photo.png"],
            ["--image", "photo.png"],
            "add it with --mask FILE",
        ),
        (["--image", "photo.png", "--extend", "4", "4", "0", "0"], [], "add it with --image FILE"),
    ],
)
def test_drawing_an_edit_again_names_what_is_missing(
    common: list[str], capsys: pytest.CaptureFixture[str], first: list[str], again: list[str], line: str
) -> None:
    Image.effect_noise((40, 30), 90).save("photo.png")
    assert main(["cat", *first, *common, "--out", "one.png"]) == 0
    capsys.readouterr()
    assert main(["--from", "one.png", *again, *common]) == 2
    err = capsys.readouterr().err
    assert line in err and err.count("\n") == 1
    assert not Path("picture.png").exists()


def test_the_interval_of_guidance_reaches_the_drawing_and_the_file(
    here: Path, common: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    interval = {"guidance_from": 0.5, "guidance_until": 0.75}
    assert main(["cat", *common, "--guidance-from", "0.5", "--guidance-until", "0.75"]) == 0
    picture = Image.open("picture.png")
    drawing = Generator.open(common[1]).text_to_image(Request("cat", **interval))
    np.testing.assert_array_equal(np.asarray(picture), drawing.picture)
    assert interval.items() <= json.loads(picture.text["meissonic"]).items()
    assert main(["--from", "picture.png", *common, "--out", "again.png"]) == 0
    np.testing.assert_array_equal(np.asarray(Image.open("again.png")), drawing.picture)
    assert capsys.readouterr().err == ""


def test_a_bundle_of_two_rows_warns_that_an_interval_saves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fixed = {"transformer": TRANSFORMER.replace("[rows,", "[2,")}
    bundle = str(write_bundle(here / "fixed", fixed))
    assert main(["cat", "--bundle", bundle, "--guidance-until", "0.5"]) == 0
    line = "the step of this bundle takes two text rows, so a step without guidance saves no time"
    assert capsys.readouterr().err == f"warning: {line}\n"


def test_guidance_that_no_step_takes_is_said(
    here: Path, common: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cat", *common, "--steps", "2", "--guidance", "5", "--guidance-from", "0.9"]) == 0
    assert capsys.readouterr().err == "warning: guidance 5 has no effect: no step takes it\n"
    assert main(["cat", *common, "--steps", "2", "--guidance", "1", "--guidance-from", "0.9"]) == 0
    assert capsys.readouterr().err == ""


def test_long_prompt_warns_and_draws(
    here: Path, common: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cat " * 6 + "the dog", *common]) == 0
    assert capsys.readouterr().err == 'warning: the prompt is too long, this was cut off: "the dog"\n'
    assert main(["cat " * 1000, *common]) == 0
    assert len(capsys.readouterr().err) < 400
    assert files(here) == ["picture.png"]


def test_a_prompt_as_long_as_an_argument_can_be_draws(common: list[str]) -> None:
    """In a process of its own: what it is called with is read when onnxruntime is loaded."""
    command = [sys.executable, "-m", "runtime", "a cat " * 20_000, *common, "--steps", "1"]
    environment = os.environ | {"PYTHONPATH": str(Path(runtime.__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and done.stderr.startswith("warning: the prompt is too long")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "prompt (see python -m runtime --help)"),
        ([""], "the prompt is empty"),
        (["cat", "--seed", "x"], "--seed: invalid int value: 'x'"),
        (["cat", "--seed", "-1"], "seed -1"),
        (["cat", "--steps", "0"], "steps 0"),
        (["cat", "--guidance", "inf"], "guidance inf"),
        (["cat", "--guidance-from", "x"], "--guidance-from: invalid float value: 'x'"),
        (["cat", "--guidance-from", "-0.5"], "guidance from -0.5 is out of range: give 0 to 1"),
        (["cat", "--guidance-until", "1.01"], "guidance until 1.01 is out of range"),
        (["cat", "--guidance-from", "0.6", "--guidance-until", "0.6"], "guides no step"),
        (["cat", "--size", "64", "64"], "size 64x64"),
        (["cat", "--nonsense"], "--nonsense"),
        (["a", "red", "cat"], 'unrecognized arguments: red cat: write "a red cat" in quotes'),
        (["cat", "--step", "1"], "unrecognized arguments: --step 1"),
        (["cat", "--bundle", "nowhere"], "nowhere is not a bundle"),
        (["cat", "--bundle", "image.png"], "image.png is not a bundle: it has no manifest.json (make one"),
        (["cat", "--out", "picture.jpg"], "must end in .png"),
        (["cat", "--out", "nowhere/x.png"], "folder nowhere does not exist"),
        (["cat", "--preview", "-1"], "--preview"),
        (["cat", "--threads", "-1"], "--threads"),
        (["cat", "--threads", "257"], "--threads 257 is out of range: give 1 to 256"),
        (["cat", "--threads", "2147483648"], "--threads"),
        (["cat", "--image", "/dev/zero"], "/dev/zero is not a file"),
        (["cat", "--image", "nowhere.png", "--bundle", "nowhere"], "nowhere.png does not exist"),
        (["cat", "--mask", "image.png"], "--mask needs a picture: add --image"),
        (["cat", "--strength", "0.5"], "--strength needs a picture"),
        (["cat", "--extend", "4", "4", "4", "4"], "--extend needs a picture"),
        (["cat", "--image", "image.png", "--extend", "4", "0", "0", "0", "--strength", "1"], "leave out"),
        (["cat", "--image", "nowhere.png"], "nowhere.png does not exist"),
        (["cat", "--image", "."], ". is not a file"),
        (["cat", "--image", "cmyk.jpg"], "cmyk.jpg has mode CMYK: save it as 8-bit RGB"),
        (
            ["cat", "--image", "image.png", "--out", "image.png"],
            "--out would replace image.png, which --image reads: name another file",
        ),
        (
            ["cat", "--image", "noise.png", "--mask", "image-1.png", "--count", "2", "--out", "image.png"],
            "--out would replace image-1.png, which --mask reads",
        ),
        (["--from", "strange.png", "--out", "strange.png"], "which --from reads: name another file"),
        (["cat", "--image", "text.png"], "text.png is not a PNG, JPEG or WebP picture"),
        (["cat", "--image", "half.png"], "half.png cannot be read as a picture"),
        (["cat", "--image", "image.png", "--mask", "black.png"], "repaints nothing"),
        (["cat", "--image", "image.png", "--strength", "0"], "strength 0"),
        (["cat", "--image", "image.png", "--extend", "32", "0", "0", "0"], "leave no room for the picture"),
        (["cat", "--image", "image.png", "--fit", "squeeze"], "--fit: invalid choice: 'squeeze'"),
        (["cat", "--count", "0"], "--count 0 is out of range: give 1 to 1000"),
        (["cat", "--count", "x"], "--count: invalid int value"),
        (["cat", "--count", "2", "--seed", str(2**64 - 1)], "has no 1 seeds after it"),
        (["cat", "--fit", "pad"], "--fit needs a picture: add --image FILE"),
        (["cat", "--no-compose"], "--no-compose needs a picture: add --image FILE"),
        (["cat", "--grid"], "--grid shows several pictures: add --count N"),
        (["--from", "nowhere.png"], "nowhere.png does not exist"),
        (["--from", "image.png"], "image.png does not say what made it"),
        (["--from", "text.png"], "text.png is not a PNG, JPEG or WebP picture"),
        (["--from", "half.png"], "half.png cannot be read as a picture"),
        (["--from", "strange.png"], "strange.png has settings that cannot be read: seed: "),
        (["--from", "broken.png"], "broken.png has settings that cannot be read: Invalid JSON"),
    ],
)
def test_bad_input_is_one_clear_line(
    here: Path, common: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    save("image.png", paint(KNOWN))
    for name, text in (("strange", '{"prompt": "a", "seed": "7"}'), ("broken", "{")):
        info = PngImagePlugin.PngInfo()
        info.add_itxt("meissonic", text.replace('"a"', SETTINGS_START))
        Image.fromarray(paint(KNOWN)).save(f"{name}.png", pnginfo=info)
    save("image-1.png", paint(KNOWN))
    Image.new("CMYK", (32, 24)).save("cmyk.jpg")
    save("black.png", np.zeros((24, 32), np.uint8))
    save("noise.png", np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8))
    Path("half.png").write_bytes(Path("noise.png").read_bytes()[:1000])
    Path("text.png").write_text("no picture")
    before = files(here)
    assert main([*common, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert line in err
    assert files(here) == before


def test_damaged_bundle_is_one_clear_line(own_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = own_bundle / "transformer.onnx.data"
    data.write_bytes(data.read_bytes()[:-1])
    assert main(["cat", "--bundle", str(own_bundle)]) == 2
    assert "transformer.onnx.data is truncated" in capsys.readouterr().err


def test_full_disk_leaves_the_old_picture_and_no_scrap(
    here: Path, common: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("picture.png").write_bytes(b"old")

    def full(*paths: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    assert main(["cat", *common]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: cannot write picture.png: No space left on device; free some space")
    assert files(here) == ["picture.png"]
    assert Path("picture.png").read_bytes() == b"old"


@pytest.mark.parametrize("low_memory", [False, True])
def test_drawing_without_memory_is_one_clear_line(
    common: list[str],
    low_memory: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Generator, "text_to_image", no_memory)
    assert main(["cat", *common, *(["--low-memory"] if low_memory else [])]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert ("--low-memory" in err) == (not low_memory)


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert 'python -m runtime "a red cat with a hat" --seed 7' in capsys.readouterr().out


def test_control_c_stops_cleanly(here: Path, tmp_path: Path) -> None:
    slow = TRANSFORMER.replace(
        "tokens_flat = Reshape(tokens, flat)", f"{slow_tokens(5)}\n  tokens_flat = Reshape(late_tokens, flat)"
    )
    folder = write_bundle(tmp_path / "slow", {"transformer": slow})
    command = [
        sys.executable,
        "-m",
        "runtime",
        "cat",
        "--bundle",
        str(folder),
        "--steps",
        "900",
        "--preview",
        "1",
    ]
    root = Path(runtime.__file__).parents[1]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    )
    try:
        deadline = time.monotonic() + 60
        while not (here / "picture.step002.png").exists():
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == "\nstopped: no picture was written\n"
    written = files(here)
    assert "picture.png" not in written
    assert all(name.startswith("picture.step") and name.endswith(".png") for name in written)
    for name in written:
        Image.open(name).load()


def test_control_c_keeps_the_pictures_that_are_finished(
    here: Path, common: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = Generator.text_to_image

    def interrupted(self: Generator, request: Request, on_step: OnStep | None = None) -> Drawing:
        if request.seed == 2:
            raise KeyboardInterrupt
        return draw(self, request, on_step)

    monkeypatch.setattr(Generator, "text_to_image", interrupted)
    assert main(["cat", *common, "--count", "4", "--grid"]) == 130
    assert files(here) == ["picture-1.png", "picture-2.png", "picture-grid.png"]
    said = capsys.readouterr()
    assert said.err.endswith("\nstopped: picture-1.png to picture-2.png finished\n")
    assert Image.open("picture-grid.png").size == (64, 24)
