"""Checkpoints of the same backbone: Muddit, whose text half drawing does not use."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from export.onnx import main as export
from reference.checkpoint import load_checkpoint, save_checkpoint
from reference.errors import CheckpointError
from runtime.bundle import open_bundle
from tests.reference.golden import FOLDER

MUDDIT = FOLDER / "muddit" / "checkpoint"
CONFIG, WEIGHTS = "transformer/config.json", "transformer/diffusion_pytorch_model.safetensors"


@pytest.fixture
def muddit(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MUDDIT, tmp_path / "muddit"))


def test_muddit_is_told_the_share_of_the_steps_that_are_left() -> None:
    checkpoint = load_checkpoint(MUDDIT)
    assert [checkpoint.timestep(left, 8) for left in (7, 4, 0)] == [0.875, 0.5, 0.0]
    assert load_checkpoint(FOLDER / "mei" / "checkpoint").timestep(7, 8) == 7


def test_only_the_text_head_of_muddit_is_left_out(muddit: Path) -> None:
    tensors = load_file(muddit / WEIGHTS)
    assert "text_decoder.1.weight" in tensors
    save_file({**tensors, "text_embedder.weight": torch.zeros(1)}, muddit / WEIGHTS)
    with pytest.raises(CheckpointError, match=r"weights hold unknown text_embedder\.weight: "):
        load_checkpoint(muddit)


def test_a_text_head_that_the_config_does_not_name_is_refused(muddit: Path) -> None:
    values = json.loads((muddit / CONFIG).read_text())
    del values["tokenizer_vocab_size"]
    (muddit / CONFIG).write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match=r"weights hold unknown text_decoder\.1\.weight: "):
        load_checkpoint(muddit)


def test_a_saved_muddit_is_told_the_same(tmp_path: Path) -> None:
    save_checkpoint(load_checkpoint(MUDDIT), tmp_path / "saved")
    assert load_checkpoint(tmp_path / "saved").timestep(1, 2) == 0.5


def test_a_bundle_of_muddit_agrees_with_the_reference(tmp_path: Path) -> None:
    """The export compares conditioning, logits and tokens, and fails where they differ."""
    arguments = ["--checkpoint", str(MUDDIT), "--fp32", "--size", "64", "64", "--out", str(tmp_path / "out")]
    assert export(arguments) == 0
    manifest = open_bundle(tmp_path / "out").manifest
    assert manifest.model.timestep == "share"
    assert manifest.parity["conditioner.modulation.psnr"] > 100
