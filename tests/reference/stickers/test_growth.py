"""Growing a trained model: what it knew stays exactly, what is new starts from its nearest kin."""

import torch
import torch.nn.functional as F

from reference.stickers.growth import with_codes_of, with_compression, with_rows_for_new_words
from reference.stickers.scene import SHADED
from reference.stickers.text import build_text_encoder, build_tokenizer, sample_captions, with_new_words
from reference.stickers.training_recipe import RECIPES
from reference.stickers.vq import build_vq, code_parents, encode, extended_codebook
from reference.text import encode_text
from reference.transformer import MaskedTransformer

TINY = RECIPES["tiny"].transformer


def test_compression_layers_start_as_averaging_and_copying():
    torch.manual_seed(0)
    plain = MaskedTransformer(TINY)
    grown = with_compression(plain)
    assert grown.config.downsample and grown.config.upsample
    x = torch.randn(1, 2, 2, TINY.inner_dim)
    down, up = grown.down_block.downsample.conv.weight, grown.up_block.upsample.conv.weight
    mean = F.conv2d(x.permute(0, 3, 1, 2), down, stride=2).flatten()
    assert F.cosine_similarity(mean, x.sum((1, 2)).flatten(), dim=0) > 0.7
    spread = F.conv_transpose2d(x[:, :1, :1].permute(0, 3, 1, 2), up, stride=2)
    for corner in spread.flatten(2).unbind(-1):
        assert F.cosine_similarity(corner.flatten(), x[0, 0, 0], dim=0) > 0.7
    for name, value in plain.state_dict().items():
        assert torch.equal(grown.state_dict()[name], value), name


def logits(transformer: MaskedTransformer, tokens: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    hidden, pooled = (torch.randn(size, generator=generator) for size in ((1, 4, 32), (1, 32)))
    with torch.no_grad():
        return transformer(tokens, hidden, pooled, torch.zeros(1), torch.tensor([[64.0, 64, 0, 0, 6]]))


def test_a_new_code_is_read_and_predicted_like_its_parent():
    torch.manual_seed(0)
    transformer = MaskedTransformer(TINY)
    grown = with_codes_of(transformer, torch.tensor([*range(16), 5, 2]))
    assert grown.config.codebook_size == TINY.codebook_size + 2
    mask, new_mask = TINY.vocab_size - 1, grown.config.vocab_size - 1
    before = logits(transformer, torch.tensor([[[5, 2], [7, mask]]]))
    after = logits(grown, torch.tensor([[[16, 17], [7, new_mask]]]))
    torch.testing.assert_close(after[:, :16], before)
    torch.testing.assert_close(after[:, 16:], before[:, [5, 2]])


def test_new_words_are_whole_and_known_words_keep_their_tokens_and_their_meaning():
    flat = sample_captions(1000, 1)
    old = build_tokenizer(flat)
    new = with_new_words(old, sample_captions(1000, 1, SHADED))
    assert new.tokenize("a laughing rabbit") == ["a</w>", "laughing</w>", "rabbit</w>"]
    assert len(old.tokenize("rabbit")) > 1
    assert [old.tokenize(caption) for caption in flat[:50]] == [new.tokenize(c) for c in flat[:50]]
    torch.manual_seed(0)
    encoder = build_text_encoder(old, 32, 16).eval()
    grown = with_rows_for_new_words(encoder, old, new).eval()
    for ours, theirs in zip(
        encode_text(new, grown, flat[:8]), encode_text(old, encoder, flat[:8]), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_the_parent_of_a_code_is_the_one_that_stands_where_it_stands():
    torch.manual_seed(0)
    old = build_vq(RECIPES["tiny"].vq, 16).eval()
    new = build_vq(RECIPES["tiny"].vq, 17).eval()
    order = torch.randperm(16)
    state = old.state_dict()
    table = state["quantize.embedding.weight"]
    new.load_state_dict({**state, "quantize.embedding.weight": torch.cat([table[order], table[:1] + 99])})
    pictures = torch.rand(4, 3, 64, 64)
    used = encode(new, pictures).unique()
    parents = code_parents(old, new, pictures)
    assert torch.equal(parents[used], order[used])
    assert parents[16] == encode(old, pictures).flatten().mode().values


def test_a_codebook_grows_by_the_points_it_fits_worst():
    codes = torch.tensor([[0.0, 0], [1, 0]])
    points = torch.tensor([[0.1, 0], [9, 0], [9.1, 0], [0, 5]])
    expected = torch.tensor([[0.0, 0], [1, 0], [9.1, 0], [0, 5]])
    assert torch.equal(extended_codebook(codes, points, 4), expected)
