"""Both data formats of the blocks against the Android step, which test_step compares with the reference."""

import pytest
import torch
from torch import Tensor

from export.apple import data_format
from export.apple.data_format import Attention, data_format_for, halves_first
from export.apple.embedder import TokenEmbedder
from export.apple.transformer import DoubleBlocks, SingleBlocks, Transformer
from export.conditioner import modulation_width
from export.draw_head import Sampler
from export.graphs import token_grid
from export.step import TransformerStep
from reference.checkpoint import Checkpoint

LENGTH = 9  # text positions


class Case:
    """A checkpoint's transformer and random inputs of a step."""

    def __init__(self, checkpoint: Checkpoint, size: tuple[int, int], rows: int) -> None:
        self.transformer = checkpoint.transformer
        width, self.height = token_grid(checkpoint, size)
        self.width, side = width, checkpoint.compression
        config = self.transformer.config
        self.grid = LENGTH, self.height // side, width // side
        self.tokens = torch.randint(0, config.vocab_size, (self.height, width), dtype=torch.int32)
        self.context = torch.randn(rows, LENGTH, config.inner_dim)
        self.modulation = torch.randn(rows, modulation_width(self.transformer)) / 3
        self.guidance = torch.tensor(3.0)
        self.uniforms = torch.rand(2, self.height * width)

    @torch.no_grad()
    def step(self) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The Android step's guided features, and the tokens and log probabilities drawn from them."""
        step = TransformerStep(self.transformer, LENGTH, self.height, self.width)
        inputs = self.tokens, self.context, self.modulation, self.guidance
        return step.guided(*inputs), step(*inputs, self.uniforms)

    @torch.no_grad()
    def features(self, attention: Attention, chunked: bool = False) -> Tensor:
        """Unguided features of the iPhone's graphs; `chunked`: of the blocks in two graphs."""
        chosen = data_format_for(attention)
        embedded = TokenEmbedder(self.transformer, self.height, self.width)(self.tokens)
        if not chunked:
            return Transformer(self.transformer, chosen, self.grid)(embedded, self.context, self.modulation)
        stream = DoubleBlocks(self.transformer, chosen, self.grid)(embedded, self.context, self.modulation)
        return SingleBlocks(self.transformer, chosen, self.grid)(stream, self.modulation)


@pytest.fixture(params=[1, 2])
def case(request: pytest.FixtureRequest, checkpoint: Checkpoint, size: tuple[int, int]) -> Case:
    return Case(checkpoint, size, rows=request.param)


@pytest.mark.parametrize("attention", ["gpu", "ane"])
def test_a_data_format_draws_the_tokens_of_the_android_step(case: Case, attention: Attention) -> None:
    expected, (drawn, log_prob) = case.step()
    sampler = Sampler(case.transformer, case.height, case.width)
    features = case.features(attention)
    torch.testing.assert_close(sampler.guided(features, case.guidance), expected, rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        found, found_log_prob = sampler(features, case.guidance.reshape(1), case.uniforms)
    # With random weights two neighbouring cumulative sums may differ by a rounding error alone.
    assert (found == drawn).float().mean() > 0.99
    torch.testing.assert_close(found_log_prob[found == drawn], log_prob[found == drawn], rtol=1e-4, atol=1e-4)


def test_blocks_in_two_graphs_equal_blocks_in_one(case: Case) -> None:
    torch.testing.assert_close(case.features("gpu", chunked=True), case.features("gpu"), rtol=0, atol=0)


def test_attention_in_query_chunks_equals_attention_at_once(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = case.features("ane")
    monkeypatch.setattr(data_format, "QUERIES", 7)
    torch.testing.assert_close(case.features("ane"), whole, rtol=1e-5, atol=1e-5)


def test_halves_first_reorders_within_each_head() -> None:
    assert halves_first(torch.arange(8), heads=2).tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_data_formats_have_the_same_weights(case: Case) -> None:
    rows = Transformer(case.transformer, data_format_for("gpu"), case.grid).state_dict()
    channels = Transformer(case.transformer, data_format_for("ane"), case.grid).state_dict()
    assert rows.keys() == channels.keys()
    assert all(torch.equal(rows[name].flatten(), channels[name].flatten()) for name in rows)
