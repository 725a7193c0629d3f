"""Configs with wrong values: one line each, and nothing of a config reaches a library unchecked."""

import copy
import json
import random
import shutil
from pathlib import Path

import pytest
import torch
from transformers import CLIPTokenizer

from reference import component_configs
from reference.checkpoint import load_checkpoint
from reference.checkpoint_files import new_folder
from reference.configs import read_configs
from reference.errors import CheckpointError
from reference.random_weights import PRESETS, write_random
from reference.text import tokenize
from reference.tokenizer_files import load_tokenizer
from runtime import manifest
from tests.reference.golden import FOLDER

MERGES = "tokenizer/merges.txt"
CONFIGS = (
    "model_index.json",
    "scheduler/scheduler_config.json",
    "transformer/config.json",
    "vqvae/config.json",
    "text_encoder/config.json",
    "tokenizer/tokenizer_config.json",
    "tokenizer/special_tokens_map.json",
    "tokenizer/vocab.json",
)
WRONG = (
    *(None, True, False, 0, -1, 1, 2, 3, 7, 2**31, 2**63, 10**400, 0.5, -0.0, 1e30, 1e308, float("inf")),
    *(float("nan"), "", "8", "gelu", "nosuch/activation", "x" * 300, "\x1b[2J", "\ud800", "🦄"),
    *([], [1], [None], [[]], [8, 8, 16, 16], ["DownEncoderBlock2D"], {}, {"a": 1}, {"content": 3}),
)
DAMAGED = ("[" * 100_000, '{"a":' * 5_000, '{"a": ' + "9" * 5000 + "}", '{"a": NaN}', "", "null", "\ufeff{}")


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    with new_folder(folder) as target:
        write_random(target, PRESETS["tiny"], torch.float32)
    return folder


@pytest.fixture
def tiny(tiny_folder, tmp_path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "checkpoint"))


def places(values, path=()):
    """The path of every value inside a JSON object."""
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def mutated(values: dict, choose: random.Random) -> dict:
    """One value replaced, removed or added."""
    changed = copy.deepcopy(values)
    *path, key = choose.choice(list(places(changed))[:60])
    inside = changed
    for part in path:
        inside = inside[part]
    kind = choose.randrange(8)
    if kind == 0 and isinstance(inside, dict):
        del inside[key]
    elif kind == 1 and isinstance(inside, dict):
        inside[choose.choice(("extra", "attn_implementation", "auto_map", "quantization_config"))] = (
            choose.choice(WRONG)
        )
    else:
        inside[key] = choose.choice(WRONG)
    return changed


def refused(folder: Path, built: set[str]) -> bool:
    """Whether a checkpoint is refused; the refusal has one line and no control character.

    A model is built once for each content of its configs, because most mutations do not change it.
    """
    try:
        configs = read_configs(folder, folder / "text_encoder")
        ids, _ = tokenize(configs.tokenizer, ["A red cat!! é 😀"])
        assert ids.min() >= 0 and ids.max() < configs.text_encoder.vocab_size
        read = repr((configs.transformer, configs.vqvae, configs.text_encoder))
        if read not in built:
            built.add(read)
            load_checkpoint(folder, stream=True)
    except CheckpointError as error:
        assert str(error).isprintable() and len(str(error)) < 500, error
        return True
    return False


@pytest.mark.parametrize("file", CONFIGS)
def test_mutated_configs_load_or_are_refused_in_one_line(tiny, file):
    choose = random.Random(file)
    original = json.loads((tiny / file).read_text())
    built: set[str] = set()
    refusals = 0
    for _ in range(40):
        (tiny / file).write_text(json.dumps(mutated(original, choose)))
        refusals += refused(tiny, built)
    assert refusals >= 3
    (tiny / file).write_text(json.dumps(original))
    assert not refused(tiny, built)


