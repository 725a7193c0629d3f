"""The command lines as a user runs them: exit codes, one clear line, nothing half-written."""

from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from PIL import Image

from reference import __main__ as draw
from reference import checkpoint
from reference.errors import exit_code
from reference.fit import fit
from tests.reference.golden import FOLDER

MONO = str(FOLDER / "mono" / "checkpoint")
FAST = ["--checkpoint", MONO, "--size", "32", "32", "--steps", "2"]


def run(*arguments, command=draw) -> int:
    """The exit code of a command line."""
    return exit_code(lambda: command.command_line([str(argument) for argument in arguments]))


def error_of(captured) -> str:
    """The single line on stderr of a command that was refused."""
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), captured.err
    return lines[0]


def test_draws_the_same_picture_for_the_same_seed(tmp_path, capsys):
    for name in ("a.png", "b.png"):
        common = ["--seed", 7, "--guidance", 3, "--negative", "bad", "--out", tmp_path / name]
        assert run("a cat", *FAST, *common) == 0
        assert f"wrote {tmp_path / name}" in capsys.readouterr().out
    first, second = (np.array(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert first.shape == (32, 32, 3) and np.array_equal(first, second)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_edits_a_picture_and_warns_of_what_a_long_prompt_loses(tmp_path, capsys):
    image, mask, out = tmp_path / "image.png", tmp_path / "mask.png", tmp_path / "out.png"
    Image.linear_gradient("L").resize((48, 32)).save(image)
    Image.new("L", (48, 32), 255).save(mask)
    base = ["--checkpoint", MONO, "--steps", "2", "--image", image, "--out", out]
    assert run("cat " * 100 + "zebra", *base, "--mask", mask) == 0
    warning = capsys.readouterr().err
    assert "cut off" in warning and "zebra" in warning
    assert Image.open(out).size == (48, 32)
    assert run("cat", *base, "--extend", 16, 0, 0, 32) == 0
    assert Image.open(out).size == (64, 64)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "--steps", "x"], "argument --steps: invalid int value"),
        (["a", "--mask", "m.png"], "--mask needs a picture"),
        (["a", "--strength", "0.5"], "--strength needs a picture"),
        (["a", "--image", "x.png", "--extend", "0", "0", "0", "8", "--strength", "1"], "leave out --mask"),
        (["a", "--out", "x.jpg"], "x.jpg must end in .png"),
        (["a", "--out", "/nowhere/x.png"], "folder /nowhere does not exist"),
        (["a", "--image", "/nowhere.png"], "/nowhere.png does not exist"),
        (["a", "--image", __file__], "test_commands.py is not a PNG, JPEG or WebP picture"),
        (["a", "--checkpoint", "/nowhere"], "/nowhere does not exist"),
        (["", *FAST], "the prompt is empty"),
        (["a", *FAST, "--seed", "-1"], "seed is -1"),
        (["a", *FAST, "--guidance-from", "2"], "guidance from is 2.0: it must be between 0 and 1"),
        (["a", *FAST, "--guidance-until", "0"], "guidance from 0.0 until 0.0 guides no step"),
        (["a", *FAST, "--size", "40", "32"], "size 40x32: each side must be a multiple of 16"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(tmp_path, capsys, arguments, message):
    arguments = arguments if "--out" in arguments else [*arguments, "--out", str(tmp_path / "x.png")]
    assert run(*arguments) == 2
    assert message in error_of(capsys.readouterr())
    assert not list(tmp_path.iterdir())


def test_a_picture_cut_short_is_named(tmp_path, capsys):
    Image.effect_noise((64, 64), 50).save(tmp_path / "cut.png")
    content = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    assert run("a", *FAST, "--image", tmp_path / "cut.png", "--out", tmp_path / "x.png") == 2
    assert "cut.png cannot be read as a picture" in error_of(capsys.readouterr())


def test_a_full_disk_is_one_line_and_keeps_the_old_picture(tmp_path, capsys, monkeypatch):
    out = tmp_path / "x.png"
    out.write_bytes(b"old")

    def full(self, *_arguments, **_options):
        _arguments[0].write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    assert run("a", *FAST, "--out", out) == 2
    assert "x.png: No space left on device; free some space" in error_of(capsys.readouterr())
    assert out.read_bytes() == b"old" and list(tmp_path.iterdir()) == [out]


def test_a_hub_id_without_network_is_one_line(tmp_path, capsys, monkeypatch):
    # A port nobody listens on stands for the missing network.
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    assert run("a", "--checkpoint", "nobody/nothing", "--out", tmp_path / "x.png") == 2
    line = error_of(capsys.readouterr())
    assert "nobody/nothing is neither a local folder" in line and "local folder" in line
    assert not (tmp_path / "x.png").exists()


def test_random_and_info_commands(tmp_path, capsys):
    folder = tmp_path / "tiny"
    assert run("random", "--preset", "tiny", "--dtype", "fp16", folder, command=checkpoint) == 0
    assert run("info", folder, command=checkpoint) == 0
    printed = capsys.readouterr().out
    assert f"wrote {folder}" in printed
    assert "transformer: 665,888 parameters in 133 tensors, F16" in printed
    (folder / "transformer" / "config.json").unlink()
    assert run("info", folder, command=checkpoint) == 2
    assert "config.json is missing" in error_of(capsys.readouterr())
    assert run("random", "--preset", "tiny", Path(__file__).parent, command=checkpoint) == 2
    assert "exists and is no checkpoint" in error_of(capsys.readouterr())


@pytest.mark.parametrize(
    ("command", "arguments"),
    [(draw, ["--help"]), (checkpoint, ["random", "--help"]), (checkpoint, ["info", "--help"])],
)
def test_help_has_examples(command, arguments, capsys):
    with pytest.raises(SystemExit, match="0"):
        run(*arguments, command=command)
    assert "examples:" in capsys.readouterr().out


def test_a_photo_of_any_size_is_fitted_and_composed(tmp_path):
    image, mask, out = tmp_path / "photo.png", tmp_path / "mask.png", tmp_path / "out.png"
    Image.effect_noise((50, 21), 90).convert("RGB").save(image)
    half = Image.new("L", (10, 4), 0)
    half.paste(255, (0, 0, 5, 4))
    half.save(mask)
    command = ["a cat", "--checkpoint", MONO, "--steps", "2", "--image", image, "--mask", mask, "--out", out]
    photo = np.asarray(fit(Image.open(image), (64, 48), "stretch", "white"))
    for flags, same in (([], True), (["--no-compose"], False)):
        assert run(*command, "--size", 64, 48, "--fit", "stretch", *flags) == 0
        assert np.array_equal(np.asarray(Image.open(out))[:, 32:], photo[:, 32:]) == same


def test_several_pictures_have_the_seeds_that_follow(tmp_path):
    assert run("a cat", *FAST, "--seed", 3, "--count", 2, "--out", tmp_path / "x.png") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x-1.png", "x-2.png"]
    assert run("a cat", *FAST, "--seed", 4, "--out", tmp_path / "y.png") == 0
    assert Image.open(tmp_path / "x-2.png").tobytes() == Image.open(tmp_path / "y.png").tobytes()


@pytest.mark.parametrize("flag", ["--image", "--mask"])
def test_the_picture_that_is_read_is_not_replaced(tmp_path, capsys, flag):
    for name in ("image.png", "mask.png"):
        Image.new("L", (32, 32)).save(tmp_path / name)
    out = tmp_path / f"{flag.removeprefix('--')}.png"
    reads = ["--image", tmp_path / "image.png", "--mask", tmp_path / "mask.png"]
    assert run("a", *FAST, *reads, "--out", out) == 2
    assert f"which {flag} reads: name another file" in error_of(capsys.readouterr())
