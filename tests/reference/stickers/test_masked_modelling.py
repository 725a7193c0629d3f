"""Training: what is masked, what a step optimises, that a run resumes exactly and shares its batch."""

import json
import math
import multiprocessing
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from torch.distributed import TCPStore
from torch.multiprocessing import start_processes

from reference.checkpoint import load_checkpoint
from reference.errors import CheckpointError, exit_code
from reference.stickers.dataset import StickerTokens
from reference.stickers.growth import with_compression
from reference.stickers.masked_modelling import MaskedModelling, Stage, initialise, mask_batch
from reference.stickers.snapshot import load_snapshot, save_snapshot
from reference.stickers.text import build_text_encoder, build_tokenizer, sample_captions
from reference.stickers.train import SAMPLE_PROMPTS, command_line
from reference.stickers.training_recipe import RECIPES
from reference.stickers.vq import kmeans, reconstruction_loss
from reference.transformer import MaskedTransformer

TINY = RECIPES["tiny"]


def modelling(folder, steps=4, compression=True) -> MaskedModelling:
    """A tiny stage over random tokens, always from the same start."""
    torch.manual_seed(0)
    captions = sample_captions(12, 1)
    tokenizer = build_tokenizer(captions)
    transformer = MaskedTransformer(TINY.transformer)
    initialise(transformer)
    if compression:
        transformer = with_compression(transformer)
    text = build_text_encoder(tokenizer, TINY.text_width, TINY.transformer.inner_dim)
    tokens = torch.randint(0, TINY.transformer.codebook_size, (12, 8, 8), dtype=torch.uint8)
    data = StickerTokens(tokens, captions, torch.tensor([[64.0, 64, 0, 0, 6]]).repeat(12, 1))
    stage = Stage("s", (64,), False, compression, 12, steps, batch=4)
    return MaskedModelling(stage, {64: data}, tokenizer, text, transformer, 3, folder / "s.safetensors")


def test_masking_hides_the_cosine_share_and_names_the_step_it_belongs_to():
    tokens = torch.zeros(4000, 4, 8, dtype=torch.long)
    batch = mask_batch(tokens, 99, torch.Generator().manual_seed(0))
    assert ((batch.tokens == 99) == batch.masked).all()
    hidden = batch.masked.flatten(1).sum(1)
    assert hidden.min() >= 1 and hidden.max() == 32
    # the mean of cos(r pi/2) over r in [0, 1) is 2/pi; ceil adds half a token
    assert hidden.float().mean() / 32 == pytest.approx(2 / math.pi + 0.5 / 32, abs=0.02)
    assert (batch.timestep >= 0).all() and (batch.timestep == batch.timestep.round()).all()
    # everything hidden happens at the first step of a drawing only, whose index is the largest of its N
    full = batch.timestep[hidden == 32].mean()
    assert full > batch.timestep[hidden < 8].mean() + 5


def test_the_loss_is_the_cross_entropy_of_the_full_forward_on_masked_tokens(tmp_path):
    run = modelling(tmp_path)
    rows = torch.arange(4)
    ours = run.loss(64, rows, torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(5)
    batch = mask_batch(run.data[64].tokens[rows].long(), run.mask_id, generator)
    dropped = torch.rand(4, generator=generator) < 0.1
    ids = torch.where(dropped[:, None], run.empty_ids, run.ids[64][rows])
    text = run.text_encoder(ids, output_hidden_states=True)
    conditions = run.data[64].micro_conditions[rows]
    logits = run.transformer(
        batch.tokens, text.hidden_states[-2], text.text_embeds, batch.timestep, conditions
    )
    targets = run.data[64].tokens[rows].long().masked_fill(~batch.masked, -100)
    assert ours.item() == pytest.approx(
        F.cross_entropy(logits, targets).item(), rel=0.02
    )  # bf16 against fp32


def test_training_lowers_the_loss(tmp_path):
    run = modelling(tmp_path, steps=60)
    losses = [run.advance() for _ in range(60)]
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])