@pytest.mark.parametrize("file", CONFIGS)
def test_deep_long_and_empty_json_is_refused(tiny, file):
    for text in DAMAGED:
        (tiny / file).write_text(text)
        with pytest.raises(
            CheckpointError,
            match=f"{file} (is not valid JSON|must hold a JSON object|begins with a byte order mark)",
        ):
            read_configs(tiny, tiny / "text_encoder")


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("transformer/config.json", {"num_layers": None}, "num_layers is None: it must be a valid integer"),
        (
            "transformer/config.json",
            {"num_layers": 0},
            "num_layers is 0: it must be greater than or equal to 1",
        ),
        (
            "transformer/config.json",
            {"num_layers": 1e30},
            r"num_layers is 1e\+30: it must be a valid integer",
        ),
        ("transformer/config.json", {"axes_dims_rope": [4, 6]}, r"missing axes_dims_rope\.2"),
        ("transformer/config.json", {"axes_dims_rope": [4, 6, "6"]}, r"axes_dims_rope\.2 is '6': it must"),
        ("transformer/config.json", {"downsample": "yes"}, "downsample is 'yes': it must be a valid boolean"),
        ("vqvae/config.json", {"act_fn": "nosuch"}, "act_fn is 'nosuch': it must be 'silu'"),
        ("vqvae/config.json", {"norm_type": "spatial"}, 'norm_type is "spatial", which has 32 groups'),
        ("vqvae/config.json", {"norm_num_groups": 3}, "norm_num_groups is 3: it must divide 8"),
        ("vqvae/config.json", {"up_block_types": []}, "up_block_types has 0 entries: it must have 3"),
        ("vqvae/config.json", {"latents_mean": [1.0]}, r"unknown latents_mean is \[1\.0\]"),
        (
            "text_encoder/config.json",
            {"hidden_act": "nosuch"},
            "hidden_act is 'nosuch': it must be 'quick_gelu'",
        ),
        (
            "text_encoder/config.json",
            {"layer_norm_eps": -1},
            "layer_norm_eps is -1: it must be greater than 0",
        ),
        ("text_encoder/config.json", {"rope_theta": 1e4}, "unknown rope_theta is 10000"),
        ("tokenizer/tokenizer_config.json", {"pad_token": 5}, "pad_token is 5: it must be a valid string"),
        (
            "tokenizer/tokenizer_config.json",
            {"model_max_length": 2},
            "model_max_length is 2: it must be greater",
        ),
        ("tokenizer/special_tokens_map.json", {"pad_token": {"content": ""}}, r"pad_token\.content is ''"),
        ("tokenizer/vocab.json", {"a": -1}, "'a' is -1: it must be an id from 0"),
        ("tokenizer/vocab.json", {"a": 1}, "'\"' and 'a' are both 1: ids must differ"),
    ],
)
def test_a_wrong_value_is_named_with_file_key_and_what_is_allowed(tiny, file, changes, message):
    values = json.loads((tiny / file).read_text())
    (tiny / file).write_text(json.dumps({**values, **changes}))
    with pytest.raises(CheckpointError, match=f"{file}: {message}"):
        read_configs(tiny, tiny / "text_encoder")


@pytest.mark.parametrize("file", CONFIGS[1:7])
def test_unknown_keys_that_are_off_or_notes_pass(tiny, file):
    values = json.loads((tiny / file).read_text())
    extra = {
        "out_channels_2": None,
        "use_it": False,
        "rate": 0.0,
        "names": [],
        "dtype": "float32",
        "_note": "x",
    }
    (tiny / file).write_text(json.dumps({**values, **extra}))
    assert not refused(tiny, set())


@pytest.mark.parametrize(
    "key", ["attn_implementation", "_attn_implementation", "_attn_implementation_internal"]
)
def test_a_config_cannot_choose_the_attention(tiny, key):
    file = tiny / "text_encoder" / "config.json"
    plain = load_checkpoint(tiny, stream=True).text_encoder.config._attn_implementation
    file.write_text(json.dumps({**json.loads(file.read_text()), key: "someone/kernel"}))
    config = load_checkpoint(tiny, stream=True).text_encoder.config
    assert config._attn_implementation == plain and "someone" not in str(config)


def agrees(ours: CLIPTokenizer, theirs: CLIPTokenizer) -> bool:
    """Whether two tokenizers have the same special tokens, and the same ids for some texts."""
    texts = ("A red cat!! é 😀 on the DOG 123", "<|endoftext|> ! a!b", "", "<|StartOfText|> x\u2028y")
    return (
        ours.special_tokens_map == theirs.special_tokens_map
        and ours.added_tokens_decoder == theirs.added_tokens_decoder
        and ours.pad_token_id == theirs.pad_token_id
        and all(ours(text).input_ids == theirs(text).input_ids for text in texts)
    )


@pytest.fixture
def tokenizer(tmp_path) -> Path:
    return Path(shutil.copytree(FOLDER / "mei" / "checkpoint" / "tokenizer", tmp_path / "tokenizer"))


