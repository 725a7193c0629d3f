"""The tables of docs/results/real-size.json: exports of a random checkpoint of the published size.

The figures are printed by the commands that the file names, because an export of this size takes too long
and too much memory to repeat them all in one command.
"""

from collections.abc import Sequence
from typing import Any

from tests.benchmarks.markdown import table
from tests.benchmarks.results import read, source_line

RESULT = "real-size"
GRAPHS = ("text_encoder", "conditioner", "transformer", "image_decoder", "image_encoder")


def cell(value: Any, form: str) -> str:
    return format(value, form) if value is not None else ""


def columns(keys: Sequence[tuple[str, str, str]], forms: dict[str, Any], first: str) -> str:
    """A row for each form, a column for each (title, key, format)."""
    rows = [[name, *(cell(form.get(key), shape) for _, key, shape in keys)] for name, form in forms.items()]
    return table([first, *(title for title, _, _ in keys)], rows)


def summary() -> str:
    """README's table."""
    content = read(RESULT)
    keys = (
        ("bundle, GB", "gigabytes", ".2f"),
        ("same tokens, %", "same_percent", ".1f"),
        ("KL, nats", "kl", ".2g"),
        ("peak RSS of a drawing, GB", "drawing_gb", ".2f"),
        ("export, min", "export_minutes", ".1f"),
        ("peak RSS of the export, GB", "export_gb", ".1f"),
    )
    return f"{columns(keys, content['forms'], 'format')}\n\n{source_line(content)}"


def graphs(key: str, form: str) -> str:
    """One figure of every graph and format."""
    content = read(RESULT)
    rows = [
        [graph, *(cell(one.get(key, {}).get(graph), form) for one in content["forms"].values() if key in one)]
        for graph in GRAPHS
    ]
    return table(["graph", *(name for name, one in content["forms"].items() if key in one)], rows)
