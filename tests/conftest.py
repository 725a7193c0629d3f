import signal
import sys

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Where the time goes, the longest first, so that no worker is left with a long file at the end. The files of
# one line stay in one worker, because they share what takes longest to make.
LONG = (
    ("tests/parity/test_emulated.py",),
    ("tests/parity/test_shipped.py",),
    ("tests/export/apple/test_package.py",),
    ("tests/export/test_bundle_writer.py",),
    ("tests/export/test_calibration.py", "tests/export/test_int8.py", "tests/export/test_trace.py"),
    ("tests/parity/test_arm.py", "tests/parity/test_parity.py"),
    ("tests/reference/stickers/test_masked_modelling.py",),
    ("tests/benchmarks/test_contenders.py",),
    ("tests/export/test_coreml.py",),
)
PLACES = {file: place for place, files in enumerate(LONG) for file in files}


def pytest_configure() -> None:
    """A run in the background, or of nohup, inherits ignored signals; the commands it tests must not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: PLACES.get(file_of(item.nodeid), len(LONG)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """With `--no-loadscope-reorder` the groups keep the order of their first tests."""
    return Groups(config, log)


class Groups(LoadScopeScheduling):
    """One worker runs a file, and all files of one line of LONG.

    The marks of `--dist loadgroup` do not reach pytest-xdist 3.8 from pytest 9.2: both workers got tests of
    every file and made what they share twice.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return LONG[PLACES[file]][0] if file in PLACES else file


def file_of(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random weights and inputs in every run and order; torch where a test's module imported it."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
