"""The stickers on Qualcomm's runtime: minutes of emulation."""

from pathlib import Path

import pytest

from export.onnx import main as export
from runtime.bundle import open_bundle
from tests.shared_bundles import STICKERS_64


@pytest.mark.slow
def test_the_stickers_keep_their_tokens_and_pictures(tmp_path: Path) -> None:
    assert export(["--qnn", "--checkpoint", str(STICKERS_64), "--out", str(tmp_path / "out")]) == 0
    figures = open_bundle(tmp_path / "out").manifest.parity
    assert figures["engine"] == "qnn"
    assert figures["transformer.agreement"] > 0.94
    assert figures["transformer.kl"] < 0.003
    assert figures["image_decoder.psnr"] > 45
