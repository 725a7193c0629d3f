import signal
import sys

import pytest


def pytest_configure() -> None:
    """A run started in the background inherits an ignored Ctrl-C, and so would every command it tests."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random weights and inputs in every run and order; torch where a test's module imported it."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
