"""Tables and plot of made-up figures; figures that survive a stop."""

import pytest

from quantize.errors import QuantizationError
from tests.benchmarks import pareto_report
from tests.benchmarks.pareto import Figures
from tests.benchmarks.pareto_report import coreml_table, forms_table, layers_table, plot, weights_table
from tests.benchmarks.results import write_json


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


WHERE = {
    "date": "2026-11-29",
    "command": "python -m tests.benchmarks.pareto",
    "machine": {"cpu": "a processor", "flags": ["avx_vnni"], "threads": 1},
}
CONTENT = {
    **WHERE,
    "times": {**WHERE, "date": "2026-11-30"},
    "source": "stickers 0123",
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
        **WHERE,
        "forms": {
            "fp16": form(15, 1e-4, "1111") | {"moved": 8_000_000},
            "palette4": form(5, 60.0, "") | {"moved": 2_000_000},
        },
    },
}


def test_tables_say_what_was_measured():
    # 2 of 4 right, and one of four lost: sqrt(.25 * .75 / 4).
    forms = forms_table(CONTENT)
    assert "| int8 | 9.0 | 7.2 | 0.0025 | 95.0 | 50.0 | -25.0 ± 21.7 | 1.00 |" in forms
    assert "Accuracy: *2026-11-29; a processor, 1 thread, with avx_vnni" in forms
    assert "Step times: *2026-11-30; a processor" in forms
    assert "| transformer head | 0.001 | 95.0 | 50.0 | -25.0 ± 21.7 |" in layers_table(CONTENT)
    weights = weights_table(CONTENT)
    assert weights.index("| transformer head.up | 0 | 0.2 | 0.4 |") < weights.index(
        "| text_encoder tokens.weight | 0 | 0.1 |  |"
    )
    packages = coreml_table(CONTENT)
    assert "| fp16 | 15.0 | 12.0 | 1e-07 | 95.0 | 100.0 | +25.0 ± 21.7 | 8.0 |" in packages
    assert "| palette4 | 5.0 | 4.0 | 0.06 | 95.0 |  |  | 2.0 |" in packages


def test_what_was_not_judged_is_left_empty(tmp_path):
    forms = {name: form | {"verdicts": ""} for name, form in CONTENT["forms"].items()}
    content = CONTENT | {"forms": forms, "prompts": 0}
    assert "| int8 | 9.0 | 7.2 | 0.0025 | 95.0 |  |  | 1.00 |" in forms_table(content)
    plot(content, tmp_path / "x.png")


def test_figures_of_a_run_that_was_stopped_are_not_reported(tmp_path, monkeypatch):
    figures = tmp_path / "pareto.json"
    write_json(figures, {part: one for part, one in CONTENT.items() if part != "coreml"})
    monkeypatch.setattr(pareto_report, "FIGURES", figures)
    with pytest.raises(QuantizationError, match=r"lacks coreml: run without --only"):
        pareto_report.write_plot()


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
