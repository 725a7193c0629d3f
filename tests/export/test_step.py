"""The step's module and its parts against the reference's forward pass."""

import pytest
import torch
from torch import Tensor

from export.draw_head import CHUNK_BYTES, DrawingHead, chunk_size
from export.graphs import token_grid
from export.step import LastSingle, Rotation, TransformerStep
from reference.blocks import rope_table
from reference.checkpoint import Checkpoint
from reference.inverse_cdf import draw
from tests.export.inputs import STEP, conditioning, half_masked, micro_conditions, texts, uniforms


@pytest.fixture(autouse=True)
def no_grad():
    with torch.no_grad():
        yield


@pytest.fixture
def step(checkpoint: Checkpoint, size: tuple[int, int]) -> TransformerStep:
    width, height = token_grid(checkpoint, size)
    return TransformerStep(checkpoint.transformer, checkpoint.tokenizer.model_max_length, height, width)


def reference_logits(checkpoint: Checkpoint, size: tuple[int, int], tokens: Tensor, rows: int) -> Tensor:
    """Unguided logits [R, H*W, C]."""
    hidden, pooled = texts(checkpoint, rows)
    grid, micro = tokens.expand(rows, -1, -1), micro_conditions(size).expand(rows, -1)
    logits = checkpoint.transformer(grid, hidden, pooled, torch.tensor([float(STEP)]), micro)
    return logits.flatten(2).transpose(1, 2)


def test_one_row_gives_the_references_logits_for_any_guidance(checkpoint, size, step):
    tokens = half_masked(checkpoint, size)
    (expected,) = reference_logits(checkpoint, size, tokens, rows=1)
    context, modulation = conditioning(checkpoint, size, rows=1)
    for guidance in (1.0, 9.0):
        features = step.guided(tokens.int(), context, modulation, torch.tensor(guidance))
        torch.testing.assert_close(step.drawing.logits(features), expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("guidance", [1.0, 3.0, 9.0])
def test_two_rows_give_the_references_guided_logits(checkpoint, size, step, guidance):
    tokens = half_masked(checkpoint, size)
    without, prompt = reference_logits(checkpoint, size, tokens, rows=2)
    features = step.guided(tokens.int(), *conditioning(checkpoint, size, rows=2), torch.tensor(guidance))
    expected = without + guidance * (prompt - without)
    assert (prompt - without).abs().max() > 0.1  # so that guidance has an effect
    torch.testing.assert_close(step.drawing.logits(features), expected, atol=2e-4, rtol=1e-5)


def test_drawn_tokens_equal_the_references(checkpoint, size, step):
    tokens = half_masked(checkpoint, size)
    without, prompt = reference_logits(checkpoint, size, tokens, rows=2)
    u = uniforms(checkpoint, size)
    expected, expected_log_prob = draw(prompt + 2.0 * (prompt - without), u)
    drawn, log_prob = step(tokens.int(), *conditioning(checkpoint, size, rows=2), torch.tensor(3.0), u)
    assert drawn.dtype == torch.int32
    assert torch.equal(drawn.long(), expected)
    torch.testing.assert_close(log_prob, expected_log_prob, atol=1e-4, rtol=1e-5)


def test_the_last_block_gives_the_image_rows_of_a_whole_block(checkpoint: Checkpoint):
    config = checkpoint.transformer.config
    block = checkpoint.transformer.single_transformer_blocks[-1]
    rope = rope_table(7, 4, 3, config.axes_dims_rope)
    x, temb = torch.randn(2, 7 + 12, config.inner_dim), torch.randn(2, config.inner_dim)
    shift, scale, gate = block.norm(temb)
    rotation = Rotation(*rope, torch.arange(7 + 12)[None])
    actual = LastSingle(block, 7)(x, (shift, 1 + scale, gate), rotation)
    torch.testing.assert_close(actual, block(x, temb, rope)[:, 7:], atol=1e-5, rtol=1e-5)


def test_chunks_of_positions_draw_the_same_tokens(checkpoint: Checkpoint):
    head, width = checkpoint.transformer.mlm_layer, checkpoint.transformer.config.inner_dim
    whole, chunked = DrawingHead(head, 48), DrawingHead(head, 48)
    chunked.chunk = 8
    features, u = torch.randn(48, width), torch.rand(2, 48)
    for one, other in zip(whole(features, u), chunked(features, u), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_no_tensor_holds_the_logits_of_all_positions(checkpoint, size, monkeypatch):
    width, height = token_grid(checkpoint, size)
    codes = checkpoint.transformer.config.codebook_size
    monkeypatch.setattr("export.draw_head.CHUNK_BYTES", 4 * codes * 8)
    drawing = DrawingHead(checkpoint.transformer.mlm_layer, height * width)
    shapes = []
    drawing.logits.register_forward_hook(lambda module, args, output: shapes.append(tuple(output.shape)))
    drawing(torch.randn(height * width, checkpoint.transformer.config.inner_dim), uniforms(checkpoint, size))
    assert shapes == [(1, 8, codes)] * (height * width // 8)


@pytest.mark.parametrize(
    ("positions", "codes"), [(4096, 8192), (1024, 8192), (256, 128), (96 * 128, 8192), (7, 8192)]
)
def test_a_chunks_logits_fit_the_limit(positions: int, codes: int):
    size = chunk_size(positions, codes)
    assert positions % size == 0
    assert 4 * size * codes <= CHUNK_BYTES
    assert size == positions or 4 * positions * codes > CHUNK_BYTES  # chunks only if all logits do not fit
