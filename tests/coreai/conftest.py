import pytest

from tests.apple import reason_to_skip


@pytest.fixture(scope="session", autouse=True)
def apple() -> None:
    """Skips the tests of this folder, with the reason, where Apple's runtime cannot run."""
    if why := reason_to_skip():
        pytest.skip(why)
