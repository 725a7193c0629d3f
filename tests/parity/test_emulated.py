"""The 64 px stickers' bundles on an emulated ARM64 processor: the instruction set of a phone."""

import json
import os
from pathlib import Path

import pytest

from quantize.__main__ import main as quantize_main
from runtime.parity.arm import main
from tests.shared_bundles import shared_bundle

MACHINE = Path(__file__).parents[2] / "build/arm64"


CASES = [  # a Cortex-A76 multiplies int8 by dot products, a Cortex-A710 by small matrices
    ("int8", "cortex-a76"),
    ("int8", "cortex-a710"),
    ("int4", "cortex-a76"),
]


@pytest.fixture(scope="module", autouse=True)
def machine() -> None:
    if not (MACHINE / "ready").is_file():
        missing = f"ARM64 NOT TESTED: there is no emulated machine in {MACHINE}, make it with: make arm64"
        if "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture(scope="module")
def bundles(machine: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The 64 px stickers in each precision."""
    int4 = tmp_path_factory.mktemp("bundles") / "int4"
    assert quantize_main([str(shared_bundle("fp32")), "--int4", "--out", str(int4)]) == 0
    return {"int8": shared_bundle("android"), "int4": int4}


@pytest.mark.parametrize(("precision", "cpu"), CASES)
def test_arm_differs_from_x86_by_no_more_than_rounding(
    precision: str, cpu: str, bundles: dict[str, Path], tmp_path: Path
) -> None:
    figures = tmp_path / "arm.json"
    arguments = ["--bundle", str(bundles[precision]), "--machine", str(MACHINE), "--cpu", cpu, "--steps", "2"]
    assert main([*arguments, "--out", str(tmp_path / "arm.html"), "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    assert found["machines"][1] == "aarch64"
    assert found["figures"]["teacher_forced.positions"] == 437  # 256, and 181 after the first step
    cosines = {one["graph"]: one["cosine"] for one in found["outputs"]}
    assert set(cosines) >= {"text_encoder", "conditioner", "transformer", "image_decoder", "image_encoder"}
    assert cosines["logits"] > 0.9995
    # Of an int8 decoder other orders of float sums move activations to the next of 256 levels: two layouts of
    # onnxruntime on one AVX512 processor differ by 7, as far from the float decoder as each other (52.4 dB).
    assert found["figures"]["image_decoder.levels"] <= (1 if precision == "fp32" else 10)
    assert found["figures"]["teacher_forced.kl"] <= 4 * found["yardstick"]["teacher_forced.kl"]
