"""Grow a trained model: compression layers, another codebook, more words. What it learnt stays."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from reference.stickers.text import build_text_encoder
from reference.text import vocabulary_and_merges
from reference.transformer import MaskedTransformer

SPARE_TOKENS = 8
"""Rows of the token embedding after the codes; the last one is the mask's."""


def with_compression(transformer: MaskedTransformer) -> MaskedTransformer:
    """The same model with feature compression layers before and after the blocks (the paper's third stage).

    They start as averaging four tokens and as copying one position to four, plus a little noise, so that the
    blocks go on with what they learnt at low resolution.
    """
    grown = MaskedTransformer(replace(transformer.config, downsample=True, upsample=True))
    width = grown.config.inner_dim
    for key, gain in (("down_block.downsample.conv", 0.5), ("up_block.upsample.conv", 1.0)):
        weight = grown.get_parameter(f"{key}.weight")
        nn.init.normal_(weight, std=0.3 * width**-0.5)
        with torch.no_grad():
            weight.add_(gain * torch.eye(width)[:, :, None, None])
    kept = {key: value for key, value in grown.state_dict().items() if key.startswith(("down_", "up_"))}
    grown.load_state_dict({**transformer.state_dict(), **kept})
    return grown


def with_codes_of(transformer: MaskedTransformer, parents: Tensor) -> MaskedTransformer:
    """The same model for another codebook: code c starts with the embedding and the logit that
    `parents[c]` (i64 [C]) had."""
    known, codes = transformer.config.codebook_size, len(parents)
    config = replace(transformer.config, codebook_size=codes, vocab_size=codes + SPARE_TOKENS)
    state = transformer.state_dict()
    table, head = "embed.embeddings.weight", "mlm_layer.conv2.weight"
    state[table] = torch.cat([state[table][parents], state[table][known:]])
    state[head] = state[head][parents]
    grown = MaskedTransformer(config)
    grown.load_state_dict(state)
    return grown


def with_rows_for_new_words(
    text_encoder: CLIPTextModelWithProjection, old: CLIPTokenizer, new: CLIPTokenizer
) -> CLIPTextModelWithProjection:
    """The same text encoder for the tokenizer `new`, which is `old` with further merges.

    A new token starts as the mean of the two that it joins.
    """
    state = text_encoder.state_dict()
    table = "text_model.embeddings.token_embedding.weight"
    projection, width = state["text_projection.weight"].shape
    grown = build_text_encoder(new, width, projection)
    rows = {token: state[table][index] for token, index in old.get_vocab().items()}
    vocabulary, merges = vocabulary_and_merges(new)
    for first, second in merges:
        rows.setdefault(first + second, (rows[first] + rows[second]) / 2)
    state[table] = torch.stack([rows[token] for token in sorted(vocabulary, key=lambda t: vocabulary[t])])
    grown.load_state_dict(state)
    return grown
