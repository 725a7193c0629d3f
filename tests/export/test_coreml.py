"""`python -m export.coreml` with the 64 px stickers: exported, executed, drawn with, and compared."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from export.coreml import main
from reference.checkpoint import load_checkpoint
from runtime.__main__ import main as draw
from runtime.bundle import Bundle, open_bundle
from runtime.coreml.ranges import main as watch_ranges
from runtime.generator import Generator
from runtime.parity.comparison import Comparison
from runtime.parity.side_by_side import SideBySide
from runtime.request import Request
from tests.shared_bundles import STICKERS_64, shared_bundle

CHECKPOINT = ["--checkpoint", str(STICKERS_64)]
STEP = ["token_embedder", "transformer", "sampler"]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The int8 iPhone bundle, which the export has verified; read only."""
    return open_bundle(shared_bundle("iphone"))


def test_the_manifest_says_what_was_written(bundle: Bundle) -> None:
    manifest = bundle.manifest
    assert manifest.engine == "coreml" and manifest.step == STEP and manifest.precision == "int8"
    assert list(manifest.graphs) == ["text_encoder", "conditioner", *STEP, "image_decoder", "image_encoder"]
    functions = {function.name: function.dimensions for function in manifest.graphs["transformer"].functions}
    shape = {"cells": 64, "height": 16, "width": 16}
    assert functions == {f"rows{rows}_size64x64": {"rows": rows, **shape} for rows in (1, 2)}
    assert manifest.graphs["token_embedder"].compute == "cpu"
    assert manifest.graphs["image_encoder"].precision == "fp32+fp16"
    assert manifest.parity["transformer.agreement"] > 0.95 and manifest.parity["transformer.kl"] < 0.001


def test_the_golden_trace_is_drawn_again(bundle: Bundle) -> None:
    trace = bundle.golden()
    assert trace is not None
    request = Request(trace.prompt, seed=trace.seed, steps=trace.steps)
    drawing = Generator(bundle).text_to_image(request)
    assert drawing.tokens.ravel().tolist() == trace.final_tokens
    assert hashlib.sha256(drawing.picture.tobytes()).hexdigest() == trace.image_sha256


def test_steps_beside_the_reference(bundle: Bundle) -> None:
    comparison = SideBySide(bundle, load_checkpoint(STICKERS_64), steps=4)
    drawing = comparison.draw("two yellow stars", 1, lambda: None)
    assert Comparison.total(step.compared for step in drawing.steps).agreement > 0.9
    assert sum(step.misdrawn for step in drawing.steps) == 0
    assert max(step.compared.kl for step in drawing.steps) < 0.005


def test_a_picture_is_changed_without_guidance(bundle: Bundle, tmp_path: Path) -> None:
    """One row, several calls of the conditioner, and both image graphs."""
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    common = ["--bundle", str(bundle.folder), "--guidance", "1", "--steps", "9"]
    assert draw(["a red heart", *common, "--out", str(first)]) == 0
    again = ["--image", str(first), "--strength", "0.3", "--out", str(second)]
    assert draw(["a red heart", *common, *again]) == 0
    assert first.read_bytes() != second.read_bytes()


def test_no_result_comes_near_the_end_of_half_precision(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert watch_ranges([str(bundle.folder), "--steps", "2", "--rows", "1"]) == 0
    report = capsys.readouterr().out
    rows = [line.split() for line in report.splitlines() if line.startswith(" ") and "headroom" not in line]
    assert len(rows) == 5  # sampler and image encoder compute in float32
    assert min(float(row[1]) for row in rows) > 100


def test_engines_that_cannot_run_the_bundle(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "a.png")
    for engine, message in (("onnxruntime", "holds Core ML packages"), ("coreml", "needs a Mac")):
        assert draw(["a cat", "--bundle", str(bundle.folder), "--engine", engine, "--out", out]) == 2
        assert message in capsys.readouterr().err


def test_a_changed_byte_is_noticed(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = Path(shutil.copytree(bundle.folder, tmp_path / "own"))
    weights = next((own / "transformer.mlpackage").rglob("weight.bin"))
    content = np.fromfile(weights, np.uint8)
    content[len(content) // 2] ^= 1
    content.tofile(weights)
    assert draw(["a cat", "--bundle", str(own), "--out", str(tmp_path / "a.png")]) == 2
    assert "weight.bin is changed" in capsys.readouterr().err


def test_a_bundle_is_not_replaced_unasked(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(bundle.folder)]) == 2
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--int4", "--target", "ios17"], "use --target ios18"),
        (["--size", "64", "64", "--size", "64", "96", "--target", "ios17"], "or one --size"),
        (["--size", "60", "64"], "each side must be a multiple of 8 pixels"),
        (["--recipe", "nowhere.json"], "cannot read recipe nowhere.json"),
        (["--palette", "5"], "invalid choice"),
        (["--fp16", "--activations"], "add --int8"),
        (["--checkpoint", "nowhere/at/all"], "nowhere/at/all"),
    ],
)
def test_wrong_input_gets_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path / "iphone")]) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error
    assert not list(tmp_path.iterdir())


@pytest.mark.slow  # a minute each
@pytest.mark.parametrize(
    ("flags", "share"),  # of tokens; each a little below what was measured
    [
        (["--fp16"], 0.99),
        (["--palette", "8"], 0.975),
        (["--int8", "--activations"], 0.92),
        (["--palette", "6"], 0.935),
        (["--int4"], 0.85),
        (["--palette", "4"], 0.80),
    ],
)
def test_tokens_that_each_form_keeps(flags: list[str], share: float, tmp_path: Path) -> None:
    """The export holds the bundle to the limits of any checkpoint; the stickers are held to shares."""
    assert main([*flags, *CHECKPOINT, "--out", str(tmp_path / "iphone")]) == 0
    assert open_bundle(tmp_path / "iphone").manifest.parity["transformer.agreement"] > share


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--palette", "6", *CHECKPOINT, "--dry-run", "--out", str(tmp_path / "iphone")]) == 0
    assert "transformer" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_two_sizes_share_a_dry_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--size", "64", "64", "--size", "96", "64"]
    assert main(["--dry-run", *CHECKPOINT, *sizes, "--out", str(tmp_path / "iphone")]) == 0
    assert "at 64x64, 96x64" in capsys.readouterr().out
