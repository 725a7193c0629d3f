"""`optimum-cli export meissonic`: this project's exporters, found by optimum."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip(
    "optimum.commands.optimum_cli", reason="optimum is not installed: pip install -e '.[optimum]'"
)

ROOT = Path(__file__).parents[2]
COMMAND = "import sys; from optimum.commands.optimum_cli import main; sys.argv[0] = 'optimum-cli'; main()"


def optimum(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """optimum-cli with the command in optimum's namespace package, as the wheel installs it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "export/optimum_cli")])}
    command = [sys.executable, "-c", COMMAND, *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)


def test_optimum_lists_the_command_beside_its_own(tmp_path: Path) -> None:
    done = optimum("export", "--help", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "meissonic" in done.stdout and "bundle for Android" in done.stdout


def test_it_takes_the_flags_of_the_exporter(tmp_path: Path) -> None:
    words = ("--int4", "--out", "build/x", "--dry-run")
    theirs = optimum("export", "meissonic", "onnx", *words, folder=tmp_path)
    assert theirs.returncode == 0, theirs.stderr
    command = [sys.executable, "-m", "export.onnx", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ours = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert (theirs.stdout, theirs.stderr) == (ours.stdout, ours.stderr)
    assert ours.stderr == ""
    assert "int4, to build/x" in ours.stdout and "nothing was written" in ours.stdout


def test_a_wrong_flag_is_one_line(tmp_path: Path) -> None:
    done = optimum("export", "meissonic", "onnx", "--bogus", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: ") and "--bogus" in done.stderr
