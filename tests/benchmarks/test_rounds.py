"""Turns, rounds and reports, with processes replaced by given figures; the processes' own part is in
test_contenders."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reference.errors import UserError
from tests.benchmarks import report, rounds
from tests.benchmarks.__main__ import main
from tests.benchmarks.contenders import BASE, CONTENDERS, FLOOR
from tests.benchmarks.layouts import LAYOUTS, Layout
from tests.benchmarks.profile import profile_file
from tests.benchmarks.rounds import Failed, Plan, Results

SECONDS = {"bundle int8": 1.0, BASE: 4.0, "onnxruntime int8": 2.5, FLOOR: 0.8}


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr("tests.benchmarks.layouts.ROOT", tmp_path)
    monkeypatch.setattr(report, "ROOT", tmp_path)
    monkeypatch.setattr(rounds, "prepare", lambda layout: None)
    monkeypatch.setattr(rounds, "same_as", lambda contender, layout, task: "")
    chosen = LAYOUTS["tiny"]
    chosen.folder.mkdir()
    return chosen


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The contenders in the order they had their turns."""
    had: list[str] = []

    def child(arguments: list[str], layout: Layout, threads: int, limit: float) -> dict[str, object]:
        what, _, name, *rest = arguments
        if what == "prepare":
            (layout.folder / CONTENDERS[name].files).mkdir()
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


def test_rounds_interleave_contenders(layout, turns):
    rounds.run(layout, plan(3), Results.open(layout, 2))
    assert turns == ["bundle int8", BASE] * 3


def test_a_second_run_goes_on_with_whoever_had_fewer_turns(layout, turns):
    rounds.run(layout, plan(2, names=(BASE,)), Results.open(layout, 2))
    rounds.run(layout, plan(2), Results.open(layout, 2))
    assert turns == [BASE, BASE, "bundle int8", "bundle int8"]


def test_no_turn_begins_after_the_time_is_used_up(layout, turns):
    rounds.run(layout, plan(2, minutes=0), Results.open(layout, 2))
    assert turns == []


def test_a_stop_keeps_every_finished_turn(layout, turns, monkeypatch):
    child: Callable[..., dict[str, object]] = rounds.child

    def stopped(*arguments: object) -> dict[str, object]:
        if len(turns) == 3:
            raise KeyboardInterrupt
        return child(*arguments)

    monkeypatch.setattr(rounds, "child", stopped)
    with pytest.raises(KeyboardInterrupt):
        rounds.run(layout, plan(2), Results.open(layout, 2))
    stored = json.loads((layout.folder / "results.json").read_text())
    assert [turn["contender"] for turn in stored["turns"]] == ["bundle int8", BASE, "bundle int8"]


def test_who_fails_is_named_and_the_others_go_on(layout, turns):
    results = Results.open(layout, 2)
    rounds.run(layout, plan(2, names=("torch fp32", BASE)), results)
    assert results.failed == {"step/torch fp32": "no such engine"}
    assert turns == [BASE, BASE]
    assert "- step/torch fp32: no such engine." in report.sentences(layout, results)


def test_figures_of_two_machines_are_never_mixed(layout, turns):
    rounds.run(layout, plan(1), Results.open(layout, 2))
    with pytest.raises(UserError, match="--fresh"):
        Results.open(layout, 4)


def test_a_bundle_of_older_code_is_made_again_and_its_turns_forgotten(layout, turns, monkeypatch):
    results = Results.open(layout, 2)
    rounds.run(layout, plan(1), results)
    monkeypatch.setattr(rounds, "code_hash", lambda: "other code")
    rounds.run(layout, plan(1), results)
    assert turns == ["bundle int8", BASE, "bundle int8"]
    assert len(results.of("step", "bundle int8")) == 1


def test_the_report_gives_medians_ratios_and_the_floors_share(layout, turns):
    results = Results.open(layout, 2)
    rounds.run(layout, plan(3, names=tuple(SECONDS)), results)
    assert results.median("step", BASE) == pytest.approx(4.8)
    rows = {row["contender"]: row for row in report.rows(layout, results, "step")}
    assert rows["bundle int8"]["ratio"] == pytest.approx(4.0)
    said = "\n".join(report.sentences(layout, results))
    assert "**80%** of the int8 step" in said
    assert f"against {BASE}: **4.00x**" in said and "against onnxruntime int8: **2.50x**" in said
    text = report.layout_report(layout)
    assert "| **bundle int8** | 1.2 | 1.1 - 1.3 | 3 | 4.00x |" in text
    assert "avx2" in text or "asimd" in text  # which processor the figures are of


def test_answers_are_compared_with_torch(layout):
    folder = layout.folder / "answers"
    folder.mkdir()
    np.save(folder / "step-torch-fp32.npy", np.array([1, 2, 3, 4]))
    np.save(folder / "step-bundle-int8.npy", np.array([1, 2, 3, 5]))
    assert report.answer(layout, "step", "bundle int8") == "75.0%"
    assert report.answer(layout, "step", BASE) == ""  # none stored


def test_the_document_is_filled_between_its_marks_only(layout, turns, tmp_path):
    rounds.run(layout, plan(1), Results.open(layout, 2))
    document = tmp_path / "benchmarks.md"
    document.write_text("before\n<!-- tiny -->\nold\n<!-- /tiny -->\nafter\n")
    assert report.write_document(document) == ["tiny"]
    text = document.read_text()
    assert text.startswith("before\n<!-- tiny -->\n### tiny") and text.endswith("<!-- /tiny -->\nafter\n")
    assert "old" not in text
    assert report.write_document(document) == ["tiny"] and document.read_text() == text
    document.write_text("no marks\n")
    with pytest.raises(UserError, match="no place"):
        report.write_document(document)


def test_the_report_shows_the_profiles_that_were_taken(layout, turns):
    rounds.run(layout, plan(1), Results.open(layout, 2))
    assert "Inside the" not in report.layout_report(layout)
    spent = {"MatMulIntegerToFloat": 60.0, "MultiHeadAttention": 30.0, "Gelu": 10.0}
    profile_file(layout, "int8").write_text(json.dumps({"threads": 2, "spent": spent}))
    text = report.layout_report(layout)
    assert "Inside the int8 step, 2 threads:" in text
    assert "| matmul | 60 | 60.0% | MatMulIntegerToFloat 60 |" in text


def test_the_plot_is_a_picture(layout, turns):
    from PIL import Image

    rounds.run(layout, plan(1, names=tuple(SECONDS)), Results.open(layout, 2))
    with Image.open(report.plot(layout)) as picture:
        assert picture.width > 1000


def test_wrong_input_is_one_line_and_exit_code_2(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("tests.benchmarks.layouts.ROOT", tmp_path)
    for arguments in (["--only", "nobody"], ["--rounds", "0"], ["--layout", "huge"], ["--threads", "x"]):
        assert main(arguments) == 2
        assert capsys.readouterr().err.count("\n") == 1
