"""The text encoder's module against transformers' own forward pass."""

import pytest
import torch

from export.text import TextEncoder
from reference.checkpoint import Checkpoint
from reference.text import tokenize

PROMPTS = ["", "a", "A red cat, on the dog! 123", "a red cat " * 60]


@pytest.fixture
def ids(checkpoint: Checkpoint) -> torch.Tensor:
    return tokenize(checkpoint.tokenizer, PROMPTS)[0]


@torch.no_grad()
def test_hidden_is_the_last_layer_but_one_and_pooled_the_projected_end_token(checkpoint: Checkpoint, ids):
    expected = checkpoint.text_encoder(ids, output_hidden_states=True)
    hidden, pooled = TextEncoder(checkpoint.text_encoder)(ids.int())
    torch.testing.assert_close(hidden, expected.hidden_states[-2], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(pooled, expected.text_embeds, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_config_that_names_its_end_token_pools_at_its_first_occurrence(
    checkpoint: Checkpoint, ids, monkeypatch
):
    # Other CLIP checkpoints pad with the end token, which must not move the pooled position.
    encoder, end = checkpoint.text_encoder, checkpoint.tokenizer.eos_token_id
    padded = torch.where(ids == checkpoint.tokenizer.pad_token_id, end, ids)
    monkeypatch.setattr(encoder.config, "eos_token_id", end)
    monkeypatch.setattr(encoder.text_model, "eos_token_id", end)
    expected = encoder(padded).text_embeds
    torch.testing.assert_close(TextEncoder(encoder)(padded.int())[1], expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_the_last_layer_is_computed_at_one_position_a_row(checkpoint: Checkpoint, ids):
    encoder = TextEncoder(checkpoint.text_encoder)
    rows = []
    encoder.last.mlp_in.register_forward_hook(lambda module, args, output: rows.append(args[0].shape))
    encoder(ids.int())
    assert rows == [(len(PROMPTS), 1, checkpoint.text_encoder.config.hidden_size)]
