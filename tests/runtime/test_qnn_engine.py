"""The engine for Qualcomm's NPU where it cannot be had, and for bundles that have nothing for it."""

from pathlib import Path

import pytest

from reference import extras
from runtime import qnn_engine
from runtime.__main__ import main
from runtime.bundle import open_bundle
from runtime.engine import open_engine
from runtime.errors import EngineError
from tests.runtime.tiny_bundle import edit_manifest, write_bundle


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle whose transformer is said to be for the NPU."""
    monkeypatch.chdir(tmp_path)
    write_bundle(tmp_path / "bundle")
    edit_manifest(tmp_path / "bundle", "graphs", "transformer", "compute", value="npu")
    return tmp_path / "bundle"


@pytest.fixture
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library was not loaded in this process."""
    monkeypatch.setattr(qnn_engine, "provider", qnn_engine.provider.__wrapped__)


def line(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line that a command printed, which must be its only error."""
    *others, last = capsys.readouterr().err.splitlines()
    assert last.startswith("error: ") and not any(other.startswith("error") for other in others)
    return last


def test_a_bundle_without_graphs_for_it_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bundle(tmp_path / "bundle")
    assert main(["cat", "--bundle", str(tmp_path / "bundle"), "--engine", "qnn"]) == 2
    assert line(capsys) == (
        "error: --engine qnn runs graphs made for an NPU, but this bundle has none: export one with --qnn"
    )


def test_the_cpu_runs_it_by_default(folder: Path) -> None:
    assert main(["cat", "--bundle", str(folder), "--steps", "2", "--threads", "1"]) == 0


def test_without_the_package_the_extra_is_named(
    folder: Path, no_provider: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qnn_engine, "qnn_unavailable", lambda: None)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(extras.MissingExtra, match=r"pip install 'meissonic-mobile\[qnn\]'$"):
        open_engine(open_bundle(folder), name="qnn").open("transformer")


@pytest.mark.parametrize(
    ("system", "machine", "library", "reason"),
    [
        ("Darwin", "arm64", ("", ""), "on Linux x86-64 only, and this is Darwin arm64"),
        ("Linux", "aarch64", ("glibc", "2.39"), "on Linux x86-64 only, and this is Linux aarch64"),
        ("Linux", "x86_64", ("glibc", "2.31"), "needs glibc 2.35 or newer, and this machine has glibc 2.31"),
        ("Linux", "x86_64", ("", ""), "needs glibc 2.35 or newer, and this machine has another C library"),
    ],
)
def test_a_machine_that_cannot_run_it_is_told_why(
    folder: Path,
    no_provider: None,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    machine: str,
    library: tuple[str, str],
    reason: str,
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.libc_ver", lambda: library)
    with pytest.raises(EngineError, match=reason):
        open_engine(open_bundle(folder), name="qnn").open("transformer")
