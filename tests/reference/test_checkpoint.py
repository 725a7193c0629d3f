"""Checkpoint folders: what loads, what is refused and how it is named, random checkpoints."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPModel, CLIPTextModelWithProjection, CLIPTokenizer

from export.onnx import run as export_onnx
from reference.__main__ import command_line as draw
from reference.checkpoint import describe, load_checkpoint, save_checkpoint
from reference.checkpoint_files import new_folder
from reference.errors import CheckpointError
from reference.pipeline import Pipeline
from reference.random_weights import PRESETS, write_random
from reference.text import encode_text, tokenize
from tests.reference.golden import FOLDER, RUNS, golden_run

ROOT = Path(__file__).parents[2]
WEIGHTS = {
    "transformer": "diffusion_pytorch_model.safetensors",
    "vqvae": "diffusion_pytorch_model.safetensors",
    "text_encoder": "model.safetensors",
}


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    with new_folder(folder) as target:
        write_random(target, PRESETS["tiny"], torch.float32)
    return folder


@pytest.fixture
def tiny(tiny_folder, tmp_path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "checkpoint"))


def edit_json(path: Path, **changes) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_weights(path: Path, change) -> None:
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize(("model", "name"), RUNS)
def test_prompts_are_encoded_as_the_published_code_does(model, name):
    run, checkpoint = golden_run(model, name), load_checkpoint(FOLDER / model / "checkpoint")
    for kind, text in (("prompt", run.arguments["prompt"]), ("negative", run.arguments["negative_prompt"])):
        ids, cut = tokenize(checkpoint.tokenizer, [text])
        assert torch.equal(ids, run[f"{kind}_ids"]) and cut == [""]
        hidden, pooled = encode_text(checkpoint.tokenizer, checkpoint.text_encoder, [text])
        assert run.difference(f"{kind}_hidden", hidden) < 1e-5
        assert run.difference(f"{kind}_embeds", pooled) < 1e-5


def test_our_reader_agrees_with_transformers_from_pretrained():
    folder = FOLDER / "mei" / "checkpoint"
    ours = load_checkpoint(folder).text_encoder
    theirs = CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder")
    ids = torch.randint(0, 526, (2, 77), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(ours(ids).text_embeds, theirs(ids).text_embeds)


def test_facts_of_a_checkpoint_are_read_and_derived(tiny):
    mono = load_checkpoint(FOLDER / "mono" / "checkpoint")
    assert (mono.token_size, mono.compression, mono.mask_token_id) == (16, 1, 71)
    assert mono.masking_schedule == "cosine"
    assert (mono.defaults.size, mono.defaults.steps, mono.defaults.guidance) == ((512, 512), 48, 9.0)
    own = load_checkpoint(tiny)
    assert (own.token_size, own.compression, own.name) == (4, 2, "checkpoint")
    assert (own.defaults.size, own.defaults.steps, own.defaults.guidance) == ((64, 64), 8, 3.0)


def test_the_hash_does_not_depend_on_the_place_of_the_folder(tiny, tiny_folder):
    before = load_checkpoint(tiny).sha256
    assert before == load_checkpoint(tiny_folder).sha256 and len(before) == 64


def test_the_hash_changes_with_every_file(tiny, tiny_folder):
    tokenizer = load_checkpoint(tiny).tokenizer
    tokenizer.backend_tokenizer.save(str(tiny / "tokenizer" / "tokenizer.json"))
    files = sorted(path for path in tiny.rglob("*") if path.is_file())
    assert {path.name for path in files} >= {"tokenizer.json", "special_tokens_map.json", "merges.txt"}
    checkpoint = load_checkpoint(tiny)
    assert sorted(checkpoint.files.values()) == files
    hashes = {checkpoint.sha256, load_checkpoint(tiny_folder).sha256}
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        hashes.add(replace(checkpoint).sha256)  # the files are read again, not the model
        path.write_bytes(content)
    assert len(hashes) == 2 + len(files)


def test_every_file_that_loading_opens_is_hashed(tiny):
    """Seen are the files that Python opens, not those of safetensors and tokenizers, which are Rust."""
    for name in ("added_tokens.json", "special_tokens_map.json", "tokenizer.json"):
        if not (tiny / "tokenizer" / name).exists():
            source = FOLDER / "mei" / "checkpoint" / "tokenizer" / name
            (tiny / "tokenizer" / name).write_text(source.read_text() if source.exists() else "{}")
    code = (
        "import sys; from pathlib import Path; from reference.checkpoint import load_checkpoint;"
        f"folder = Path({str(tiny)!r}); seen = set();"
        "sys.addaudithook(lambda event, given: seen.add(str(given[0])) if event == 'open' else None);"
        "checkpoint = load_checkpoint(folder);"
        "opened = {Path(path) for path in seen if path.startswith(str(folder)) and Path(path).is_file()};"
        "print(len(opened), sorted(opened - set(checkpoint.files.values())))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    count, missing = done.stdout.split(maxsplit=1)
    assert int(count) >= 7 and missing.strip() == "[]"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_saved_checkpoints_load_again_in_every_dtype(tmp_path, dtype):
    original = load_checkpoint(FOLDER / "mei" / "checkpoint")
    save_checkpoint(original, tmp_path / "copy", dtype)
    copy = load_checkpoint(tmp_path / "copy")
    for part in WEIGHTS:
        module = getattr(original, part)
        for name, tensor in getattr(copy, part).state_dict().items():
            assert torch.equal(tensor, module.state_dict()[name].to(dtype).float()), name
    text = "A red cat!! é 😀 on the DOG 123"
    assert copy.tokenizer(text).input_ids == original.tokenizer(text).input_ids
    assert copy.defaults == original.defaults
    assert copy.mask_token_id == original.mask_token_id
    with safe_open(tmp_path / "copy" / "transformer" / WEIGHTS["transformer"], "pt") as opened:
        assert opened.get_tensor("context_embedder.bias").dtype == dtype


def test_saved_weights_have_the_permissions_of_any_new_file(tmp_path):
    save_checkpoint(load_checkpoint(FOLDER / "mei" / "checkpoint"), tmp_path / "copy")
    (tmp_path / "new").touch()
    modes = {file.stat().st_mode for file in tmp_path.rglob("*") if file.is_file()}
    assert modes == {(tmp_path / "new").stat().st_mode}


def test_weights_are_cast_on_loading_but_the_vq_stays_float32(tiny):
    checkpoint = load_checkpoint(tiny, dtype=torch.bfloat16)
    assert {p.dtype for p in checkpoint.transformer.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in checkpoint.text_encoder.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in checkpoint.vqvae.parameters()} == {torch.float32}


@pytest.mark.parametrize("part", list(WEIGHTS))
def test_a_streamed_part_is_in_memory_only_where_it_is_asked_for(tiny, part):
    whole, streamed = load_checkpoint(tiny), load_checkpoint(tiny, stream=True)
    assert streamed.sha256 == whole.sha256 and streamed.defaults == whole.defaults
    module = getattr(streamed, part)
    for _ in range(2):
        assert all(tensor.is_meta for tensor in module.state_dict().values())
        with streamed.loaded(part), whole.loaded(part):
            for name, tensor in getattr(whole, part).state_dict().items():
                assert torch.equal(module.state_dict()[name], tensor)
            others = [getattr(streamed, other) for other in WEIGHTS if other != part]
            assert all(tensor.is_meta for other in others for tensor in other.state_dict().values())


@pytest.mark.parametrize("part", list(WEIGHTS))
def test_sharded_weights_load_as_the_single_file(tiny, part):
    whole = getattr(load_checkpoint(tiny), part).state_dict()
    file = tiny / part / WEIGHTS[part]
    tensors = load_file(file)
    names, stem = sorted(tensors), file.name.removesuffix(".safetensors")
    shards = {f"{stem}-0000{i + 1}-of-00002.safetensors": names[i::2] for i in range(2)}
    for shard, chosen in shards.items():
        save_file({name: tensors[name] for name in chosen}, file.parent / shard)
    weight_map = {name: shard for shard, chosen in shards.items() for name in chosen}
    (file.parent / f"{file.name}.index.json").write_text(json.dumps({"weight_map": weight_map}))
    file.unlink()
    loaded = getattr(load_checkpoint(tiny), part).state_dict()
    assert loaded.keys() == whole.keys() and all(torch.equal(loaded[name], whole[name]) for name in whole)
    (file.parent / f"{stem}-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"00002-of-00002\.safetensors is missing"):
        load_checkpoint(tiny)


def test_a_tensor_in_two_shards_is_refused(tiny):
    file = tiny / "transformer" / WEIGHTS["transformer"]
    tensors = load_file(file)
    twice = next(iter(tensors))
    shards = [file.with_name(file.name.replace(".", f"-0000{i}-of-00002.", 1)) for i in (1, 2)]
    save_file(tensors, shards[0])
    save_file({twice: tensors[twice] * 0}, shards[1])
    weight_map = dict.fromkeys(tensors, shards[0].name) | {twice: shards[1].name}
    file.with_name(f"{file.name}.index.json").write_text(json.dumps({"weight_map": weight_map}))
    file.unlink()
    with pytest.raises(CheckpointError, match=f"{twice} is in another shard too"):
        load_checkpoint(tiny)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("transformer", "step 0 gave a probability that is not a number"),
        ("vqvae", "the VQ decoder gave values that are not numbers"),
    ],
)
def test_weights_that_overflow_are_named_and_not_drawn(tiny, part, message):
    edit_weights(
        tiny / part / WEIGHTS[part], lambda tensors: [tensor.mul_(1e30) for tensor in tensors.values()]
    )
    with pytest.raises(CheckpointError, match=message):
        Pipeline(load_checkpoint(tiny)).text_to_image("a cat", steps=1)


def test_names_in_weights_are_shown_without_control_characters(tiny):
    file = tiny / "transformer" / WEIGHTS["transformer"]
    save_file({**load_file(file), "\x1b[2J" + "x" * 1000: torch.zeros(1)}, file)
    with pytest.raises(CheckpointError, match=r"unknown \\x1b\[2Jx+\.\.\.: config") as refusal:
        load_checkpoint(tiny, stream=True)
    assert str(refusal.value).isprintable()


def test_a_shard_outside_the_folder_is_refused(tiny):
    folder = tiny / "transformer"
    index = folder / f"{WEIGHTS['transformer']}.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "../vqvae/" + WEIGHTS["vqvae"]}}))
    with pytest.raises(CheckpointError, match=r"only \.safetensors files beside the index"):
        load_checkpoint(tiny)


def with_variants(folder: Path, *names: str) -> None:
    """Replace the weights by variants of these names, whose values are moved by 0, 1, 2, ..."""
    file = folder / WEIGHTS[folder.name]
    tensors = load_file(file)
    for shift, name in enumerate(names):
        shifted = {key: tensor + shift for key, tensor in tensors.items()}
        save_file(
            shifted,
            folder / file.name.replace(".safetensors", f".{name}.safetensors" if name else ".safetensors"),
        )
    if "" not in names:
        file.unlink()


def shift_of(tiny: Path, part: str, **options) -> float:
    name, tensor = next(iter(getattr(load_checkpoint(tiny, **options), part).state_dict().items()))
    return round((tensor - load_file(tiny / "original.safetensors")[name]).mean().item())


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["fp16", ""], 1),
        (["bf16", "fp16"], 1),
        (["fp32", "bf16"], 1),
        (["fp32"], 0),
        (["ema"], 0),
    ],
)
def test_without_a_variant_the_best_weights_are_chosen(tiny, names, chosen):
    for part in WEIGHTS:
        shutil.copy(tiny / part / WEIGHTS[part], tiny / "original.safetensors")
        with_variants(tiny / part, *names)
        assert shift_of(tiny, part) == chosen


def test_a_named_variant_is_used_where_a_part_has_it(tiny):
    part = "vqvae"
    shutil.copy(tiny / part / WEIGHTS[part], tiny / "original.safetensors")
    with_variants(tiny / part, "", "fp16", "ema")
    assert [shift_of(tiny, part, variant=name) for name in ("fp16", "ema")] == [1, 2]
    for stream in (True, False):
        with pytest.raises(CheckpointError, match=r"--variant fp8 is not in .*: it has \(none\), ema, fp16"):
            load_checkpoint(tiny, stream=stream, variant="fp8")


@pytest.mark.parametrize("command", [draw, export_onnx])
def test_commands_take_the_name_of_a_variant(tiny, tmp_path, command):
    prompt = ["a cat"] if command is draw else []
    out = tmp_path / "out.png"
    with pytest.raises(CheckpointError, match="--variant fp8 is not in"):
        command([*prompt, "--checkpoint", str(tiny), "--variant", "fp8", "--out", str(out)])


def test_several_unknown_variants_ask_for_one(tiny):
    with_variants(tiny / "vqvae", "ema", "old")
    with pytest.raises(CheckpointError, match="the variants ema, old: choose one with --variant"):
        load_checkpoint(tiny)
    load_checkpoint(tiny, variant="old")


def test_a_sharded_variant_is_found(tiny):
    file = tiny / "transformer" / WEIGHTS["transformer"]
    shard = "diffusion_pytorch_model.bf16-00001-of-00001.safetensors"
    weight_map = dict.fromkeys(load_file(file), shard)
    file.rename(file.with_name(shard))
    index = file.with_name("diffusion_pytorch_model.safetensors.index.bf16.json")
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    assert load_checkpoint(tiny, stream=True).files[f"transformer/{shard}"] == file.with_name(shard)


@pytest.mark.parametrize("part", list(WEIGHTS))
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_nan_and_inf_weights_are_named_when_the_checkpoint_is_opened(tiny, part, value):
    names = []

    def spoil(tensors):
        names.append(sorted(tensors)[len(tensors) // 2])
        tensors[names[0]].view(-1)[-1] = value

    edit_weights(tiny / part / WEIGHTS[part], spoil)
    what = "NaN" if value != value else "values that are infinite in float32"
    for stream in (False, True):
        with pytest.raises(
            CheckpointError, match=f"{part}: {re.escape(names[0])} holds {what}: the checkpoint"
        ):
            load_checkpoint(tiny, stream=stream)


def test_a_value_too_large_for_the_dtype_is_named(tiny):
    edit_weights(
        tiny / "transformer" / WEIGHTS["transformer"],
        lambda tensors: tensors["context_embedder.bias"].fill_(1e6),
    )
    load_checkpoint(tiny, dtype=torch.bfloat16)
    with pytest.raises(CheckpointError, match=r"context_embedder\.bias holds values .* infinite in float16"):
        load_checkpoint(tiny, dtype=torch.float16)


def test_streamed_weights_are_checked_once(tiny, monkeypatch):
    from reference import checkpoint as module

    checked = []
    monkeypatch.setattr(module, "check_finite", lambda name, tensor, folder: checked.append(name))
    streamed = load_checkpoint(tiny, stream=True)
    count = sum(len(getattr(streamed, part).state_dict()) for part in WEIGHTS)
    with streamed.loaded(*WEIGHTS):
        assert len(checked) == count


@pytest.mark.parametrize(
    "dtype", [torch.int8, torch.uint8, torch.float8_e4m3fn, torch.float8_e5m2, torch.int32]
)
def test_quantized_tensors_are_named(tiny, dtype):
    edit_weights(
        tiny / "transformer" / WEIGHTS["transformer"],
        lambda tensors: tensors.update({"context_embedder.bias": tensors["context_embedder.bias"].to(dtype)}),
    )
    for stream in (False, True):
        with pytest.raises(CheckpointError, match=r"context_embedder\.bias is stored as \w+: only F32, F16"):
            load_checkpoint(tiny, stream=stream)


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 12345\n"
SOME_FILES = (
    "transformer/" + WEIGHTS["transformer"],
    "text_encoder/config.json",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
    "model_index.json",
)


@pytest.mark.parametrize("file", SOME_FILES)
def test_a_git_lfs_pointer_is_called_so(tiny, file):
    (tiny / file).write_text(LFS)
    for stream in (False, True):
        with pytest.raises(CheckpointError, match=f"{file} is a Git LFS pointer.*git lfs pull"):
            load_checkpoint(tiny, stream=stream)


@pytest.mark.parametrize(
    "file", (*SOME_FILES, "tokenizer/tokenizer.json", "tokenizer/special_tokens_map.json")
)
def test_a_pipe_a_device_or_a_folder_is_refused_at_once(tiny, file):
    path = tiny / file
    makers = (
        ("a pipe or a device", lambda: os.mkfifo(path)),
        ("a pipe or a device", lambda: path.symlink_to("/dev/zero")),
        ("a folder", path.mkdir),
    )
    for kind, make in makers:
        path.unlink(missing_ok=True)
        make()
        with pytest.raises(CheckpointError, match=f"{file} is {kind}, not a file"):
            load_checkpoint(tiny)


def test_text_encoder_is_replaced_by_a_component_a_checkpoint_or_a_whole_clip_model(tiny, tmp_path):
    other = FOLDER / "mei" / "checkpoint"
    expected = load_checkpoint(other).text_encoder.state_dict()
    for source in (other, other / "text_encoder"):
        loaded = load_checkpoint(tiny, text_encoder=source).text_encoder.state_dict()
        assert all(torch.equal(loaded[name], tensor) for name, tensor in expected.items())
    assert load_checkpoint(tiny, text_encoder=other).sha256 != load_checkpoint(tiny).sha256
    text = {**PRESETS["tiny"].text, "eos_token_id": 2, "hidden_act": "gelu"}
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    clip = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=64))
    clip.save_pretrained(tmp_path / "clip")
    loaded = load_checkpoint(tiny, text_encoder=tmp_path / "clip").text_encoder
    assert torch.equal(loaded.text_projection.weight, clip.text_projection.weight)


@pytest.mark.parametrize("inner", [None, 512, "absent"])
def test_the_projection_of_a_whole_clip_model_is_the_top_level_one(tiny, tmp_path, inner):
    text = {**PRESETS["tiny"].text, "eos_token_id": 2, "hidden_act": "gelu"}
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    clip = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=64))
    clip.save_pretrained(tmp_path / "clip")
    values = json.loads((tmp_path / "clip" / "config.json").read_text())
    if inner == "absent":
        del values["text_config"]["projection_dim"]
    else:
        values["text_config"]["projection_dim"] = inner
    (tmp_path / "clip" / "config.json").write_text(json.dumps(values))
    loaded = load_checkpoint(tiny, text_encoder=tmp_path / "clip").text_encoder
    assert torch.equal(loaded.text_projection.weight, clip.text_projection.weight)


@pytest.mark.parametrize("part", list(WEIGHTS))
def test_missing_unknown_and_wrongly_shaped_tensors_are_named(tiny, part):
    file = tiny / part / WEIGHTS[part]
    tensors = load_file(file)
    name = max(tensors, key=lambda key: tensors[key].ndim)
    unknown = "text_model.extra.weight" if part == "text_encoder" else "extra.weight"
    cases = [
        ({key: value for key, value in tensors.items() if key != name}, f"lack {name}"),
        ({**tensors, unknown: torch.zeros(1)}, f"unknown {unknown}"),
        ({**tensors, name: torch.zeros(3, 3)}, rf"{name} has shape \[3, 3\], but config.json says"),
    ]
    for changed, message in cases:
        save_file(changed, file)
        for stream in (False, True):
            with pytest.raises(CheckpointError, match=message):
                load_checkpoint(tiny, stream=stream)


@pytest.mark.parametrize("part", list(WEIGHTS))
@pytest.mark.parametrize("keep", [0, 4, 1000, 0.5])
def test_truncated_safetensors_are_named(tiny, part, keep):
    file = tiny / part / WEIGHTS[part]
    content = file.read_bytes()
    file.write_bytes(content[: keep if isinstance(keep, int) else int(len(content) * keep)])
    with pytest.raises(CheckpointError, match=f"{part}/{WEIGHTS[part]} is damaged or truncated"):
        load_checkpoint(tiny)


class Bomb:
    """Unpickling this would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["diffusion_pytorch_model.bin", "pytorch_model.pt", "model.ckpt"])
