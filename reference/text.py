"""CLIP's byte-pair tokenizer and text encoder as the model uses them, and the tokenizer's files.

As published: prompts are padded with "!" (id 0) to the tokenizer's length, and attention does not mask the
padding. The context is the output of the last layer but one, without the final norm; the pooled vector is
`text_embeds`.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from reference.checkpoint_files import write_json

START, END, PAD = "<|startoftext|>", "<|endoftext|>", "!"


def tokenize(tokenizer: CLIPTokenizer, prompts: Sequence[str]) -> tuple[Tensor, list[str]]:
    """Prompts -> ids i64 [B, T], and the part of each prompt that did not fit ("" if all did)."""
    length = tokenizer.model_max_length
    rows, cuts = [], []
    for prompt in prompts:
        ids = tokenizer(prompt, add_special_tokens=True, verbose=False).input_ids
        cuts.append(str(tokenizer.decode(ids[length - 1 : -1])).strip() if len(ids) > length else "")
        kept = ids if len(ids) <= length else [*ids[: length - 1], ids[-1]]
        rows.append(kept + [tokenizer.pad_token_id] * (length - len(kept)))
    return torch.tensor(rows), cuts


@torch.no_grad()
def encode_text(
    tokenizer: CLIPTokenizer, text_encoder: CLIPTextModelWithProjection, prompts: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Prompts -> text_hidden [B, T, J] and text_pooled [B, P]. Longer prompts are cut to T tokens."""
    ids, _ = tokenize(tokenizer, prompts)
    output = text_encoder(ids.to(text_encoder.device), output_hidden_states=True)
    return output.hidden_states[-2], output.text_embeds


def byte_symbols() -> list[str]:
    """The 256 printable symbols that stand for bytes, in the order of CLIP's vocabulary ("!" first)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(value) for value in printable] + [chr(256 + i) for i in range(256 - len(printable))]


def vocabulary_and_merges(tokenizer: CLIPTokenizer) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """The contents of vocab.json and merges.txt."""
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def write_tokenizer(
    folder: Path, vocabulary: dict[str, int], merges: Sequence[tuple[str, str]], length: int
) -> None:
    """Write vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json of a CLIP tokenizer.

    `vocabulary` must hold "!", "<|startoftext|>" and "<|endoftext|>"; `length` is T, the tokens of a prompt.
    """

    def special(content: str) -> dict[str, str | bool]:
        flags = dict.fromkeys(("lstrip", "rstrip", "single_word"), False)
        return {"content": content, "normalized": content != PAD, **flags}

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    names = {"bos_token": START, "eos_token": END, "unk_token": END}
    write_json(
        folder / "special_tokens_map.json",
        {**{name: special(content) for name, content in names.items()}, "pad_token": PAD},
    )
    write_json(
        folder / "tokenizer_config.json",
        {
            **names,
            "add_prefix_space": False,
            "added_tokens_decoder": {
                str(vocabulary[token]): {**special(token), "special": True} for token in (PAD, START, END)
            },
            "clean_up_tokenization_spaces": True,
            "do_lower_case": True,
            "errors": "replace",
            "model_max_length": length,
            "pad_token": PAD,
            "tokenizer_class": "CLIPTokenizer",
        },
    )
