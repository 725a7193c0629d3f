"""The product runs on macOS and Windows, as far as its source can tell: what only some systems have is used
in the guarded places below, and nowhere else.
"""

import ast
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("export", "quantize", "reference", "runtime")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# Each does without where the system lacks it, and says so.
GUARDED = {
    "reference/publishing.py": {"fcntl"},
    "runtime/process.py": {"mallopt"},
    "runtime/processor.py": {"/proc/cpuinfo"},
}

# Missing on Windows, by the "Availability" notes of the standard library.
MODULES = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
OS = """
    chown fchmod fchown fdatasync fork forkpty getegid geteuid getgid getloadavg getpgid getpriority getuid
    initgroups killpg lchown mkfifo mknod nice openpty posix_fadvise posix_spawn pread preadv pwrite
    sched_getaffinity sched_setaffinity sendfile setgid setpgid setsid setuid statvfs sync sysconf uname wait
    wait3 wait4 waitid
"""
SIGNAL = "alarm pause pthread_kill pthread_sigmask setitimer siginterrupt sigwait"
FUNCTIONS = {"os": set(OS.split()), "signal": set(SIGNAL.split())}
SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIGBREAK", "SIG_DFL", "SIG_IGN"}
FOLDERS = ("/dev/", "/etc/", "/proc/", "/sys/", "/tmp/", "/usr/", "/var/")


def bound(tree: ast.AST) -> Iterator[str]:
    """What of a source other systems lack."""
    texts = {  # docstrings
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = {alias.name for alias in node.names}
            yield from {node.module or ""} & MODULES
            yield from names & FUNCTIONS.get(node.module or "", set())
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in FUNCTIONS.get(node.value.id, set()):
                yield f"{node.value.id}.{node.attr}"
            if node.value.id == "signal" and node.attr.startswith("SIG") and node.attr not in SIGNALS:
                yield f"signal.{node.attr}"
        elif isinstance(node, ast.Attribute) and node.attr == "mallopt":
            yield node.attr
        elif isinstance(node, ast.Constant) and str(node.value).startswith(FOLDERS) and id(node) not in texts:
            yield str(node.value)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_guarded_places_use_what_some_systems_lack(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    found = set(bound(ast.parse(path.read_text(encoding="utf-8"))))
    assert found == GUARDED.get(name, set())


@pytest.mark.parametrize(
    "source",
    [
        "import fcntl",
        "from os import sysconf",
        "import os\nos.sysconf('SC_PAGE_SIZE')",
        "import signal\nsignal.SIGKILL",
        "open('/dev/null')",
        "from resource import getrusage",
    ],
)
def test_the_rule_finds(source: str) -> None:
    assert list(bound(ast.parse(source)))


def test_the_rule_knows_functions_that_are_here() -> None:
    """A misspelt name would never be found."""
    if sys.platform == "linux":
        assert all(hasattr(os, name) for name in FUNCTIONS["os"])
        assert all(hasattr(signal, name) for name in FUNCTIONS["signal"])
