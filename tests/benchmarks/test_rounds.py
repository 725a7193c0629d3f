"""Turns, rounds and result files, with processes replaced by given figures; the processes' own part is in
test_contenders."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reference.errors import UserError
from tests.benchmarks import processes, results, rounds, speed
from tests.benchmarks.__main__ import main
from tests.benchmarks.contenders import BASE, CONTENDERS, FLOOR
from tests.benchmarks.rounds import Failed, Plan, Results
from tests.benchmarks.workloads import WORKLOADS, Workload

SECONDS = {"bundle int8": 1.0, BASE: 4.0, "onnxruntime int8": 2.5, FLOOR: 0.8}


@pytest.fixture
def workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workload:
    monkeypatch.setattr("tests.benchmarks.workloads.ROOT", tmp_path)
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(rounds, "prepare", lambda workload: None)
    monkeypatch.setattr(rounds, "same_as", lambda contender, workload, task: "")
    chosen = WORKLOADS["tiny"]
    chosen.folder.mkdir()
    return chosen


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The contenders in the order they had their turns."""
    had: list[str] = []

    def child(arguments: list[str], workload: Workload, threads: int, limit: float) -> dict[str, object]:
        what, _, name, *rest = arguments
        if what == "prepare":
            (workload.folder / CONTENDERS[name].files).mkdir()
            return {"seconds": 1.0, "peak_mb": 100.0}
        if name == "torch fp32":
            raise Failed("no such engine")
        had.append(name)
        seconds = SECONDS[name] * (1 + 0.1 * had.count(name))
        return {"task": rest[0], "contender": name, "seconds": [seconds], "peak_mb": 10.0, "note": ""}

    monkeypatch.setattr(rounds, "child", child)
    return had


def plan(count: int = 2, minutes: float = 60, names: tuple[str, ...] = ("bundle int8", BASE)) -> Plan:
    return Plan(("step",), [CONTENDERS[name] for name in names], count, minutes, 2, 60)


def test_rounds_interleave_contenders(workload, turns):
    rounds.run(workload, plan(3), Results.open(workload, 2))
    assert turns == ["bundle int8", BASE] * 3


def test_a_second_run_goes_on_with_whoever_had_fewer_turns(workload, turns):
    rounds.run(workload, plan(2, names=(BASE,)), Results.open(workload, 2))
    rounds.run(workload, plan(2), Results.open(workload, 2))
    assert turns == [BASE, BASE, "bundle int8", "bundle int8"]


def test_no_turn_begins_after_the_time_is_used_up(workload, turns):
    rounds.run(workload, plan(2, minutes=0), Results.open(workload, 2))
    assert turns == []


def test_a_stop_keeps_every_finished_turn(workload, turns, monkeypatch):
    child: Callable[..., dict[str, object]] = rounds.child

    def stopped(*arguments: object) -> dict[str, object]:
        if len(turns) == 3:
            raise KeyboardInterrupt
        return child(*arguments)

    monkeypatch.setattr(rounds, "child", stopped)
    with pytest.raises(KeyboardInterrupt):
        rounds.run(workload, plan(2), Results.open(workload, 2))
    stored = json.loads((workload.folder / "results.json").read_text())
    assert [turn["contender"] for turn in stored["turns"]] == ["bundle int8", BASE, "bundle int8"]


def test_who_fails_is_named_and_the_others_go_on(workload, turns):
    results = Results.open(workload, 2)
    rounds.run(workload, plan(2, names=("torch fp32", BASE)), results)
    assert results.failed == {"step/torch fp32": "no such engine"}
    assert turns == [BASE, BASE]
    assert "- step/torch fp32: no such engine." in speed.sentences(speed.save(workload, results))


def test_figures_of_two_machines_are_never_mixed(workload, turns):
    rounds.run(workload, plan(1), Results.open(workload, 2))
    with pytest.raises(UserError, match="--fresh"):
        Results.open(workload, 4)


def test_a_bundle_of_older_code_is_made_again_and_its_turns_forgotten(workload, turns, monkeypatch):
    results = Results.open(workload, 2)
    rounds.run(workload, plan(1), results)
    monkeypatch.setattr(rounds, "code_hash", lambda: "other code")
    rounds.run(workload, plan(1), results)
    assert turns == ["bundle int8", BASE, "bundle int8"]
    assert len(results.of("step", "bundle int8")) == 1


def test_the_result_file_gives_medians_ratios_and_the_floors_share(workload, turns):
    found = Results.open(workload, 2)
    rounds.run(workload, plan(3, names=tuple(SECONDS)), found)
    assert found.median("step", BASE) == pytest.approx(4.8)
    content = speed.save(workload, found)
    assert results.read("speed-tiny") == json.loads(json.dumps(content))
    said = "\n".join(speed.sentences(content))
    assert "**80%** of the int8 step" in said
    assert (
        f"**4.00** times as fast as {BASE}" in said and "**2.50** times as fast as onnxruntime int8" in said
    )
    text = speed.tables(content)
    assert "| **bundle int8** | 1.2 | 3 | 4.00 |" in text
    assert "avx2" in text or "asimd" in text  # which processor the figures are of


def test_answers_are_compared_with_torch(workload):
    folder = workload.folder / "answers"
    folder.mkdir()
    np.save(folder / "step-torch-fp32.npy", np.array([1, 2, 3, 4]))
    np.save(folder / "step-bundle-int8.npy", np.array([1, 2, 3, 5]))
    assert speed.answer(workload, "step", "bundle int8") == "75.0%"
    assert speed.answer(workload, "step", BASE) == ""  # none stored


def test_preparation_does_not_count_towards_the_minutes(workload, turns, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(rounds.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(rounds, "prepare", lambda workload: now.__setitem__(0, 3600.0))
    rounds.run(workload, plan(1, minutes=1), Results.open(workload, 2))
    assert turns == ["bundle int8", BASE]


def test_a_terminated_command_ends_its_children(tmp_path):
    """The child writes its process number and sleeps; it has to be gone when the command is."""
    number = tmp_path / "number"
    sleeper = (
        "import os, pathlib, time;"
        f" part = pathlib.Path({str(number)!r} + '.part'); part.write_text(str(os.getpid()));"
        f" part.rename({str(number)!r}); time.sleep(600)"
    )
    command = (
        "import sys; from tests.benchmarks import processes; processes.stop_on_terminate();"
        f" processes.run([sys.executable, '-c', {sleeper!r}])"
    )
    with subprocess.Popen([sys.executable, "-c", command], stderr=subprocess.DEVNULL) as process:
        while not number.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)


def test_a_child_that_takes_too_long_is_killed():
    with pytest.raises(subprocess.TimeoutExpired):
        processes.run([sys.executable, "-c", "import time; time.sleep(600)"], timeout=0.1)


def test_the_plot_is_a_picture(workload, turns):
    from PIL import Image

    found = Results.open(workload, 2)
    rounds.run(workload, plan(1, names=tuple(SECONDS)), found)
    picture_file = workload.folder / "benchmark.png"
    speed.plot(speed.save(workload, found), picture_file)
    with Image.open(picture_file) as picture:
        assert picture.width > 1000


def test_wrong_input_is_one_line_and_exit_code_2(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("tests.benchmarks.workloads.ROOT", tmp_path)
    for arguments in (
        ["--only", "nobody"],
        ["--rounds", "0"],
        ["--workload", "huge"],
        ["--threads", "x"],
        ["--check"],
    ):
        assert main(arguments) == 2
        assert capsys.readouterr().err.count("\n") == 1
