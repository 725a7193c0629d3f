"""Checkpoint folders in the diffusers format: load, save, describe, or fill one with random weights.

    model_index.json  transformer/  vqvae/  text_encoder/  tokenizer/  scheduler/

`model_index.json` may have a key of our own, "defaults": {"size": [W, H], "steps": N, "guidance": g}.
"""

from reference.extras import require

require("export")

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers import VQModel
from huggingface_hub.errors import StrictDataclassError
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

from reference.checkpoint_files import MODEL_INDEX, new_folder, write_json, write_scheduler
from reference.errors import CheckpointError, Parser, exit_code
from reference.hub import locate
from reference.random_weights import PRESETS, write_random
from reference.text import vocabulary_and_merges, write_tokenizer
from reference.transformer import MaskedTransformer
from reference.transformer_config import TransformerConfig
from reference.weights import check_fit, fill, read_json, read_tensors, tensor_headers, weight_files

SHIPPED = Path(__file__).parent / "checkpoints" / "stickers"
T = TypeVar("T")
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Defaults:
    """The values of a request that does not set them."""

    size: tuple[int, int]  # (W, H) in pixels
    steps: int = 48
    guidance: float = 9.0


@dataclass
class Checkpoint:
    """All parts of one text-to-image model, on the CPU and in evaluation mode."""

    transformer: MaskedTransformer
    vqvae: Any  # diffusers' VQModel, whose mixins hide its attributes from type checkers
    text_encoder: CLIPTextModelWithProjection
    tokenizer: CLIPTokenizer
    mask_token_id: int
    masking_schedule: str
    defaults: Defaults
    name: str
    files: dict[str, Path] = field(
        default_factory=dict, repr=False
    )  # that it was read from, see `checkpoint_files`
    streams: Mapping[str, Callable[[], None]] = field(default_factory=dict, repr=False)  # see `loaded`

    @contextmanager
    def loaded(self, *parts: str) -> Iterator[None]:
        """Keep the weights of the named parts in memory inside the block.

        A checkpoint that was read as a whole always has them. A streamed one reads them now and drops them at
        the end, so that a text encoder does not take memory beside a transformer.
        """
        streamed = [part for part in parts if part in self.streams]
        try:
            for part in streamed:
                self.streams[part]()
            yield
        finally:
            for part in streamed:
                getattr(self, part).to("meta")

    @property
    def token_size(self) -> int:
        """Pixels along a side of a token."""
        return 2 ** (len(self.vqvae.config.block_out_channels) - 1)

    @property
    def compression(self) -> int:
        """Tokens along a side of a position inside the blocks: 2 with feature compression, else 1."""
        return self.transformer.config.compression

    @cached_property
    def sha256(self) -> str:
        """Hash, hexadecimal, of the place and content of every file that it was read from; reads them all."""
        digest = hashlib.sha256()
        for place, file in sorted(self.files.items()):
            with file.open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
            digest.update(f"{content}  {place}\n".encode())
        return digest.hexdigest()


