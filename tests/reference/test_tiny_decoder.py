"""The tiny decoder: cost, distillation with interruptions, files, and one line for wrong input."""

import copy
import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from reference import tiny_decoder
from reference.checkpoint import Checkpoint, load_checkpoint
from reference.errors import CheckpointError, RequestError
from reference.image import decode_tokens
from reference.random_weights import PRESETS, write_random
from reference.tiny_decoder import Distillation, Job, command_line, distil
from reference.tiny_decoder_model import (
    TinyDecoder,
    TinyDecoderConfig,
    decode_pixels,
    full_decoder,
    load_tiny_decoder,
    multiplications,
    save_tiny_decoder,
)
from tests.shared_bundles import STICKERS_64


@pytest.fixture(scope="module")
def stickers() -> Checkpoint:
    return load_checkpoint(STICKERS_64)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights that draws 64 px."""
    folder = tmp_path_factory.mktemp("small")
    write_random(folder, PRESETS["tiny"], torch.float32)
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(6):
        Image.effect_noise((80, 70), 40 + index).convert("RGB").save(folder / f"{index}.png")
    return folder


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_the_stickers_tiny_decoder_multiplies_at_least_ten_times_less(stickers: Checkpoint) -> None:
    tokens = torch.zeros(1, 16, 16, dtype=torch.long)
    config = TinyDecoderConfig.of(stickers)
    tiny = multiplications(lambda: TinyDecoder(config)(tokens))
    by_hand = 9 * config.channels * config.width  # the first convolution, a position
    by_hand += config.blocks * (9 + config.width) * config.width + config.width * 3 * config.token_size**2
    assert tiny == 16 * 16 * by_hand
    assert multiplications(lambda: full_decoder(stickers.vqvae)(tokens)) >= 10 * tiny


def test_the_full_decoder_is_the_one_that_pictures_are_made_with(stickers: Checkpoint) -> None:
    tokens = torch.randint(192, (2, 16, 16))
    with torch.no_grad():
        pixels = full_decoder(stickers.vqvae)(tokens)
    made = (pixels.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1)
    assert (made.int() - decode_tokens(stickers.vqvae, tokens).int()).abs().max() <= 1


def test_an_interrupted_run_ends_like_an_uninterrupted_one(
    small: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def job(name: str) -> Job:
        return Job(load_checkpoint(small, stream=True), pictures, 0, steps=6, out=tmp_path / name)

    figures = distil(job("whole"))
    assert figures["_multiplications_full"] >= 10 * figures["_multiplications"]
    advance = Distillation.advance

    def stopped(run: Distillation) -> float:
        if run.step == 3:
            raise KeyboardInterrupt
        return advance(run)

    monkeypatch.setattr(Distillation, "advance", stopped)
    with pytest.raises(KeyboardInterrupt):
        distil(job("resumed"))
    assert sorted(path.name for path in (tmp_path / "resumed").iterdir()) == [
        "grids.safetensors",
        "training.safetensors",
    ]
    monkeypatch.undo()
    distil(job("resumed"))
    assert weights(tmp_path / "resumed") == weights(tmp_path / "whole")
    assert sorted(path.name for path in (tmp_path / "whole").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]


def test_distilling_brings_the_pictures_nearer(small: Path, pictures: Path, tmp_path: Path) -> None:
    quality = [
        distil(Job(load_checkpoint(small), pictures, 0, steps, tmp_path / str(steps)))["_psnr"]
        for steps in (1, 40)
    ]
    assert quality[1] > quality[0] + 2


def test_without_pictures_the_checkpoint_draws(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tiny"
    command_line(["--checkpoint", str(small), "--drawings", "3", "--steps", "2", "--out", str(out)])
    assert "times fewer multiplications" in capsys.readouterr().out
    checkpoint = load_checkpoint(small)
    width, height = checkpoint.defaults.size
    side = checkpoint.token_size
    tokens = torch.zeros(1, height // side, width // side, dtype=torch.long)
    assert decode_pixels(load_tiny_decoder(out, checkpoint), tokens).shape == (1, height, width, 3)
    with pytest.raises(RequestError, match="holds a finished tiny decoder: add --overwrite"):
        command_line(["--checkpoint", str(small), "--out", str(out)])


def test_a_folder_of_another_run_or_with_other_files_is_left_alone(
    small: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "tiny"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    arguments = ["--checkpoint", str(small), "--pictures", str(pictures), "--steps", "2", "--out", str(out)]
    with pytest.raises(RequestError, match=r"also holds notes\.txt"):
        command_line(arguments)
    (out / "notes.txt").unlink()
    job = Job(load_checkpoint(small), pictures, 0, steps=9, out=out)
    tiny_decoder.token_grids(job)
    with pytest.raises(RequestError, match="unfinished run of another checkpoint, pictures or steps"):
        command_line(arguments)
    command_line([*arguments, "--overwrite"])
    assert (out / "config.json").exists()


def test_a_finished_decoder_stays_until_the_next_is_finished_and_that_run_resumes(
    small: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "tiny"
    arguments = ["--checkpoint", str(small), "--pictures", str(pictures), "--out", str(out)]
    command_line([*arguments, "--steps", "1"])
    before, steps, advance = weights(out), [], Distillation.advance

    def recorded(run: Distillation) -> float:
        steps.append(run.step)
        if steps == [0, 1, 2]:
            raise KeyboardInterrupt
        return advance(run)

    monkeypatch.setattr(Distillation, "advance", recorded)
    again = [*arguments, "--steps", "4", "--overwrite"]
    with pytest.raises(KeyboardInterrupt):
        command_line(again)
    assert weights(out) == before
    command_line(again)
    assert steps == [0, 1, 2, 2, 3] and weights(out) != before


@pytest.mark.parametrize("name", ["grids.safetensors", "training.safetensors"])
def test_a_damaged_file_of_a_run_is_named(name: str, small: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / name).write_bytes(b"no safetensors")
    arguments = ["--checkpoint", str(small), "--pictures", str(pictures), "--out", str(out)]
    with pytest.raises(CheckpointError, match=rf"{name} is damaged or of another program: remove it"):
        command_line(arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steps", "0"], "steps"),
        (["--drawings", "1"], "drawings"),
        (["--pictures", "absent"], "absent is no folder"),
        (["--pictures", "{empty}"], "has no PNG, JPEG or WebP picture"),
        (["--pictures", "{pictures}", "--drawings", "9"], "leave one out"),
        (["--out", "{file}"], "file"),
        (["--what"], "--what"),
    ],
)
def test_wrong_arguments_are_one_line(
    arguments: list[str], said: str, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    places = {"empty": tmp_path / "empty", "file": tmp_path / "file", "pictures": pictures}
    with pytest.raises(RequestError) as error:
        command_line([argument.format(**places) for argument in arguments])
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_decoder_of_another_codebook_or_a_damaged_one_is_refused(
    stickers: Checkpoint, small: Path, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="is no tiny decoder"):
        load_tiny_decoder(tmp_path, stickers)
    save_tiny_decoder(TinyDecoder(TinyDecoderConfig.of(stickers)), tmp_path, {"_psnr": 1.0})
    load_tiny_decoder(tmp_path, stickers)
    with pytest.raises(CheckpointError, match="train one for it"):
        load_tiny_decoder(tmp_path, load_checkpoint(small))
    other = copy.deepcopy(stickers)
    other.vqvae.quantize.embedding.weight.data.mul_(2)
    with pytest.raises(CheckpointError, match="another codebook"):
        load_tiny_decoder(tmp_path, other)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"width": 64}))
    with pytest.raises(CheckpointError, match="weights and config belong to different models"):
        load_tiny_decoder(tmp_path, stickers)
    (tmp_path / "config.json").write_text(json.dumps(config | {"blocks": "4"}))
    with pytest.raises(
        CheckpointError, match=r"blocks is '4'.*: make it again with python -m reference\.tiny_decoder"
    ):
        load_tiny_decoder(tmp_path, stickers)
