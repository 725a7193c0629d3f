from collections import Counter
from pathlib import Path

import onnx_ir as ir
import pytest

from export.graphs import graphs
from export.trace import trace
from quantize.onnx_files import save
from reference.checkpoint import Checkpoint, load_checkpoint
from tests.export.inputs import GOLDEN

SIZES = {"mono": (96, 128), "mei": (256, 384)}  # neither square, so that a swapped axis shows


@pytest.fixture(scope="session", params=["mono", "mei"])
def checkpoint(request: pytest.FixtureRequest) -> Checkpoint:
    """The recorded checkpoints: without (mono) and with (mei) feature compression."""
    return load_checkpoint(GOLDEN / request.param / "checkpoint")


@pytest.fixture(scope="session")
def size(checkpoint: Checkpoint) -> tuple[int, int]:
    """(W, H) in pixels."""
    return SIZES["mei" if checkpoint.compression == 2 else "mono"]


@pytest.fixture(scope="session")
def traced(
    checkpoint: Checkpoint, size: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Every graph of the checkpoint as a float32 file, by name."""
    folder = tmp_path_factory.mktemp("traced")
    for name, spec in graphs(checkpoint, size).items():
        save(trace(spec), folder / f"{name}.onnx")
    return {path.stem: path for path in sorted(folder.glob("*.onnx"))}


@pytest.fixture
def operators():
    """Counts a model file's nodes by operator."""

    def count(path: Path) -> Counter[str]:
        return Counter(node.op_type for node in ir.load(path).graph)

    return count
