"""README and docs hold the figures of docs/results, and the report finds every difference."""

import json
from pathlib import Path

import pytest

from reference.errors import UserError
from tests.benchmarks import report, results
from tests.benchmarks.__main__ import main


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A README with a table and a figure, and their result file."""
    monkeypatch.chdir(tmp_path)
    rows = [{"rounding": "GPTQ", "block": 16, "megabytes": 4.874, "kl": 0.02, "same_percent": 87.2}]
    where = {"date": "2026-11-29", "command": "a command", "machine": {"cpu": "a processor"}}
    results.write("rounding", {**where, "share": 0.872, "rows": rows})
    path = tmp_path / "README.md"
    path.write_text(
        "before\n<!-- table: rounding -->\nold\n<!-- /table -->\n"
        "keeps <!-- figure: rounding/share .1% -->old<!-- /figure --> of them\n"
    )
    return path


def test_the_report_fills_marked_places_and_nothing_else(document):
    assert main(["report"]) == 0
    text = document.read_text()
    assert text.startswith("before\n<!-- table: rounding -->\n| rounding | block |")
    assert (
        "| GPTQ | 16 | 4.87 | 0.0200 | 87.2 |" in text and "*2026-11-29; a processor; `a command`.*" in text
    )
    assert "keeps <!-- figure: rounding/share .1% -->87.2%<!-- /figure --> of them\n" in text
    assert "old" not in text
    assert report.write_documents() == []


def test_a_check_names_every_difference_and_changes_nothing(document, capsys):
    main(["report"])
    written = document.read_text().replace("4.87", "4.88")
    document.write_text(written)
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(["report", "--check"])
    assert stop.value.code == 1 and document.read_text() == written
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("README.md: - | GPTQ") and lines[1].startswith("README.md: + | GPTQ")


def test_a_check_of_equal_documents_says_nothing(document, capsys):
    main(["report"])
    capsys.readouterr()
    assert main(["report", "--check"]) == 0 and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "mark",
    [
        "<!-- table: nothing -->\n<!-- /table -->",
        "<!-- figure: rounding/nothing .1f -->1<!-- /figure -->",
        "<!-- figure: nothing/share .1f -->1<!-- /figure -->",
    ],
)
def test_a_mark_that_names_nothing_is_one_line_and_exit_code_2(document, capsys, mark):
    document.write_text(mark)
    assert main(["report"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and "nothing" in line and document.read_text() == mark


def test_a_result_file_that_is_no_json_is_named(document):
    results.path("rounding").write_text("{")
    with pytest.raises(UserError, match=r"docs/results/rounding.json is not JSON"):
        report.write_documents()


def test_every_published_figure_is_its_result_files():
    assert list(report.differences()) == [], "run: python -m tests.benchmarks report"


def test_every_result_file_says_where_its_figures_are_from():
    files = sorted(results.FOLDER.glob("*.json"))
    assert len(files) > 5
    for file in files:
        content = json.loads(file.read_text())
        assert content["date"] and content["command"] and content["machine"]["cpu"], file
