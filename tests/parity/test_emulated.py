"""The shipped checkpoint's bundles on an emulated ARM64 processor: the instruction set of a phone."""

import json
import os
from pathlib import Path

import pytest

from export.onnx import main as export_main
from runtime.parity.arm import main

MACHINE = Path(__file__).parents[2] / "build/arm64"


@pytest.fixture(scope="module")
def int8(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (MACHINE / "ready").is_file():
        missing = f"ARM64 NOT TESTED: there is no emulated machine in {MACHINE}, make it with: make arm64"
        if "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("bundles") / "int8"
    assert export_main(["--int8", "--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("cpu", ["cortex-a76", "cortex-a710"])  # dot products; int8 matrix products, SVE2
def test_int8_on_arm_differs_from_x86_by_no_more_than_rounding(cpu: str, int8: Path, tmp_path: Path) -> None:
    figures = tmp_path / "arm.json"
    arguments = ["--bundle", str(int8), "--machine", str(MACHINE), "--cpu", cpu, "--steps", "2"]
    assert main([*arguments, "--out", str(tmp_path / "arm.html"), "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    assert found["machines"][1] == "aarch64"
    assert found["figures"]["teacher_forced.positions"] == 437  # 256, and 181 after the first step
    cosines = {one["graph"]: one["cosine"] for one in found["outputs"]}
    assert set(cosines) >= {"text_encoder", "conditioner", "transformer", "image_decoder", "image_encoder"}
    assert cosines["logits"] > 0.9995
    assert found["figures"]["image_decoder.levels"] <= 1
    assert found["figures"]["teacher_forced.kl"] <= 4 * found["yardstick"]["teacher_forced.kl"]