def load_checkpoint(
    path_or_id: str | Path | None = None,
    dtype: torch.dtype = torch.float32,
    text_encoder: str | Path | None = None,
    stream: bool = False,
) -> Checkpoint:
    """Read a checkpoint folder or hub id; None is the checkpoint shipped in the repository.

    `text_encoder`, another folder or id, replaces the checkpoint's own: a component folder, a checkpoint, or
    a whole CLIP model. The VQ stays float32 where its `force_upcast` says so. With `stream` the weights are
    only checked here; `Checkpoint.loaded` reads them. Raises CheckpointError.
    """
    folder = locate(SHIPPED if path_or_id is None else path_or_id)
    index = read_json(folder / "model_index.json")
    scheduler = read_json(folder / "scheduler" / "scheduler_config.json")
    config = TransformerConfig.from_dict(read_json(folder / "transformer" / "config.json"))
    text_folder = folder / "text_encoder" if text_encoder is None else locate(text_encoder)
    if not (text_folder / "config.json").exists() and (text_folder / "text_encoder").is_dir():
        text_folder = text_folder / "text_encoder"
    with torch.device("meta"):
        transformer = MaskedTransformer(config)
    vqvae, vqvae_dtype = empty_vqvae(folder / "vqvae", dtype)
    text = empty_text_encoder(text_folder)
    checkpoint = Checkpoint(
        transformer=transformer,
        vqvae=vqvae,
        text_encoder=text,
        tokenizer=load_tokenizer(folder / "tokenizer"),
        mask_token_id=scheduler.get("mask_token_id", config.vocab_size - 1),
        masking_schedule=scheduler.get("masking_schedule", "cosine"),
        defaults=Defaults((0, 0)),
        name=folder.resolve().name if Path(str(path_or_id or folder)).exists() else str(path_or_id),
        files=checkpoint_files(folder, text_folder),
    )
    streams = {
        "transformer": partial(fill_from, transformer, folder / "transformer", dtype),
        "vqvae": partial(fill_from, vqvae, folder / "vqvae", vqvae_dtype),
        "text_encoder": partial(fill_text_encoder, text, text_folder, dtype),
    }
    if stream:
        check_fit(transformer, shapes_of(folder / "transformer"), folder / "transformer")
        check_fit(vqvae, shapes_of(folder / "vqvae"), folder / "vqvae")
        check_fit(text, clip_text(shapes_of(text_folder)), text_folder)
        checkpoint.streams = streams
    else:
        for read in streams.values():
            read()
    side = 32 * checkpoint.compression * checkpoint.token_size
    checkpoint.defaults = read_defaults(index.get("defaults", {}), side, folder / "model_index.json")
    check_agreement(checkpoint, folder)
    return checkpoint


def fill_from(module: nn.Module, folder: Path, dtype: torch.dtype) -> None:
    """All weights of a component folder into its module."""
    fill(module, read_tensors(folder, dtype), folder)


def shapes_of(folder: Path) -> dict[str, Sequence[int]]:
    """Name and shape of each tensor of a component, without reading the data."""
    return {name: shape for name, (shape, _) in tensor_headers(folder).items()}


def empty_vqvae(folder: Path, dtype: torch.dtype) -> tuple[Any, torch.dtype]:
    """The VQ image autoencoder without weights, and the dtype for them.

    It is float32 where the config says `force_upcast`, as the published one does.
    """
    config = read_json(folder / "config.json")
    try:
        with torch.device("meta"):
            vqvae = VQModel.from_config(config)
    except (TypeError, ValueError, IndexError) as error:
        raise CheckpointError(f"{folder / 'config.json'} is no VQModel config: {error}") from None
    return vqvae, torch.float32 if config.get("force_upcast", True) else dtype


