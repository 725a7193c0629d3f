"""`python -m tests.benchmarks report`: write every measured figure of README and docs from its result file.

<!-- table: NAME -->           a table, see `tables.every_table`
...
<!-- /table -->

<!-- figure: FILE/KEY/KEY .1% -->95.1%<!-- /figure -->     one value of docs/results/FILE.json
"""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reference.errors import UserError
from tests.benchmarks.results import read
from tests.benchmarks.tables import every_table

TABLE = re.compile(r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- /table -->)", re.DOTALL)
FIGURE = re.compile(r"(<!-- figure: (?P<path>\S+) (?P<form>\S+) -->).*?(<!-- /figure -->)", re.DOTALL)


def documents() -> list[Path]:
    folders = [Path("docs"), Path("reference/checkpoints")]
    return [Path("README.md"), *(path for folder in folders for path in sorted(folder.glob("*.md")))]


def filled(text: str) -> str:
    """The text with every marked place written anew. Raises UserError for a mark that names nothing."""
    text = TABLE.sub(lambda mark: f"{mark[1]}{table(mark['name'])}\n{mark[3]}", text)
    return FIGURE.sub(lambda mark: f"{mark[1]}{figure(mark['path'], mark['form'])}{mark[4]}", text)


def table(name: str) -> str:
    tables = every_table()
    if name not in tables:
        raise UserError(f"<!-- table: {name} -->: there is no such table, only {', '.join(sorted(tables))}")
    return tables[name]()


def figure(path: str, form: str) -> str:
    file, *keys = path.split("/")
    value: Any = read(file)
    try:
        for key in keys:
            value = value[key]
        return format(value, form)
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"<!-- figure: {path} {form} -->: docs/results/{file}.json has no such figure"
        ) from None


def write_documents() -> list[Path]:
    """Write the documents whose figures changed; returns them. Raises UserError."""
    made = {path: filled(path.read_text(encoding="utf-8")) for path in documents()}
    changed = [path for path, text in made.items() if text != path.read_text(encoding="utf-8")]
    for path in changed:
        path.write_text(made[path], encoding="utf-8")
    return changed


def differences() -> Iterator[str]:
    """A line for each line of a document that its result file does not give. Raises UserError."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        lines = difflib.ndiff(text.splitlines(), filled(text).splitlines())
        yield from (f"{path}: {line}" for line in lines if line[0] in "-+")