def test_a_pickle_is_refused_unread(tiny, tmp_path, name):
    (tiny / "transformer" / WEIGHTS["transformer"]).unlink()
    (tiny / "transformer" / name).write_bytes(pickle.dumps(Bomb(tmp_path / "boom")))
    with pytest.raises(CheckpointError, match=f"{name} is a pickle"):
        load_checkpoint(tiny)
    assert not (tmp_path / "boom").exists()


def test_a_component_without_weights_is_named(tiny):
    (tiny / "vqvae" / WEIGHTS["vqvae"]).unlink()
    with pytest.raises(CheckpointError, match="vqvae has no weights"):
        load_checkpoint(tiny)


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("transformer/config.json", {"num_layers": 3}, r"weights lack transformer_blocks\.2"),
        ("transformer/config.json", {"num_layers": 1}, r"unknown transformer_blocks\.1"),
        ("transformer/config.json", {"codebook_size": 32}, "codebook_size is 32, but vqvae num_vq"),
        ("transformer/config.json", {"axes_dims_rope": [4, 6, 8]}, "axes_dims_rope"),
        ("transformer/config.json", {"dropout": 0.1}, r"transformer/config\.json: unknown dropout is 0\.1"),
        ("vqvae/config.json", {"num_vq_embeddings": 128}, "vqvae num_vq_embeddings is 128"),
        ("vqvae/config.json", {"block_out_channels": [8, 8, 32]}, "config.json says"),
        ("text_encoder/config.json", {"hidden_size": 64}, "text_encoder hidden_size is 64"),
        ("text_encoder/config.json", {"num_attention_heads": 7}, "it must divide hidden_size 48"),
        ("text_encoder/config.json", {"model_type": "t5"}, "model_type is 't5': it must be"),
        ("text_encoder/config.json", {"intermediate_size": 64}, "config.json says"),
        ("scheduler/scheduler_config.json", {"mask_token_id": 3}, "mask_token_id 3 must lie between"),
        ("scheduler/scheduler_config.json", {"masking_schedule": "sqrt"}, "must be 'cosine' or 'linear'"),
        ("tokenizer/tokenizer_config.json", {"model_max_length": 200}, "model_max_length 200 exceeds"),
        ("model_index.json", {"defaults": {"size": 64}}, r"model_index\.json: defaults: size is 64: it must"),
        ("model_index.json", {"defaults": {"size": [64, 60]}}, "each side must be a multiple of 8 pixels"),
        ("model_index.json", {"defaults": {"guidance": 101}}, "guidance is 101: it must be less"),
        ("model_index.json", {"defaults": {"steps": "many"}}, "steps is 'many': it must be a valid integer"),
        ("model_index.json", {"defaults": {"steps": 0}}, "steps is 0: it must be greater than or equal to 1"),
    ],
)
def test_a_config_that_contradicts_the_rest_is_named(tiny, file, changes, message):
    edit_json(tiny / file, **changes)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(tiny)


