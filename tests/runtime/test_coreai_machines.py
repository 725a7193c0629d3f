"""Which machines can run Core AI assets, and what the others are told."""

import importlib
import platform
import sys

import pytest

from runtime.errors import EngineError


@pytest.mark.parametrize(
    ("system", "machine", "version", "said"),
    [
        ("Linux", "x86_64", ("glibc", "2.31"), "glibc 2.34 or newer, and this machine has glibc 2.31"),
        ("Linux", "x86_64", ("", ""), "this machine has another C library"),
        ("Linux", "aarch64", ("glibc", "2.39"), "this is Linux aarch64"),
        ("Windows", "AMD64", ("", ""), "this is Windows AMD64"),
        ("Darwin", "arm64", ("", ""), "macOS 27 or newer, and this Mac has 26.1"),
    ],
)
def test_a_machine_that_cannot_is_told_why(monkeypatch, system, machine, version, said):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: version)
    monkeypatch.setattr(platform, "mac_ver", lambda: ("26.1", ("", "", ""), ""))
    monkeypatch.delitem(sys.modules, "runtime.coreai.tools", raising=False)
    with pytest.raises(EngineError, match=said):
        importlib.import_module("runtime.coreai.tools")


def test_a_machine_without_the_package_is_told_its_extra(monkeypatch):
    monkeypatch.setattr("reference.extras.coreai_unavailable", lambda: None)
    monkeypatch.setitem(sys.modules, "coreai.authoring", None)
    monkeypatch.delitem(sys.modules, "runtime.coreai.tools", raising=False)
    with pytest.raises(EngineError, match=r"pip install 'meissonic-mobile\[coreai\]'"):
        importlib.import_module("runtime.coreai.tools")
