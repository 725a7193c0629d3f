"""Read CLIP's byte-pair tokenizer from a checkpoint's folder, in every form that transformers has written.

    tokenizer_config.json                    always
    tokenizer.json                           the vocabulary and merges; transformers 5 writes only these two
    vocab.json, merges.txt                   the same without a tokenizer.json
    special_tokens_map.json, added_tokens.json   older files, which transformers still reads

transformers reads a copy that holds what the schemas know, so no file can ask it for more.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass
from transformers import CLIPTokenizer

from reference.component_configs import TokenId
from reference.config_files import SCHEMA, check_file, checked, read_json, read_text, shown
from reference.errors import CheckpointError

CONFIG, FAST, VOCABULARY, MERGES = "tokenizer_config.json", "tokenizer.json", "vocab.json", "merges.txt"
SPECIAL, ADDED = "special_tokens_map.json", "added_tokens.json"
FILES = (CONFIG, FAST, VOCABULARY, MERGES, SPECIAL, ADDED)
NO_LIMIT = int(1e30)  # what transformers writes for a tokenizer without model_max_length
# Read by no code of ours, or by tokenizers of other kinds.
IGNORED = (
    *("clean_up_tokenization_spaces", "do_lower_case", "errors", "name_or_path", "special_tokens_map_file"),
    *("tokenizer_file", "backend", "is_local", "local_files_only", "padding_side", "truncation_side"),
    *("processor_class", "use_fast", "trim_offsets", "padding", "truncation", "max_length", "stride"),
    *("truncation_strategy", "pad_to_multiple_of", "pad_token_type_id", "model_input_names", "auto_map"),
    *("chat_template", "legacy"),
)


class AddedToken(BaseModel):
    """A string that becomes one id wherever a prompt contains it.

    CLIP's tokens keep the spaces beside them and match inside words, and a bundle knows no others.
    """

    model_config = ConfigDict(**SCHEMA, extra="forbid")
    content: Annotated[str, Field(min_length=1)]
    lstrip: Literal[False] = False
    rstrip: Literal[False] = False
    single_word: Literal[False] = False
    normalized: bool = True
    special: bool = False
    kind: Literal["AddedToken"] = Field("AddedToken", alias="__type")


class ListedToken(AddedToken):
    """An entry of tokenizer.json's `added_tokens`."""

    id: TokenId


Token = AddedToken | Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=SCHEMA)
class SpecialTokens:
    """`special_tokens_map.json`."""

    bos_token: Token = "<|startoftext|>"
    eos_token: Token = "<|endoftext|>"
    unk_token: Token = "<|endoftext|>"
    pad_token: Token = "<|endoftext|>"
    additional_special_tokens: list[Token] | None = None
    extra_special_tokens: list[Token] | dict[str, Token] | None = None


@dataclass(frozen=True, config=SCHEMA)
class TokenizerConfig(SpecialTokens):
    """`tokenizer_config.json`."""

    model_max_length: Annotated[int, Field(ge=3, le=4096)] | None = None
    added_tokens_decoder: dict[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], AddedToken] | None = None
    add_prefix_space: Literal[False] | None = False
    split_special_tokens: Literal[False] | None = False
    tokenizer_class: Literal["CLIPTokenizer", "CLIPTokenizerFast", "TokenizersBackend"] | None = None


@dataclass(frozen=True, config=SCHEMA)
class FastTokenizer:
    """`tokenizer.json`. CLIPTokenizer builds the other steps of the file itself."""

    model: dict[str, Any]
    added_tokens: list[ListedToken] | None = None


@dataclass(frozen=True, config=SCHEMA)
class BytePairs:
    """`model` of tokenizer.json."""

    vocab: dict[str, TokenId]
    merges: list[Annotated[list[str], Field(min_length=2, max_length=2)] | str]
    type: Literal["BPE"] | None = "BPE"
    end_of_word_suffix: Literal["</w>"] | None = "</w>"
    continuing_subword_prefix: Literal[""] | None = ""
    dropout: None = None
    byte_fallback: Literal[False] = False
    ignore_merges: Literal[False] = False


STEPS = ("truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder")
Merges = list[tuple[str, str]]


def load_tokenizer(folder: Path, positions: int) -> CLIPTokenizer:
    """CLIP's byte-pair tokenizer. Without `model_max_length` its length is the text encoder's `positions`.

    Raises CheckpointError.
    """
    config = read_json(folder / CONFIG)
    if config.get("model_max_length") == NO_LIMIT:
        del config["model_max_length"]
    length = checked(TokenizerConfig, config, folder / CONFIG, IGNORED).model_max_length or positions
    copies: dict[str, Any] = {CONFIG: {**known(TokenizerConfig, config), "model_max_length": length}}
    if exists(folder / FAST):
        vocabulary, merges, added = read_fast(folder / FAST)
        copies[FAST] = fast_copy(vocabulary, merges, added)
        source, merged = folder / FAST, folder / FAST
    else:
        source, merged = folder / VOCABULARY, folder / MERGES
        vocabulary = entries(read_json(source), source)
        merges = read_merges(merged)
    check_merges(vocabulary, merges, source, merged)
    if exists(folder / SPECIAL):
        special = read_json(folder / SPECIAL)
        checked(SpecialTokens, special, folder / SPECIAL)
        copies[SPECIAL] = known(SpecialTokens, special)
    if exists(folder / ADDED):
        copies[ADDED] = entries(read_json(folder / ADDED), folder / ADDED)
    copies[VOCABULARY] = vocabulary
    tokenizer = build(copies, merges, folder)
    check_special(tokenizer, vocabulary, folder)
    return tokenizer


