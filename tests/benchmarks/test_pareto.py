"""Tables and plot of made-up figures; figures that survive a stop."""

import pytest
from PIL import Image

from quantize.errors import QuantizationError
from quantize.sensitivity_study import write_json
from tests.benchmarks import pareto_report
from tests.benchmarks.pareto import Figures, machine
from tests.benchmarks.pareto_report import BEGIN, END, plot, tables


def form(size: float, nats: float, verdicts: str) -> dict:
    return {
        "bytes": int(size * 1e6),
        "deciding": int(size * 8e5),
        "positions": 1000,
        "same": 950,
        "nats": nats,
        "verdicts": verdicts,
        "milliseconds": 12.34,
    }


CONTENT = {
    "command": "python -m tests.benchmarks.pareto",
    "source": "stickers 0123",
    "machine": {"cpu": "a processor", "int8": "avx_vnni", "threads": 1, "onnxruntime": "1"},
    "prompts": 4,
    "steps": 8,
    "weights": [
        {"graph": "text_encoder", "weight": "tokens.weight", "fp16": 0.0, "int8": 0.1},
        {"graph": "transformer", "weight": "head.up", "fp16": 0.0, "int8": 0.2, "int4": 0.4},
    ],
    "forms": {
        "fp32": form(30, 0.0, "1101"),
        "fp16": form(15, 1e-4, "1101"),
        "int8": form(9, 2.5, "1001"),
        "int4": form(6, 40.0, "1000"),
        "mixed, 8.0 MB": form(8, 3.0, "1101"),
        "mixed, 7.0 MB": form(7, 8.0, "1101"),
        "only transformer head": form(29, 1.0, "0101"),
    },
    "coreml": {
        "torch": "2",
        "forms": {
            "fp16": form(15, 1e-4, "1111") | {"moved": 8_000_000},
            "palette4": form(5, 60.0, "") | {"moved": 2_000_000},
        },
    },
}


def test_tables_say_what_was_measured():
    text = tables(CONTENT)
    # 2 of 4 right: standard error sqrt(.5 * .5 / 4); one of four lost: sqrt(.25 * .75 / 4).
    assert (
        "| int8 | 9.0 MB | 7.2 MB | 0.0025 | 95.0% | 50.0% ± 25.0% | -25.0 ± 21.7 points | 12.3 ms |" in text
    )
    assert "| transformer head | 0.001 | 95.0% | 50.0% ± 25.0% | -25.0 ± 21.7 points |" in text
    assert text.index("| transformer head.up | 0 | 0.2 | 0.4 |") < text.index(
        "| text_encoder tokens.weight | 0 | 0.1 | - |"
    )
    assert "a processor (avx_vnni), threads: 1" in text
    assert "| Core ML fp16 | 15.0 MB | 12.0 MB | 1e-07 | 95.0% | 100.0% ± 0.0% | +25.0 ±" in text
    assert "points | moves 8.0 MB |" in text
    assert "| 0.06 | 95.0% | not judged | not judged | moves 2.0 MB |" in text


def test_what_was_not_judged_says_so(tmp_path):
    forms = {name: form | {"verdicts": ""} for name, form in CONTENT["forms"].items()}
    content = CONTENT | {"forms": forms, "prompts": 0}
    assert "| int8 | 9.0 MB | 7.2 MB | 0.0025 | 95.0% | not judged | not judged | 12.3 ms |" in tables(
        content
    )
    plot(content, tmp_path / "x.png")


def test_the_report_replaces_what_is_between_its_marks_and_nothing_else(tmp_path, monkeypatch):
    table, figures = tmp_path / "quantization.md", tmp_path / "pareto.json"
    table.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_json(figures, CONTENT)
    for name, path in (("TABLE", table), ("FIGURES", figures), ("PLOT", tmp_path / "pareto.png")):
        monkeypatch.setattr(pareto_report, name, path)
    pareto_report.write_report()
    assert table.read_text() == f"before\n{BEGIN}\n{tables(CONTENT)}\n{END}\nafter\n"
    with Image.open(tmp_path / "pareto.png") as image:
        assert image.size == (1100, 840)


def test_figures_of_a_run_that_was_stopped_are_not_reported(tmp_path, monkeypatch):
    figures = tmp_path / "pareto.json"
    write_json(figures, {part: one for part, one in CONTENT.items() if part != "coreml"})
    monkeypatch.setattr(pareto_report, "FIGURES", figures)
    with pytest.raises(QuantizationError, match=r"lacks coreml: run without --only"):
        pareto_report.write_report()


def test_the_plot_is_small(tmp_path):
    plot(CONTENT, tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size < 200_000


def test_figures_are_kept_for_the_same_measurement_only(tmp_path):
    path = tmp_path / "figures.json"
    Figures(path, "a").add("int8", nats=1.0)
    Figures(path, "a").add("int8", verdicts="10")
    assert Figures(path, "a").forms == {"int8": {"nats": 1.0, "verdicts": "10"}}
    assert Figures(path, "b").forms == {}
    path.write_text("{")
    assert Figures(path, "a").forms == {}


@pytest.mark.parametrize("threads", [0, 2])
def test_the_machine_is_named(threads):
    found = machine(threads)
    assert found["cpu"] and found["threads"] == (threads or "all")
