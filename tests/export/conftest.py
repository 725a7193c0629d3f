from pathlib import Path

import pytest

from reference.checkpoint import Checkpoint, load_checkpoint

GOLDEN = Path(__file__).parents[1] / "golden"
SIZES = {"mono": (96, 128), "mei": (256, 384)}  # neither square, so that a swapped axis shows


@pytest.fixture(scope="session", params=["mono", "mei"])
def checkpoint(request: pytest.FixtureRequest) -> Checkpoint:
    """The recorded checkpoints: without (mono) and with (mei) feature compression."""
    return load_checkpoint(GOLDEN / request.param / "checkpoint")


@pytest.fixture(scope="session")
def size(checkpoint: Checkpoint) -> tuple[int, int]:
    """(W, H) in pixels."""
    return SIZES["mei" if checkpoint.compression == 2 else "mono"]