def exists(path: Path) -> bool:
    """Whether something is at `path`; raises CheckpointError if it cannot be read as a file."""
    if not path.exists():
        return False
    check_file(path)
    return True


def known(schema: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a schema has checked, without null."""
    return {field.name: values[field.name] for field in fields(schema) if values.get(field.name) is not None}


def entries(values: dict[str, Any], where: Path) -> dict[str, int]:
    """`values`, an id a token. Raises CheckpointError for a value that is no id, and for an id used twice."""
    for token, index in values.items():
        if type(index) is not int or not 0 <= index < 2**31:
            raise CheckpointError(
                f"{where}: {shown(token)} is {shown(index)}: it must be an id from 0 to 2147483647"
            )
    if len(set(values.values())) < len(values):
        index = Counter(values.values()).most_common(1)[0][0]
        first, second = [token for token in values if values[token] == index][:2]
        raise CheckpointError(
            f"{where}: {shown(first)} and {shown(second)} are both {index}: ids must differ"
        )
    return values


def read_fast(path: Path) -> tuple[dict[str, int], Merges, list[dict[str, Any]]]:
    """Vocabulary, merges and added tokens of a tokenizer.json."""
    values = read_json(path)
    checked(FastTokenizer, values, path, ("version", *STEPS))
    model = checked(BytePairs, values["model"], f"{path}: model", ("unk_token", "fuse_unk"))
    merges = [tuple(merge.split(" ") if isinstance(merge, str) else merge) for merge in model.merges]
    for number, merge in enumerate(merges):
        if len(merge) != 2:
            raise CheckpointError(
                f"{path}: model: merges.{number} is {shown(model.merges[number])}: it must be two entries of"
                " the vocabulary with a space between them"
            )
    entries(model.vocab, path)
    return model.vocab, merges, values.get("added_tokens") or []  # type: ignore[return-value]


def fast_copy(vocabulary: dict[str, int], merges: Merges, added: list[dict[str, Any]]) -> dict[str, Any]:
    """A tokenizer.json of what CLIPTokenizer takes from the file."""
    model = {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": vocabulary, "merges": merges}
    return {"version": "1.0", **dict.fromkeys(STEPS), "added_tokens": added, "model": model}


def read_merges(path: Path) -> Merges:
    """The pairs of a merges.txt, the first merged first. Its first line may name a version."""
    lines = [line.rstrip("\r") for line in read_text(path, "copy or download it").split("\n")]
    merges = []
    for number, line in enumerate(lines, 1):
        if line.startswith("#version") or (not line and number == len(lines)):
            continue
        pair = line.split(" ")
        if len(pair) != 2 or not all(pair):
            raise CheckpointError(
                f"{path}: line {number} is {shown(line)}: it must be two entries with a space between them;"
                " copy or download it again"
            )
        merges.append((pair[0], pair[1]))
    return merges


def check_merges(vocabulary: dict[str, int], merges: Merges, source: Path, merged: Path) -> None:
    """Raise CheckpointError unless each merge makes an entry and each entry but the special ones is made."""
    for first, second in merges:
        for entry in (first, second, first + second):
            if entry not in vocabulary:
                raise CheckpointError(
                    f"{merged}: the merge {shown(f'{first} {second}')} needs {shown(entry)}, which the"
                    f" vocabulary in {source.name} lacks: copy or download both again"
                )
    made = {first + second for first, second in merges}
    for entry in vocabulary:
        special = entry.startswith("<") and entry.endswith(">")
        if len(entry.removesuffix("</w>")) > 1 and not special and entry not in made:
            raise CheckpointError(
                f"{merged} is incomplete: no merge makes {shown(entry)} of {source.name}; copy or download"
                " both again"
            )


def build(copies: dict[str, Any], merges: Merges, folder: Path) -> CLIPTokenizer:
    """transformers' tokenizer from a folder of checked copies."""
    try:
        with tempfile.TemporaryDirectory() as name:
            for file, values in copies.items():
                Path(name, file).write_text(json.dumps(values), encoding="utf-8")
            lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
            Path(name, MERGES).write_text("\n".join(lines) + "\n", encoding="utf-8")
            return CLIPTokenizer.from_pretrained(name, local_files_only=True)
    except Exception as error:  # tokenizers, which is Rust, raises no narrower class
        reason = shown(" ".join(str(error).split()), quote=False)
        raise CheckpointError(f"{folder} holds no CLIP tokenizer: {reason}") from None


def check_special(tokenizer: CLIPTokenizer, vocabulary: dict[str, int], folder: Path) -> None:
    """Raise CheckpointError for a special token without an id."""
    for name in ("bos_token", "eos_token", "pad_token", "unk_token"):
        if getattr(tokenizer, f"{name}_id") is None:
            raise CheckpointError(f"{folder / CONFIG}: {name} has no id: it must be in the vocabulary")
    if str(tokenizer.unk_token) not in vocabulary:
        raise CheckpointError(
            f"{folder / CONFIG}: unk_token is {shown(str(tokenizer.unk_token))}: it must be in the vocabulary"
        )
