"""The tokenizer that transformers makes of the recorded checkpoint: the truth for ours."""

from transformers import CLIPTokenizer

from tests.runtime.tiny_bundle import GOLDEN_TOKENIZER


def published() -> CLIPTokenizer:
    """Every byte is known; a "!" in a prompt is the padding token."""
    return CLIPTokenizer.from_pretrained(GOLDEN_TOKENIZER)
