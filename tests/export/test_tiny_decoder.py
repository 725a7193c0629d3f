"""A bundle with a tiny decoder and previews, written by the command and drawn with."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from export.onnx import main
from reference.checkpoint import load_checkpoint
from reference.random_weights import PRESETS, write_random
from reference.tiny_decoder_model import (
    TinyDecoder,
    TinyDecoderConfig,
    decode_pixels,
    load_tiny_decoder,
    save_tiny_decoder,
)
from runtime.__main__ import main as draw
from runtime.generator import Generator
from runtime.parity.measures import image_psnr
from runtime.request import Request


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A checkpoint that draws 64 px, a tiny decoder of random weights, and an int8 bundle of both."""
    root = tmp_path_factory.mktemp("tiny")
    checkpoint, tiny, bundle = root / "checkpoint", root / "tiny", root / "bundle"
    checkpoint.mkdir()
    tiny.mkdir()
    write_random(checkpoint, PRESETS["tiny"], torch.float32)
    loaded = load_checkpoint(checkpoint)
    decoder = TinyDecoder(TinyDecoderConfig.of(loaded))
    decoder.start_from(loaded.vqvae)
    torch.nn.init.constant_(decoder.decoder[-2].bias, 0.5)  # mid grey, so that little is clipped
    save_tiny_decoder(decoder, tiny, {})
    arguments = ["--checkpoint", str(checkpoint), "--tiny-decoder", str(tiny), "--out", str(bundle)]
    assert main(arguments) == 0
    return checkpoint, tiny, bundle


def test_the_bundle_decodes_with_the_tiny_decoder_on_request(folders: tuple[Path, Path, Path]) -> None:
    checkpoint, tiny, bundle = folders
    request = Request("a cat", seed=2, steps=2)
    with Generator.open(bundle, tiny=True) as generator, Generator.open(bundle) as usual:
        drawing, full = generator.text_to_image(request), usual.text_to_image(request)
    assert np.array_equal(drawing.tokens, full.tokens)
    assert not np.array_equal(drawing.picture, full.picture)
    tokens = torch.from_numpy(drawing.tokens).long()[None]
    wanted = decode_pixels(load_tiny_decoder(tiny, load_checkpoint(checkpoint)), tokens)[0]
    assert image_psnr(wanted, drawing.picture) >= 35


def test_the_manifest_has_the_graph_its_figures_and_the_preview(folders: tuple[Path, Path, Path]) -> None:
    manifest = json.loads((folders[2] / "manifest.json").read_text())
    assert "int8" in manifest["graphs"]["tiny_decoder"]["precision"]
    assert manifest["parity"]["tiny_decoder.psnr"] >= 35
    assert manifest["preview"] == {"file": "preview.bin", "side": 2}
    assert 0 < manifest["parity"]["preview.psnr"] < 100


def test_the_command_takes_the_flag_and_says_in_one_line_where_there_is_none(
    folders: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, _, bundle = folders
    common = ["a cat", "--seed", "2", "--steps", "2", "--bundle", str(bundle), "--tiny-decoder"]
    assert draw([*common, "--out", str(tmp_path / "cat.png")]) == 0
    with Generator.open(bundle, tiny=True) as generator:
        drawing = generator.text_to_image(Request("a cat", seed=2, steps=2))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "cat.png")), drawing.picture)
    capsys.readouterr()
    for arguments, said in (
        (["--tiny-decoder", str(tmp_path)], "is no tiny decoder"),
        (["--tiny-decoder", str(tmp_path), "--qnn"], "leave out --qnn"),
    ):
        out = ["--checkpoint", str(checkpoint), "--out", str(tmp_path / "b")]
        assert main([*arguments, *out]) == 2
        line = capsys.readouterr().err
        assert said in line and line.count("\n") == 1