def test_a_resumed_run_stands_where_it_stopped_and_goes_on_alike(tmp_path):
    whole = modelling(tmp_path / "none")
    expected = [whole.advance() for _ in range(4)]
    broken = modelling(tmp_path)
    losses = [broken.advance() for _ in range(2)]
    broken.save()
    resumed = modelling(tmp_path)
    assert resumed.step == 2
    for old, new in zip(broken.parameters, resumed.parameters, strict=True):
        assert torch.equal(old, new)
        for key, value in broken.optimizer.state[old].items():
            assert torch.equal(value, resumed.optimizer.state[new][key])
    losses += [resumed.advance() for _ in range(2)]
    # bf16 kernels choose their path by memory alignment, so two runs are alike and not equal
    assert losses == pytest.approx(expected, rel=1e-3)


def test_steps_take_turns_over_the_sizes_of_a_stage(tmp_path):
    run = modelling(tmp_path)
    tokens = torch.randint(0, TINY.transformer.codebook_size, (12, 4, 4), dtype=torch.uint8)
    run.data[32] = replace(run.data[64], tokens=tokens)
    run.ids[32] = run.ids[64]
    run.stage = replace(run.stage, sides=(64, 32))
    seen = []
    whole = run.transformer.features
    run.transformer.features = lambda tokens, *rest: seen.append(tokens.shape[1]) or whole(tokens, *rest)
    for _ in range(3):
        run.advance()
    assert seen == [8, 4, 8]


@pytest.mark.parametrize(
    ("module", "optimizer"), [("m", "optimizer"), ("other", "optimizer"), ("m", "other")]
)
def test_a_snapshot_of_another_layout_is_refused(module, optimizer, tmp_path):
    small, large = nn.Linear(2, 2), nn.Linear(3, 3)
    own, other = (torch.optim.AdamW(layer.parameters()) for layer in (small, large))
    small(torch.zeros(1, 2)).sum().backward()
    own.step()
    save_snapshot(tmp_path / "x.safetensors", {"m": small}, {"optimizer": own}, {})
    with pytest.raises(CheckpointError, match=r"x\.safetensors is of another recipe"):
        load_snapshot(tmp_path / "x.safetensors", {module: large}, {optimizer: other})


def test_kmeans_finds_separated_clusters():
    generator = torch.Generator().manual_seed(0)
    truth = torch.tensor([[0.0, 0], [10, 0], [0, 10], [10, 10]])
    points = truth.repeat(50, 1) + 0.1 * torch.randn(200, 2, generator=generator)
    centres = kmeans(points, 4, torch.Generator().manual_seed(1))
    assert torch.cdist(truth, centres).min(1).values.max() < 0.2


def test_reconstruction_loss_counts_edges():
    flat, edge = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    edge[..., 4:] = 0.5
    shifted = edge.roll(1, -1)
    assert reconstruction_loss(edge, edge) == 0
    assert reconstruction_loss(flat, edge) > F.l1_loss(flat, edge) + F.mse_loss(flat, edge)
    assert reconstruction_loss(shifted, edge) > 0


def test_tokenizer_knows_every_word_of_the_captions_whole_and_pads_with_an_exclamation_mark():
    captions = sample_captions(4000, 1)
    tokenizer = build_tokenizer(captions)
    assert tokenizer.pad_token_id == 0 and tokenizer.convert_ids_to_tokens(0) == "!"
    for prompt in SAMPLE_PROMPTS:
        assert tokenizer.tokenize(prompt) == [word + "</w>" for word in prompt.split()]
    assert max(len(ids) for ids in tokenizer(captions).input_ids) <= tokenizer.model_max_length


def train_tiny(rank: int, world: int, port: int, folder: Path) -> None:
    """One process of a run, as torchrun starts it: the store of its port is there already."""
    torch.set_num_threads(1)
    if world > 1:
        numbers = {"RANK": rank, "WORLD_SIZE": world, "MASTER_PORT": port}
        os.environ |= {name: str(number) for name, number in numbers.items()}
        os.environ |= {"MASTER_ADDR": "localhost", "TORCHELASTIC_USE_AGENT_STORE": "True"}
    out, published = str(folder / "run"), str(folder / "published")
    sys.argv = ["reference.train", "--recipe", "tiny", "--out", out, "--publish", published]
    command_line()