def test_parts_of_two_models_are_refused(tiny):
    text = tiny / "text_encoder"
    edit_json(text / "config.json", projection_dim=32)
    edit_weights(
        text / WEIGHTS["text_encoder"],
        lambda tensors: tensors.update({"text_projection.weight": torch.zeros(32, 48)}),
    )
    with pytest.raises(
        CheckpointError, match="pooled_projection_dim is 64, but text_encoder projection_dim is 32"
    ):
        load_checkpoint(tiny)


@pytest.mark.parametrize(
    "file",
    [
        "model_index.json",
        "transformer/config.json",
        "vqvae/config.json",
        "text_encoder/config.json",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
        "scheduler/scheduler_config.json",
    ],
)
def test_a_missing_or_damaged_file_is_named(tiny, file):
    if file.endswith(".json"):
        (tiny / file).write_text('{"half": ')
        with pytest.raises(CheckpointError, match=f"{file} is not valid JSON"):
            load_checkpoint(tiny)
    (tiny / file).unlink()
    with pytest.raises(CheckpointError, match=f"{file} is missing"):
        load_checkpoint(tiny)


def test_a_path_that_is_no_folder_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="/nowhere does not exist"):
        load_checkpoint(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="is a file: give the checkpoint's folder"):
        load_checkpoint(tmp_path / "file")


