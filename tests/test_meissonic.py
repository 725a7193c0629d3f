"""The console script `meissonic`, and what a command says without its extra."""

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runtime.commands import COMMANDS, main
from tests.runtime.tiny_bundle import SIZE, write_bundle

ROOT = Path(__file__).parents[1]
# Runs a module as `python -m` does, in an environment that lacks a package.
WITHOUT = (
    "import runpy, sys; sys.modules[{package!r}] = None; sys.orig_argv = ['python', '-m', {module!r}]; "
    "runpy.run_module({module!r}, run_name='__main__')"
)


@pytest.fixture(autouse=True)
def argv(monkeypatch: pytest.MonkeyPatch) -> None:
    """The script names itself in sys.argv."""
    monkeypatch.setattr(sys, "argv", ["meissonic"])


def test_the_script_of_the_project_is_this_one() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, function = scripts["meissonic"].partition(":")
    assert getattr(import_module(module), function) is main


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize("words", [[], ["paint"], ["export"], ["export", "tflite"], ["--draw"]])
def test_an_unknown_command_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and "meissonic --help" in line


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_calls_itself_as_it_was_called(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*name.split(), "--help"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: meissonic {name} ")


def test_it_draws_and_inspects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_bundle(tmp_path / "tiny")
    assert main(["draw", "cat", "--bundle", "tiny", "--threads", "1", "--steps", "2"]) == 0
    assert np.asarray(Image.open("picture.png")).shape == (SIZE[1], SIZE[0], 3)
    capsys.readouterr()
    assert main(["inspect", "tiny"]) == 0
    shown = capsys.readouterr().out
    assert "tiny: tiny, format 1" in shown and "32x24 pixels" in shown
    assert "transformer      fp32" in shown
    (tmp_path / "tiny/tokenizer/vocab.json").write_text("{}", encoding="utf-8")
    assert main(["inspect", "tiny"]) == 2
    assert "vocab.json is truncated" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "package", "extras"),
    [
        ("export.onnx", "torch", "export"),
        ("export.coreml", "torch", "export"),
        ("export.check_on_mac", "torch", "export"),
        ("quantize", "onnx", "export"),
        ("quantize.sensitivity", "onnx", "export"),
        ("reference", "torch", "export"),
        ("reference.checkpoint", "torch", "export"),
        ("reference.judge", "torch", "export"),
        ("reference.score", "torch", "export"),
        ("reference.train", "torch", "export"),
        ("runtime.coreml.ranges", "coremltools", "export,coreml"),
        ("runtime.coreml.structure", "coremltools", "export,coreml"),
        ("runtime.parity", "torch", "export"),
        ("runtime.parity.arm", "onnx", "export"),
    ],
)
def test_a_command_without_its_extra_names_it(module: str, package: str, extras: str) -> None:
    code = WITHOUT.format(package=package, module=module)
    words = ["a cat"] if module == "reference" else []
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=ROOT)
    line = f"error: {package} is not installed: pip install 'meissonic-mobile[{extras}]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


def test_the_script_without_an_extra_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; sys.modules['torch'] = None; from runtime.commands import main; "
    code += "sys.exit(main(['export', 'onnx', '--help']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == "error: torch is not installed: pip install 'meissonic-mobile[export]'\n"
