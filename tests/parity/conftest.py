import shutil
from pathlib import Path

import pytest

from reference.checkpoint import Checkpoint, load_checkpoint
from runtime.bundle import Bundle
from tests.float_bundle import SIZE, write_bundle, write_checkpoint

GRAPHS = ("text_encoder", "conditioner", "transformer", "image_decoder")


@pytest.fixture(scope="session")
def checkpoint_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "smallest")


@pytest.fixture(scope="session")
def checkpoint(checkpoint_folder: Path) -> Checkpoint:
    return load_checkpoint(checkpoint_folder)


@pytest.fixture(scope="session")
def bundle(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Its float32 bundle without an image encoder; read only."""
    return write_bundle(checkpoint, tmp_path_factory.mktemp("bundles") / "fp32", SIZE, GRAPHS)


@pytest.fixture
def own_bundle(bundle: Bundle, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(bundle.folder, tmp_path / "own"))