def test_a_tokenizer_saved_by_transformers_5_loads(tokenizer, tmp_path):
    theirs = CLIPTokenizer.from_pretrained(tokenizer)
    theirs.save_pretrained(tmp_path / "saved")
    assert {path.name for path in (tmp_path / "saved").iterdir()} == {
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert agrees(load_tokenizer(tmp_path / "saved", 77), theirs)


@pytest.mark.parametrize(
    "removed", ["", "tokenizer.json", "special_tokens_map.json", "vocab.json merges.txt"]
)
@pytest.mark.parametrize("keys", [(), ("added_tokens_decoder",), ("added_tokens_decoder", "pad_token")])
def test_every_form_of_a_tokenizer_reads_as_transformers_reads_it(tokenizer, removed, keys):
    for name in removed.split():
        (tokenizer / name).unlink()
    config = json.loads((tokenizer / "tokenizer_config.json").read_text())
    text = json.dumps({key: value for key, value in config.items() if key not in keys})
    (tokenizer / "tokenizer_config.json").write_text(text)
    assert agrees(load_tokenizer(tokenizer, 77), CLIPTokenizer.from_pretrained(tokenizer))


@pytest.mark.parametrize("value", ["absent", None, int(1e30)])
def test_a_tokenizer_without_a_length_takes_the_text_encoders(tiny, value):
    file = tiny / "tokenizer" / "tokenizer_config.json"
    values = {**json.loads(file.read_text()), "model_max_length": value}
    if value == "absent":
        del values["model_max_length"]
    file.write_text(json.dumps(values))
    assert read_configs(tiny, tiny / "text_encoder").tokenizer.model_max_length == 77


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda text: text[: len(text) // 2], r"merges\.txt"),
        (lambda text: text[: text.rindex(b"\n", 0, -1) + 1], r"merges\.txt is incomplete: no merge makes"),
        (lambda text: text[:-4], r"merges\.txt: (line|the merge)"),
        (lambda text: text + b"a\xff b\n", r"merges\.txt is not UTF-8"),
        (lambda text: text + b"one two three\n", r"merges\.txt: line \d+ is 'one two three': it must be two"),
        (lambda text: text + b"q zzz\n", r"merges\.txt: the merge 'q zzz' needs 'zzz'"),
        (lambda text: b"", r"merges\.txt is incomplete"),
    ],
)
def test_damaged_merges_are_refused(tokenizer, content, message):
    (tokenizer / "tokenizer.json").unlink()
    file = tokenizer / "merges.txt"
    file.write_bytes(content(file.read_bytes()))
    with pytest.raises(CheckpointError, match=message):
        load_tokenizer(tokenizer, 77)


def test_mutated_tokenizer_json_loads_or_is_refused_in_one_line(tokenizer):
    choose = random.Random(0)
    values = json.loads((tokenizer / "tokenizer.json").read_text())
    vocabulary = values["model"]["vocab"]
    refusals = 0
    for _ in range(60):
        small = {**values, "model": {**values["model"], "vocab": {}}}
        changed = mutated(dict(reversed(small.items())), choose)
        if isinstance(changed.get("model"), dict) and changed["model"].get("vocab") == {}:
            changed["model"]["vocab"] = vocabulary
        (tokenizer / "tokenizer.json").write_text(json.dumps(changed))
        try:
            load_tokenizer(tokenizer, 77)
        except CheckpointError as error:
            assert str(error).isprintable(), error
            refusals += 1
    assert refusals >= 10


def test_an_end_of_prompt_that_the_text_encoder_does_not_look_for_is_refused(tiny):
    file = tiny / "text_encoder" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "eos_token_id": 3}))
    with pytest.raises(
        CheckpointError, match="text_encoder eos_token_id is 3, but the tokenizer ends prompts"
    ):
        read_configs(tiny, tiny / "text_encoder")


def test_a_checkpoint_has_the_bounds_of_the_bundle_made_from_it(tiny):
    assert component_configs.MAX_SIDE == manifest.MAX_SIDE
    file = tiny / "tokenizer" / "tokenizer_config.json"
    values = json.loads(file.read_text())
    file.write_text(json.dumps({**values, "model_max_length": manifest.MAX_TEXT_LENGTH + 1}))
    with pytest.raises(CheckpointError, match=f"less than or equal to {manifest.MAX_TEXT_LENGTH}"):
        read_configs(tiny, tiny / "text_encoder")
