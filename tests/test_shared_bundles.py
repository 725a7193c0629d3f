"""What is made once is made again when its sources change, and only then."""

import os
from pathlib import Path
from threading import Thread

import pytest

from tests import shared_bundles
from tests.shared_bundles import SOURCES, make_once


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one line of code in each folder."""
    monkeypatch.setattr(shared_bundles, "ROOT", tmp_path)
    (tmp_path / "requirements.lock").write_text("numpy==2\n")
    for name in (*SOURCES, "tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "code.py").write_text("a = 1\n")
    return tmp_path


def test_unchanged_sources_are_not_made_again_whatever_their_dates(sources: Path) -> None:
    made: list[str] = []
    folder = sources / "made"

    def make() -> None:
        made.append("")
        folder.mkdir(exist_ok=True)

    for _ in range(2):
        make_once(folder, make)
    os.utime(sources / "export" / "code.py")
    (sources / "export" / "notes.md").write_text("no source")
    make_once(folder, make)
    assert len(made) == 1


@pytest.mark.parametrize(
    "changed", ["requirements.lock", "quantize/code.py", "reference/new.json", "tests/code.py"]
)
def test_a_changed_source_is_made_again(sources: Path, changed: str) -> None:
    made: list[str] = []
    folder = sources / "made"
    folder.mkdir()
    make_once(folder, lambda: made.append(""), "tests")
    date = (sources / "export" / "code.py").stat()
    (sources / changed).write_text("b = 1\n")
    os.utime(sources / changed, ns=(date.st_atime_ns, date.st_mtime_ns))
    make_once(folder, lambda: made.append(""), "tests")
    assert len(made) == 2


def test_what_failed_or_was_removed_is_made_again(sources: Path) -> None:
    folder = sources / "made"

    def fail() -> None:
        folder.mkdir()
        raise SystemExit(2)

    with pytest.raises(SystemExit):
        make_once(folder, fail)
    made: list[str] = []
    make_once(folder, lambda: made.append(""))
    folder.rmdir()
    make_once(folder, lambda: made.append(""))
    assert len(made) == 2


def test_who_comes_while_it_is_made_waits_for_it(sources: Path) -> None:
    made: list[str] = []
    folder = sources / "made"
    second = Thread(target=lambda: make_once(folder, lambda: made.append("second")))

    def first() -> None:
        second.start()
        folder.mkdir()
        made.append("first")

    make_once(folder, first)
    second.join()
    assert made == ["first"]