def empty_text_encoder(folder: Path) -> CLIPTextModelWithProjection:
    """The CLIP text tower without weights; the config may be that of a whole CLIP model."""
    values = read_json(folder / "config.json")
    try:
        config = CLIPTextConfig.from_dict(values.get("text_config", values))
        with torch.device("meta"):
            return CLIPTextModelWithProjection(config)
    except (TypeError, ValueError, StrictDataclassError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{folder / 'config.json'} is no CLIP text config: {reason}") from None


def fill_text_encoder(text: CLIPTextModelWithProjection, folder: Path, dtype: torch.dtype) -> None:
    fill(text, clip_text(read_tensors(folder, dtype)), folder)
    # Not part of the state dict, so still on the meta device.
    positions = torch.arange(text.config.max_position_embeddings).unsqueeze(0)
    text.text_model.embeddings.position_ids = positions


def clip_text(tensors: dict[str, T]) -> dict[str, T]:
    """The tensors of the text tower, out of its own or those of a whole CLIP model."""
    return {
        name: tensor
        for name, tensor in tensors.items()
        if name.startswith(("text_model.", "text_projection.")) and not name.endswith("position_ids")
    }


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """CLIP's byte-pair tokenizer."""
    for name in ("vocab.json", "tokenizer_config.json"):
        read_json(folder / name)
    if not (folder / "merges.txt").exists():
        raise CheckpointError(f"{folder / 'merges.txt'} is missing")
    try:
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    except (ValueError, OSError) as error:
        raise CheckpointError(f"{folder} holds no CLIP tokenizer: {str(error).splitlines()[0]}") from None


def read_defaults(values: dict[str, Any], side: int, where: Path) -> Defaults:
    """The "defaults" of model_index.json. Without them the size is the published 32x32 positions."""
    try:
        width, height = values.get("size", (side, side))
        return Defaults(
            (int(width), int(height)), int(values.get("steps", 48)), float(values.get("guidance", 9.0))
        )
    except (TypeError, ValueError, AttributeError):
        raise CheckpointError(
            f'{where}: "defaults" must look like {{"size": [64, 64], "steps": 16, "guidance": 3.0}}'
        ) from None


def check_agreement(checkpoint: Checkpoint, folder: Path) -> None:
    """Raises CheckpointError, with the two numbers that differ, unless the parts fit together."""
    config, text = checkpoint.transformer.config, checkpoint.text_encoder.config
    codes = checkpoint.vqvae.config.num_vq_embeddings
    pairs = (
        ("codebook_size", config.codebook_size, "vqvae num_vq_embeddings", codes),
        ("joint_attention_dim", config.joint_attention_dim, "text_encoder hidden_size", text.hidden_size),
        ("pooled_projection_dim", config.inner_dim, "text_encoder projection_dim", text.projection_dim),
    )
    for name, value, other_name, other in pairs:
        if value != other:
            raise CheckpointError(
                f"{folder}: transformer {name} is {value}, but {other_name} is {other}: parts of two models"
            )
    if not config.codebook_size <= checkpoint.mask_token_id < config.vocab_size:
        raise CheckpointError(
            f"{folder / 'scheduler'}: mask_token_id {checkpoint.mask_token_id} must lie between the"
            f" {config.codebook_size} codes and vocab_size {config.vocab_size}"
        )
    if checkpoint.masking_schedule not in ("cosine", "linear"):
        raise CheckpointError(
            f"{folder / 'scheduler'}: masking_schedule {checkpoint.masking_schedule} must be cosine or linear"
        )
    length, vocabulary = checkpoint.tokenizer.model_max_length, len(checkpoint.tokenizer)
    if length > text.max_position_embeddings:
        raise CheckpointError(
            f"{folder / 'tokenizer'}: model_max_length {length} exceeds the text encoder's"
            f" {text.max_position_embeddings} positions"
        )
    if vocabulary > text.vocab_size:
        raise CheckpointError(
            f"{folder / 'tokenizer'}: {vocabulary} entries, but text vocab_size is {text.vocab_size}"
        )


def checkpoint_files(folder: Path, text_folder: Path) -> dict[str, Path]:
    """Every file that decides what the model computes, by its place in a checkpoint folder.

    Of the tokenizer these are all .json and .txt files: transformers reads whichever are there, and
    special_tokens_map.json alone can change the id of the padding.
    """
    files = {place: folder / place for place in ("model_index.json", "scheduler/scheduler_config.json")}
    tokenizer = (file for file in (folder / "tokenizer").iterdir() if file.suffix in (".json", ".txt"))
    files |= {f"tokenizer/{file.name}": file for file in tokenizer}
    parts = {"transformer": folder / "transformer", "vqvae": folder / "vqvae", "text_encoder": text_folder}
    for name, part in parts.items():
        files |= {f"{name}/{file.name}": file for file in (part / "config.json", *weight_files(part))}
    return files


def save_checkpoint(checkpoint: Checkpoint, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a checkpoint folder, whole or not at all; it replaces an older checkpoint."""
    with new_folder(Path(folder)) as target:
        parts: dict[str, nn.Module] = {
            "transformer": checkpoint.transformer,
            "vqvae": checkpoint.vqvae,
            "text_encoder": checkpoint.text_encoder,
        }
        for name, module in parts.items():
            (target / name).mkdir()
            tensors = {
                key: tensor.detach().to("cpu", dtype).contiguous()
                for key, tensor in module.state_dict().items()
            }
            stem = "model" if name == "text_encoder" else "diffusion_pytorch_model"
            save_file(tensors, target / name / f"{stem}.safetensors", metadata={"format": "pt"})
        write_json(target / "transformer" / "config.json", checkpoint.transformer.config.to_dict())
        checkpoint.vqvae.save_config(target / "vqvae")
        checkpoint.text_encoder.config.save_pretrained(target / "text_encoder")
        write_tokenizer(
            target / "tokenizer",
            *vocabulary_and_merges(checkpoint.tokenizer),
            checkpoint.tokenizer.model_max_length,
        )
        write_scheduler(target, checkpoint.mask_token_id, checkpoint.masking_schedule)
        write_json(target / "model_index.json", {**MODEL_INDEX, "defaults": asdict(checkpoint.defaults)})


def describe(folder: Path) -> str:
    """Configs, parameter counts and dtypes of a checkpoint folder, without reading the weights."""
    index = read_json(folder / "model_index.json")
    scheduler = read_json(folder / "scheduler" / "scheduler_config.json")
    lines = [f"{folder}", f"defaults: {index.get('defaults', 'none')}"]
    lines.append(f"scheduler: {', '.join(f'{k} {v}' for k, v in scheduler.items() if not k.startswith('_'))}")
    for part in ("transformer", "vqvae", "text_encoder"):
        shapes = tensor_headers(folder / part)
        count = sum(torch.Size(shape).numel() for shape, _ in shapes.values())
        dtypes = ", ".join(sorted({dtype for _, dtype in shapes.values()}))
        lines.append(f"\n{part}: {count:,} parameters in {len(shapes)} tensors, {dtypes}")
        config = read_json(folder / part / "config.json")
        lines += [f"  {key}: {json.dumps(value)}" for key, value in config.items() if not key.startswith("_")]
    tokenizer = load_tokenizer(folder / "tokenizer")
    lines.append(f"\ntokenizer: {len(tokenizer):,} entries, {tokenizer.model_max_length} tokens a prompt")
    return "\n".join(lines)


def command_line(arguments: Sequence[str] | None = None) -> None:
    """`python -m reference.checkpoint random|info`, of sys.argv by default."""
    parser = Parser(
        prog="python -m reference.checkpoint",
        description="Write a checkpoint of random weights, or describe one.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    random = commands.add_parser(
        "random",
        help="write random weights of the published size, or tiny ones",
        epilog="examples:\n  python -m reference.checkpoint random --preset tiny build/tiny\n"
        "  python -m reference.checkpoint random --preset 1b --dtype fp16 build/1b   (3 GB)",
    )
    random.add_argument("folder", type=Path, help="a new folder, or an older checkpoint to replace")
    random.add_argument("--preset", choices=sorted(PRESETS), required=True, help="1b is the published size")
    random.add_argument("--dtype", choices=sorted(DTYPES), default="fp32")
    info = commands.add_parser(
        "info",
        help="print configs, parameter counts and dtypes",
        epilog="examples:\n  python -m reference.checkpoint info reference/checkpoints/stickers\n"
        "  python -m reference.checkpoint info MeissonFlow/Meissonic   (downloads it)",
    )
    info.add_argument("checkpoint", help="folder or Hugging Face id")
    given = parser.parse_args(arguments)
    if given.command == "info":
        print(describe(locate(given.checkpoint)))
        return
    with new_folder(given.folder) as target:
        write_random(target, PRESETS[given.preset], DTYPES[given.dtype])
    print(f"wrote {given.folder}")


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