def test_two_gloo_processes_train_the_checkpoint_that_one_trains(tmp_path):
    multiprocessing.set_forkserver_preload(["reference.stickers.train"])  # imported once for three processes
    store = TCPStore("localhost", 0, is_master=True, wait_for_workers=False)
    for name, world in (("one", 1), ("two", 2)):
        arguments = (world, store.port, tmp_path / name)
        start_processes(train_tiny, arguments, nprocs=world, start_method="forkserver")
    one, two = (load_checkpoint(tmp_path / name / "published") for name in ("one", "two"))
    for name, value in one.transformer.state_dict().items():
        other = two.transformer.state_dict()[name]
        torch.testing.assert_close(value, other, rtol=0, atol=4e-3, msg=name)  # six AdamW steps of 1e-5..6e-5
    for file in ("curves.png", "samples_low.png", "samples_full.png"):
        assert (tmp_path / "two" / "run" / file).stat().st_size > 1000


def run_command(*arguments: str) -> None:
    sys.argv = ["reference.train", "--steps", "2", *arguments]
    command_line()


def test_a_recipe_continues_a_checkpoint_with_more_codes_and_words(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", [])
    run_command("--recipe", "tiny", "--out", str(tmp_path / "small"), "--publish", str(tmp_path / "start"))
    out, published = tmp_path / "large", tmp_path / "published"
    arguments = ("--recipe", "tiny-continued", "--checkpoint", str(tmp_path / "start"), "--out", str(out))
    run_command(*arguments, "--publish", str(published))
    start, grown = load_checkpoint(tmp_path / "start"), load_checkpoint(published)
    assert grown.defaults.size == (128, 128)
    assert grown.transformer.config.codebook_size == 24 == len(grown.vqvae.quantize.embedding.weight)
    assert len(grown.tokenizer) > len(start.tokenizer)
    assert json.loads((out / "vq_quality.json").read_text())["side"] == 128
    rounds, tuned = (load_file(out / name) for name in ("vq.safetensors", "decoder.safetensors"))
    assert not torch.equal(rounds["vq.decoder.conv_in.weight"], tuned["decoder.conv_in.weight"])
    torch.testing.assert_close(
        grown.vqvae.decoder.conv_in.weight, tuned["decoder.conv_in.weight"], rtol=1e-3, atol=1e-3
    )
    torch.testing.assert_close(
        grown.vqvae.encoder.conv_in.weight, rounds["vq.encoder.conv_in.weight"], rtol=1e-3, atol=1e-3
    )
    written = {file: file.stat().st_mtime_ns for file in out.rglob("*.npz")}
    run_command(*arguments)  # a finished run has nothing left to do
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*.npz")} == written


def test_a_recipe_without_steps_of_the_vq_keeps_its_tokens_and_tunes_its_decoder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", [])
    run_command("--recipe", "tiny", "--out", str(tmp_path / "small"), "--publish", str(tmp_path / "start"))
    keeping = replace(RECIPES["tiny-continued"], vq=replace(RECIPES["tiny-continued"].vq, codebooks=()))
    monkeypatch.setitem(RECIPES, "tiny-continued", keeping)
    arguments = ("--recipe", "tiny-continued", "--checkpoint", str(tmp_path / "start"))
    run_command(*arguments, "--out", str(tmp_path / "large"), "--publish", str(tmp_path / "published"))
    start, grown = load_checkpoint(tmp_path / "start"), load_checkpoint(tmp_path / "published")
    assert torch.equal(grown.vqvae.quantize.embedding.weight, start.vqvae.quantize.embedding.weight)
    assert torch.equal(grown.vqvae.encoder.conv_in.weight, start.vqvae.encoder.conv_in.weight)
    assert not torch.equal(grown.vqvae.decoder.conv_in.weight, start.vqvae.decoder.conv_in.weight)
    assert grown.defaults.size == (128, 128)


def test_a_continuing_recipe_asks_for_its_checkpoint(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["reference.train", "--recipe", "stickers", "--out", str(tmp_path / "run")]
    )
    assert exit_code(command_line, stopped="") == 2
    assert "add --checkpoint DIR" in capsys.readouterr().err


def test_training_refuses_a_folder_of_another_recipe(tmp_path, monkeypatch, capsys):
    (tmp_path / "recipe.json").write_text("{}")
    monkeypatch.setattr(sys, "argv", ["reference.train", "--recipe", "tiny", "--out", str(tmp_path)])
    assert exit_code(command_line, stopped="") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "is of another recipe: choose another --out" in error
