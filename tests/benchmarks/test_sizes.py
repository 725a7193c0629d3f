"""The table of sizes: interleaved, resumed, and on a real bundle once."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import results, sizes
from tests.benchmarks.memory import Child, child, drawing_child, graph_child, main
from tests.runtime.tiny_bundle import write_bundle


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The measurements in the order they were taken; graphs take a second a row, drawings one a step."""
    taken: list[str] = []

    def graph(bundle: Path, graph: str, steps: int, rows: int, threads: int) -> Child:
        taken.append(f"{bundle.name} {graph} {rows}")
        return Child(60.0, 100.0 * rows, str(float(rows)))

    def drawing(bundle: Path, steps: int, guidance: float, threads: int) -> Child:
        taken.append(f"drawing {steps} {guidance:g}")
        return Child(float(steps), 300.0, "picture.png: done")

    monkeypatch.setattr(sizes, "graph_child", graph)
    monkeypatch.setattr(sizes, "drawing_child", drawing)
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    return taken


def fresh() -> dict:
    machine = {"cpu": "a processor", "threads": 2, "flags": ["avx2"]}
    where = {"date": "2026-11-29", "command": "sizes", "machine": machine}
    return {**where, "pixels": {"token": 16, "position": 32}, "turns": {}}


def test_measurements_take_turns_and_those_done_before_count(children):
    stored = fresh()
    sizes.measure(stored, 1, 2)
    once = list(children)
    assert len(once) == len(set(once)) == 3 * len(sizes.SIZES) + 6
    sizes.measure(stored, 2, 2)
    assert children == once + once
    assert results.read("sizes") == stored


def test_the_table_says_seconds_of_a_run_and_of_whole_drawings(children):
    sizes.measure(fresh(), 1, 2)
    lines = sizes.markdown().splitlines()
    assert "| 1024 x 768 | 3,072 | 768 | 2 | 200 | 1 | 100 | 2 | 200 |" in lines
    assert "| 16 | 16 | 300 | 16 | 300 |" in lines


def test_columns_that_were_not_measured_are_left_out(children):
    stored = fresh()
    sizes.measure(stored, 1, 2)
    steps = {name: turns for name, turns in stored["turns"].items() if name.endswith("transformer 2")}
    results.write("sizes", {**stored, "turns": steps})
    text = sizes.markdown()
    assert "| 256 x 256 | 256 | 64 | 2 | 200 |" in text and "decoder" not in text and "drawing" not in text


def test_a_graph_alone_takes_less_than_a_drawing_of_the_same_bundle(tmp_path, capsys):
    bundle = write_bundle(tmp_path / "bundle")
    alone, whole = (
        graph_child(bundle, "transformer", 2, rows=1, threads=1),
        drawing_child(bundle, 2, threads=1),
    )
    assert 0 < json.loads(alone.printed) < alone.seconds
    assert 20 < alone.peak_mb < 2000 and "2 steps" in whole.printed
    assert main([str(bundle), "--steps", "2"]) == 0
    assert "| transformer |" in capsys.readouterr().out


def test_a_peak_is_the_childs_and_not_that_of_its_parent():
    held = np.ones(60_000_000)  # 480 MB
    assert child([sys.executable, "-S", "-c", "print('done')"]).peak_mb < 100 < held.nbytes / 1e6


def test_a_graph_that_is_not_there_ends_the_measurement(tmp_path):
    with pytest.raises(SystemExit, match="--graph nowhere"):
        graph_child(write_bundle(tmp_path / "bundle"), "nowhere", 1)


def test_results_of_other_things_are_begun_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    here = {"machine": "this", "date": "today", "turns": []}
    results.write("stored", {"machine": "this", "date": "yesterday", "turns": [1]})
    assert results.resume("stored", here, found="turns")["turns"] == [1]
    assert results.resume("stored", {**here, "machine": "another"}, found="turns")["turns"] == []
