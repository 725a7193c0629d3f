"""The report of an asset counts what was put into it."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tests.coreai.layers import linear, write_asset

SHAPE = (256, 192)
EYE = {"x": np.eye(192, dtype=np.float32)[None]}


def compressed(form: str, folder: Path) -> Path:
    from export.apple.coreai_weights import Compression
    from quantize.coreml_codes import Codes

    weight = np.random.default_rng(3).normal(size=SHAPE).astype(np.float32)
    module = Compression({"0.weight": form}, Codes(folder / "codes"), half=True).apply(linear(weight))  # type: ignore[dict-item]
    return write_asset(module, EYE, folder / "x.aimodel")


@pytest.mark.parametrize(
    ("form", "kind", "bits"),
    [("int8", "Int8", 8), ("int4", "Int4", 4), ("palette6", "UInt6", 6), ("palette4", "UInt4", 4)],
)
def test_weights_count_in_their_bits(form: str, kind: str, bits: int, tmp_path: Path) -> None:
    from runtime.coreai.structure import report

    found = report(compressed(form, tmp_path)).stored
    assert kind in found, found
    stored = found[kind]
    assert (stored.bits, stored.bytes) == (bits, stored.elements * bits // 8)
    assert (
        0 <= stored.elements - SHAPE[0] * SHAPE[1] < 2000
    )  # a scale has an offset of zero, of the same type


def test_the_json_holds_what_the_text_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from runtime.coreai.structure import main

    asset = compressed("int8", tmp_path)
    assert main([str(asset), "--json", str(tmp_path / "report.json")]) == 0
    shown = capsys.readouterr().out
    (found,) = json.loads((tmp_path / "report.json").read_text())["assets"]
    assert found["bytes"] == sum(file.stat().st_size for file in asset.iterdir())
    assert [function["name"] for function in found["functions"]] == ["main"]
    assert set(found["functions"][0]["inputs"]) == {"x"} and found["operations"]["blockwise_shift_scale"] == 1
    assert all(kind in shown for kind in [*found["operations"], *found["stored"], "function main"])


def test_a_folder_without_assets_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from runtime.coreai.structure import main

    assert main([str(tmp_path)]) == 2
    assert "holds no Core AI asset" in capsys.readouterr().err
    (tmp_path / "x.aimodel").mkdir()
    assert main([str(tmp_path)]) == 2
    assert "metadata.json" in capsys.readouterr().err


def test_a_program_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One whose hash is right."""
    from runtime.coreai.structure import main

    asset = compressed("int8", tmp_path)
    program = (asset / "main.mlirb").read_bytes()[:1000]
    (asset / "main.mlirb").write_bytes(program)
    (asset / "main.hash").write_bytes(hashlib.sha256(program).digest())
    assert main([str(asset)]) == 2
    assert "x.aimodel has no program that can be read: export the bundle again" in capsys.readouterr().err
