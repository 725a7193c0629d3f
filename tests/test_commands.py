"""Every command, whatever package it is in, answers alike."""

import runpy
import sys

import pytest

COMMANDS = (
    "export.onnx",
    "quantize",
    "reference",
    "reference.checkpoint",
    "reference.judge",
    "reference.score",
    "reference.train",
    "runtime",
    "runtime.parity",
    "runtime.parity.arm",
)


def run(command: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", [command, *arguments])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module(command, run_name="__main__", alter_sys=True)
    return stop.value.code


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_a_wrong_flag_is_one_line_that_names_it(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ["info"] if command == "reference.checkpoint" else []
    assert run(command, monkeypatch, *first, "x", "--bogus") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and "--bogus" in line


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_help_shows_examples(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ["info"] if command == "reference.checkpoint" else []
    assert run(command, monkeypatch, *first, "--help") == 0
    shown = capsys.readouterr().out
    assert "example" in shown and f"python -m {command}" in shown