def test_an_unfinished_folder_leaves_nothing_and_keeps_what_was_there(tiny):
    before = load_checkpoint(tiny).sha256
    with pytest.raises(ZeroDivisionError), new_folder(tiny, overwrite=True) as target:
        (target / "model_index.json").write_text("{}")
        raise ZeroDivisionError
    with pytest.raises(CheckpointError, match="No space left on device"), new_folder(tiny, True):
        raise OSError(28, "No space left on device")
    assert load_checkpoint(tiny).sha256 == before
    assert [path.name for path in tiny.parent.iterdir()] == [tiny.name]


def test_a_folder_of_other_things_is_never_replaced(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CheckpointError, match="exists and is no checkpoint"), new_folder(tmp_path):
        pass
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_random_checkpoint_is_deterministic_and_its_signals_stay_finite(tiny, tmp_path):
    with new_folder(tmp_path / "again") as target:
        write_random(target, PRESETS["tiny"], torch.float32)
    checkpoint = load_checkpoint(tmp_path / "again")
    assert checkpoint.sha256 == load_checkpoint(tiny).sha256
    hidden, pooled = encode_text(checkpoint.tokenizer, checkpoint.text_encoder, ["a cat"])
    tokens = torch.randint(0, 64, (1, 16, 16), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        micro = torch.tensor([[64.0, 64, 0, 0, 6]])
        logits = checkpoint.transformer(tokens, hidden, pooled, torch.tensor([7]), micro)
    assert logits.isfinite().all() and 0.1 < logits.std() < 10


def test_published_preset_has_the_published_sizes():
    counts = {
        name: sum(parameter.numel() for parameter in module.parameters())
        for name, module in PRESETS["1b"].modules().items()
    }
    assert counts == {"transformer": 1_006_946_304, "vqvae": 146_244_675, "text_encoder": 354_032_640}
    assert len(PRESETS["1b"].modules()["vqvae"].state_dict()) == 277


def test_random_tokenizer_of_the_published_size_has_the_published_special_ids(tmp_path):
    from reference.random_weights import byte_vocabulary
    from reference.text import write_tokenizer

    write_tokenizer(tmp_path, byte_vocabulary(49408), [], 77)
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path)
    assert len(tokenizer) == 49408 and tokenizer.model_max_length == 77
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 49406, 49407)
    ids, _ = tokenize(tokenizer, ["a!"])
    assert ids[0, :4].tolist() == [49406, 320, 0, 49407] and not ids[0, 4:].any()


def test_description_counts_from_headers(tiny):
    text = describe(tiny)
    assert "transformer: 665,888 parameters in 133 tensors, F32" in text
    assert "codebook_size: 64" in text and "528 entries, 77 tokens a prompt" in text
