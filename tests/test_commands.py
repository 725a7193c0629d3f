"""Every command, whatever package it is in, answers alike: a wrong flag, --help, Ctrl-C."""

import ast
import json
import runpy
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.apple import reason_to_skip
from tests.float_bundle import write_checkpoint
from tests.runtime.tiny_bundle import write_bundle

ROOT = Path(__file__).parents[1]
PACKAGES = ("reference", "runtime", "quantize", "export")
# What runtime.parity.arm starts on the emulated machine: it speaks to a program, not to people.
INTERNAL = {"runtime.parity.machine_recording"}


def is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def commands() -> list[str]:
    """The module of every command line in the packages."""
    found = []
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        if path.name == "__main__.py" or any(map(is_main_guard, ast.parse(path.read_text()).body)):
            found.append(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__"))
    return [name for name in found if name not in INTERNAL]


COMMANDS = commands()
FIRST = {  # what must come before a wrong flag is read
    "quantize.sensitivity": ["--max-kl", "1"],
    "reference.checkpoint": ["info"],
    "runtime.commands": ["draw"],
}
every_command = pytest.mark.parametrize("command", COMMANDS)
pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")


def run(command: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", [command, *arguments])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module(command, run_name="__main__", alter_sys=True)
    return stop.value.code


@every_command
def test_a_wrong_flag_is_one_line_that_names_it(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, monkeypatch, *FIRST.get(command, []), "x", "--bogus") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and "--bogus" in line


@every_command
def test_help_shows_examples(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, monkeypatch, *FIRST.get(command, []), "--help") == 0
    shown = capsys.readouterr().out
    name = "meissonic draw" if command == "runtime.commands" else f"python -m {command}"
    assert "example" in shown and name in shown


# When to interrupt a command: when it renames what it wrote into {out} (a set names what may stay), when
# it makes a folder there, because the work before a rename takes long, or when it reads a file in {input}.
RENAMING: dict[str, tuple[str, set[str]]] = {
    "quantize": ("{bundle} --fp16 --out {out}/fp16", set()),
    "reference": ("cat --checkpoint {checkpoint} --steps 1 --out {out}/cat.png", set()),
    "reference.checkpoint": ("random --preset tiny {out}/tiny", set()),
    "reference.score": (
        "--checkpoint {checkpoint} --steps 1 --prompts-per-category 1 --out {out}/score.json",
        set(),
    ),
    "runtime": ("cat --bundle {bundle} --steps 2 --out {out}/cat.png", set()),
    "runtime.commands": ("draw cat --bundle {bundle} --steps 2 --out {out}/cat.png", set()),
}
MAKING = {
    "export.coreai": "--checkpoint {checkpoint} --fp32 --out {out}/iphone27",
    "export.coreml": "--checkpoint {checkpoint} --fp16 --out {out}/iphone",
    "export.onnx": "--checkpoint {checkpoint} --fp32 --out {out}/android",
    "reference.distill": "--steps 1 --out {out}/student",
    "reference.judge": "--steps 1 --test-pictures 1 --out {out}/judge",
    "reference.stickers.write_pictures": "{out}/pictures --count 1",
    "reference.tiny_decoder": "--checkpoint {checkpoint} --drawings 2 --steps 1 --out {out}/tiny",
    "reference.train": "--out {out}/run",
}
READING = {
    "export.check_on_mac": "{input}",
    "quantize.sensitivity": "{input} --max-kl 1 --out {out}/recipe.json",
    "runtime.coreai.structure": "{input}/graph.aimodel",
    "runtime.coreml.ranges": "{input}",
    "runtime.coreml.structure": "{input}/graph.mlpackage --json {out}/report.json",
    "runtime.inspect": "{input}",
    "runtime.parity": "--bundle {input} --out {out}/report.html",
    "runtime.parity.arm": "--bundle {input} --machine {machine} --out {out}/report.html",
}
MANIFEST = {  # of a Core ML package
    "fileFormatVersion": "1.0.0",
    "itemInfoEntries": {"1": {"author": "", "description": "", "name": "model", "path": "model"}},
    "rootModelIdentifier": "1",
}

PATH_OF = {"open": 0, "os.mkdir": 0, "os.rename": 1}  # audit events, and which argument is the path
moments: list[tuple[str, Path]] = []  # the event and folder to wait for


def interrupt(event: str, arguments: tuple[object, ...]) -> None:
    """Press Ctrl-C when Python reports the event in the folder."""
    if not moments or event != moments[0][0]:
        return
    path = arguments[PATH_OF[event]]
    if isinstance(path, str | Path) and Path(path).is_relative_to(moments[0][1]):
        moments.clear()
        signal.raise_signal(signal.SIGINT)


sys.addaudithook(interrupt)  # for good, because Python cannot remove one


@contextmanager
def interrupted_at(event: str, folder: Path) -> Iterator[None]:
    moments[:] = [(event, folder)]
    try:
        yield
        assert not moments, f"{event} never happened in {folder}"
    finally:
        moments.clear()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the commands read."""
    folder = tmp_path_factory.mktemp("inputs")
    machine = folder / "machine"
    machine.mkdir()
    (machine / "ready").write_text("")
    (machine / "qemu-aarch64").write_text("#!/bin/sh\necho Available CPUs: cortex-a76\n")
    (machine / "qemu-aarch64").chmod(0o755)
    package = folder / "input" / "graph.mlpackage"
    package.mkdir(parents=True)
    (folder / "input" / "manifest.json").write_text("{}")
    (package / "Manifest.json").write_text(json.dumps(MANIFEST))
    (package / "Data").mkdir()
    (package / "Data" / "model").write_text("")
    asset = folder / "input" / "graph.aimodel"
    asset.mkdir()
    (asset / "metadata.json").write_text("{}")
    return {
        "bundle": write_bundle(folder / "bundle"),
        "checkpoint": write_checkpoint(folder / "checkpoint"),
        "machine": machine,
        "input": folder / "input",
    }


def test_every_command_is_interrupted_below() -> None:
    assert sorted([*RENAMING, *MAKING, *READING]) == COMMANDS


@every_command
def test_ctrl_c_ends_with_one_line_and_nothing_half_written(
    command: str,
    inputs: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if command == "export.coreai" and (why := reason_to_skip()):
        pytest.skip(why)  # it says so before it makes anything
    if command == "export.check_on_mac":
        monkeypatch.setattr(sys, "platform", "darwin")
    kept: set[str] = set()
    if command in RENAMING:
        moment, (line, kept) = ("os.rename", tmp_path), RENAMING[command]
    elif command in MAKING:
        moment, line = ("os.mkdir", tmp_path), MAKING[command]
    else:
        moment, line = ("open", inputs["input"]), READING[command]
    with interrupted_at(*moment):
        assert run(command, monkeypatch, *line.format(out=tmp_path, **inputs).split()) == 130
    (said,) = filter(None, capsys.readouterr().err.splitlines())
    assert said.startswith("stopped: ")
    assert {path.name for path in tmp_path.iterdir()} <= kept
