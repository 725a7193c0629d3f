import signal
import sys
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# Where the time goes. The first are begun first, so that no worker has a long file left at the end; files of
# one line stay together, for they share what takes longest to make.
LONG = (
    ("tests/parity/test_emulated.py",),
    ("tests/parity/test_shipped.py",),
    ("tests/export/apple/test_package.py",),
    ("tests/export/test_bundle_writer.py",),
    ("tests/export/test_calibration.py", "tests/export/test_int8.py", "tests/export/test_trace.py"),
    ("tests/parity/test_arm.py", "tests/parity/test_parity.py"),
    ("tests/reference/test_masked_modelling.py",),
    ("tests/benchmarks/test_contenders.py",),
    ("tests/export/test_coreml.py",),
)
PLACES = {file: place for place, files in enumerate(LONG) for file in files}


class Packed(LoadScopeScheduling):
    """Hands files, or groups of them, to workers in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return LONG[PLACES[file]][0] if file in PLACES else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Packed:
    config.option.loadscopereorder = False  # which would begin with the files of many tests
    return Packed(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: PLACES.get(item.nodeid.split("::", 1)[0], len(LONG)))


def pytest_configure() -> None:
    """A run started in the background inherits an ignored Ctrl-C, and so would every command it tests."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random weights and inputs in every run and order; torch where a test's module imported it."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
