"""Every test here needs Apple's packages: without the extra they are skipped, and pytest says so."""

from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("coreai") is None:
        skip = pytest.mark.skip(reason="WARNING: no test of Core AI ran: the extra coreai is not installed")
        for item in items:
            if item.path.is_relative_to(HERE):
                item.add_marker(skip)
