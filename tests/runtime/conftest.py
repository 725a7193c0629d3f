import shutil
from pathlib import Path

import pytest

from runtime.generator import Generator
from tests.runtime.tiny_bundle import write_bundle


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle; read only."""
    return write_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture
def own_bundle(bundle_folder: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(bundle_folder, tmp_path / "own"))


@pytest.fixture
def generator(bundle_folder: Path) -> Generator:
    return Generator.open(bundle_folder, threads=1)
