"""The stickers' own CLIP tokenizer (byte-level BPE learnt from captions) and a small CLIP text encoder."""

import json

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

from reference.stickers.captions import describe
from reference.stickers.scene import FLAT, Vocabulary, sample_scene
from reference.text import END, PAD, START, byte_symbols, vocabulary_and_merges

TEXT_LENGTH = 24


def learn_merges(captions: list[str], vocab_size: int = 2000) -> list[tuple[str, str]]:
    """Byte-pair merges of the captions' words, most frequent first, as CLIP's merges.txt lists them."""
    letters = byte_symbols()
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.normalizer = normalizers.Lowercase()
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, initial_alphabet=letters, end_of_word_suffix="</w>", show_progress=False
    )
    bpe.train_from_iterator(captions, trainer)
    return [tuple(pair) for pair in json.loads(bpe.to_str())["model"]["merges"]]


def build_tokenizer(captions: list[str]) -> CLIPTokenizer:
    """CLIP's vocabulary order: 256 bytes, the same ending a word, the merges, then start and end.

    As in the published checkpoint, "!" (id 0) pads.
    """
    return tokenizer_of(learn_merges(captions))


def tokenizer_of(merges: list[tuple[str, str]]) -> CLIPTokenizer:
    """The tokenizer of these merges, most frequent first."""
    letters = byte_symbols()
    tokens = [
        *letters,
        *(letter + "</w>" for letter in letters),
        *("".join(pair) for pair in merges),
        START,
        END,
    ]
    return CLIPTokenizer(
        vocab={token: index for index, token in enumerate(tokens)},
        merges=merges,  # type: ignore[arg-type]  # pairs are right
        bos_token=START,
        eos_token=END,
        unk_token=END,
        pad_token=PAD,
        model_max_length=TEXT_LENGTH,
    )


def with_new_words(tokenizer: CLIPTokenizer, captions: list[str]) -> CLIPTokenizer:
    """The tokenizer with further merges, so that every word of the captions is one token.

    The new merges rank after the old ones, so words that were whole stay the same tokens.
    """
    _, merges = vocabulary_and_merges(tokenizer)
    for word in sorted({word for caption in captions for word in caption.split()}):
        while len(pieces := tokenizer.tokenize(word)) > 1:
            merges.append((pieces[0], pieces[1]))
            tokenizer = tokenizer_of(merges)
    return tokenizer


def sample_captions(count: int, seed: int, vocabulary: Vocabulary = FLAT) -> list[str]:
    """Captions alone, for the tokenizer."""
    rng = np.random.default_rng([seed, count])
    return [describe(sample_scene(rng, vocabulary=vocabulary), rng) for _ in range(count)]


def build_text_encoder(tokenizer: CLIPTokenizer, width: int, projection: int) -> CLIPTextModelWithProjection:
    """A three-layer CLIP text tower: layer 2 of 3 gives the context, layer 3 the pooled vector.

    As published: erf GELU, and the legacy eos id 2, which makes transformers pool at argmax(ids).
    """
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=3,
        num_attention_heads=width // 32,
        projection_dim=projection,
        max_position_embeddings=TEXT_LENGTH,
        hidden_act="gelu",
        eos_token_id=2,
        bos_token_id=0,
        pad_token_id=1,
    )
    return CLIPTextModelWithProjection(config)
