"""Checkpoint folders in the diffusers format: load, save, describe, or fill one with random weights.

    model_index.json  transformer/  vqvae/  text_encoder/  tokenizer/  scheduler/

`model_index.json` may have keys of our own: "defaults": {"size": [W, H], "steps": N, "guidance": g}, and
"student": {"masked": m, "noise": p} of a one-step student, whose weights look like its teacher's.
"""

from reference.extras import require

require("export")

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from diffusers import VQModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

from reference.checkpoint_files import MODEL_INDEX, new_folder, write_json, write_scheduler
from reference.component_configs import StudentConfig, TextConfig, VqConfig
from reference.config_files import read_json, shown
from reference.configs import Defaults, read_configs
from reference.errors import Parser, exit_code, printable
from reference.hub import locate
from reference.random_weights import PRESETS, write_random
from reference.text import vocabulary_and_merges, write_tokenizer
from reference.tokenizer_files import FILES as TOKENIZER_FILES
from reference.transformer import MaskedTransformer
from reference.transformer_config import TransformerConfig
from reference.weights import (
    check_finite,
    check_headers,
    check_variant,
    each_tensor,
    fill,
    save_tensors,
    tensor_headers,
    weight_files,
)

SHIPPED = Path(__file__).parent / "checkpoints" / "stickers"
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


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
    student: StudentConfig | None = None  # None: drawn in many steps
    tiny_decoder: nn.Module | None = field(default=None, repr=False)  # see `reference.tiny_decoder_model`
    files: dict[str, Path] = field(
        default_factory=dict, repr=False
    )  # that it was read from, see `checkpoint_files`
    streams: Mapping[str, Callable[[], None]] = field(default_factory=dict, repr=False)  # see `loaded`

    @contextmanager
    def loaded(self, *parts: str) -> Iterator[None]:
        """Keep the weights of the named parts in memory inside the block.

        A checkpoint that was read as a whole always has them. A streamed one reads them now and drops them at
        the end, so that a text encoder does not take memory beside a transformer. A block inside another one
        of the same part leaves its weights to the outer one.
        """
        streamed = [
            part for part in parts if part in self.streams and next(getattr(self, part).parameters()).is_meta
        ]
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

    def timestep(self, left: int, steps: int) -> float:
        """How the transformer is told the step with `left` steps after it."""
        return left / steps if self.transformer.config.timestep == "share" else left

    @cached_property
    def sha256(self) -> str:
        """Hash, hexadecimal, of the place and content of every file that it was read from; reads them all."""
        digest = hashlib.sha256()
        digest.update(f"{self.student}\n".encode() if self.student else b"")  # which may not be in a file
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
    variant: str | None = None,
    student: StudentConfig | None = None,
) -> Checkpoint:
    """Read a checkpoint folder or hub id; None is the checkpoint shipped in the repository.

    `text_encoder`, another folder or id, replaces the checkpoint's own: a component folder, a checkpoint, or
    a whole CLIP model. `variant` ("fp16") chooses among weight files, see `weight_files`. The VQ stays
    float32 where its `force_upcast` says so. With `stream` the weights are only checked here;
    `Checkpoint.loaded` reads them. `student` says how a one-step student is drawn whose model_index.json does
    not; it then draws in one step without guidance. Raises CheckpointError.
    """
    folder = locate(SHIPPED if path_or_id is None else path_or_id, variant)
    text_folder = folder / "text_encoder" if text_encoder is None else locate(text_encoder, variant)
    if not (text_folder / "config.json").exists() and (text_folder / "text_encoder").is_dir():
        text_folder = text_folder / "text_encoder"
    configs = read_configs(folder, text_folder)
    with torch.device("meta"):
        transformer = MaskedTransformer(configs.transformer)
        vqvae, text = empty_vqvae(configs.vqvae), empty_text_encoder(configs.text_encoder)
    check_variant(variant, [folder / "transformer", folder / "vqvae", text_folder])
    parts = {
        "transformer": Weights(
            transformer, folder / "transformer", dtype, variant, drawing_half(configs.transformer)
        ),
        "vqvae": Weights(
            vqvae, folder / "vqvae", torch.float32 if configs.vqvae.force_upcast else dtype, variant
        ),
        "text_encoder": Weights(text, text_folder, dtype, variant, of_text_tower),
    }
    for part in parts.values():
        part.check_headers()
    checkpoint = Checkpoint(
        transformer=transformer,
        vqvae=vqvae,
        text_encoder=text,
        tokenizer=configs.tokenizer,
        mask_token_id=configs.mask_token_id,
        masking_schedule=configs.masking_schedule,
        defaults=configs.defaults,
        student=configs.student,
        name=folder.resolve().name if Path(str(path_or_id or folder)).exists() else str(path_or_id),
        files=checkpoint_files(folder, text_folder, variant),
        streams={name: part.read for name, part in parts.items()} if stream else {},
    )
    for part in parts.values():
        if stream:
            part.check_values()
        else:
            part.read(check=True)
    if student is not None:
        checkpoint.student = student
        checkpoint.defaults = replace(checkpoint.defaults, steps=1, guidance=1.0)
    return checkpoint


@dataclass(frozen=True)
class Weights:
    """The weights of a component: its module on the meta device, and where its tensors are."""

    module: nn.Module
    folder: Path
    dtype: torch.dtype
    variant: str | None
    wanted: Callable[[str], bool] = lambda name: True

    def check_headers(self) -> None:
        """Raises CheckpointError for tensors that do not fit the module."""
        check_headers(self.module, tensor_headers(self.folder, self.variant, self.wanted), self.folder)

    def check_values(self) -> None:
        """Read each tensor once and keep none. Raises CheckpointError for NaN and Inf."""
        for name, tensor in self.tensors():
            check_finite(name, tensor, self.folder)

    def read(self, check: bool = False) -> None:
        """Fill the module; with `check`, raise CheckpointError for NaN and Inf."""
        tensors = {}
        for name, tensor in self.tensors():
            if check:
                check_finite(name, tensor, self.folder)
            tensors[name] = tensor
        fill(self.module, tensors, self.folder)
        if isinstance(self.module, CLIPTextModelWithProjection):
            # Not part of the state dict, so still on the meta device.
            positions = torch.arange(self.module.config.max_position_embeddings).unsqueeze(0)
            self.module.text_model.embeddings.position_ids = positions

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        return each_tensor(self.folder, self.dtype, self.variant, self.wanted)


def drawing_half(config: TransformerConfig) -> Callable[[str], bool]:
    """Whether a tensor serves drawing. Muddit, whose config has a text vocabulary, has a text head, too."""
    return lambda name: not (config.tokenizer_vocab_size and name.startswith("text_decoder."))


def of_text_tower(name: str) -> bool:
    """Whether a tensor belongs to the text tower, of its own file or that of a whole CLIP model."""
    return name.startswith(("text_model.", "text_projection.")) and not name.endswith("position_ids")


def empty_vqvae(config: VqConfig) -> Any:
    """The VQ image autoencoder on the default device."""
    return VQModel(**asdict(config))


def empty_text_encoder(config: TextConfig) -> CLIPTextModelWithProjection:
    """The CLIP text tower on the default device."""
    return CLIPTextModelWithProjection(CLIPTextConfig(**{**asdict(config), "model_type": "clip_text_model"}))


def checkpoint_files(folder: Path, text_folder: Path, variant: str | None) -> dict[str, Path]:
    """Every file that decides what the model computes, by its place in a checkpoint folder.

    special_tokens_map.json is one, because it alone can change the id of the padding.
    """
    places = ["model_index.json", "scheduler/scheduler_config.json"]
    places += [f"tokenizer/{name}" for name in TOKENIZER_FILES if (folder / "tokenizer" / name).exists()]
    files = {place: folder / place for place in places}
    parts = {"transformer": folder / "transformer", "vqvae": folder / "vqvae", "text_encoder": text_folder}
    for name, part in parts.items():
        read = (part / "config.json", *weight_files(part, variant))
        files |= {f"{name}/{file.name}": file for file in read}
    return files


def save_checkpoint(
    checkpoint: Checkpoint, folder: str | Path, dtype: torch.dtype = torch.float32, overwrite: bool = False
) -> None:
    """Write a checkpoint folder, whole or not at all; with `overwrite` it replaces an older checkpoint."""
    with new_folder(Path(folder), overwrite) as target:
        parts: dict[str, nn.Module] = {
            "transformer": checkpoint.transformer,
            "vqvae": checkpoint.vqvae,
            "text_encoder": checkpoint.text_encoder,
        }
        for name, module in parts.items():
            (target / name).mkdir()
            tensors = {key: tensor.to(dtype) for key, tensor in module.state_dict().items()}
            stem = "model" if name == "text_encoder" else "diffusion_pytorch_model"
            save_tensors(target / name / f"{stem}.safetensors", tensors, {"format": "pt"})
        write_json(target / "transformer" / "config.json", checkpoint.transformer.config.to_dict())
        checkpoint.vqvae.save_config(target / "vqvae")
        checkpoint.text_encoder.config.save_pretrained(target / "text_encoder")
        write_tokenizer(
            target / "tokenizer",
            *vocabulary_and_merges(checkpoint.tokenizer),
            checkpoint.tokenizer.model_max_length,
        )
        write_scheduler(target, checkpoint.mask_token_id, checkpoint.masking_schedule)
        own = {"defaults": asdict(checkpoint.defaults)}
        if checkpoint.student is not None:
            own["student"] = asdict(checkpoint.student)
        write_json(target / "model_index.json", {**MODEL_INDEX, **own})


def describe(folder: Path) -> str:
    """Configs, parameter counts and dtypes of a checkpoint folder, without reading the weights."""
    configs = read_configs(folder, folder / "text_encoder")
    index = read_json(folder / "model_index.json")
    lines = [f"{folder}", f"defaults: {index.get('defaults', 'none')}"]
    if configs.student:
        lines.append(f"student: {index['student']}")
    lines.append(
        f"scheduler: mask_token_id {configs.mask_token_id}, masking_schedule {configs.masking_schedule}"
    )
    for part in ("transformer", "vqvae", "text_encoder"):
        shapes = tensor_headers(folder / part)
        count = sum(torch.Size(shape).numel() for shape, _ in shapes.values())
        dtypes = ", ".join(sorted({dtype for _, dtype in shapes.values()}))
        lines.append(f"\n{part}: {count:,} parameters in {len(shapes)} tensors, {dtypes}")
        config = read_json(folder / part / "config.json")
        lines += [
            f"  {shown(key, quote=False)}: {json.dumps(value)}"
            for key, value in config.items()
            if not key.startswith("_")
        ]
    tokenizer = configs.tokenizer
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
    random.add_argument("folder", type=Path, help="a new folder")
    random.add_argument("--preset", choices=sorted(PRESETS), required=True, help="1b is the published size")
    random.add_argument("--dtype", choices=sorted(DTYPES), default="fp32")
    random.add_argument("--overwrite", action="store_true", help="replace an existing checkpoint")
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
    with new_folder(given.folder, given.overwrite) as target:
        write_random(target, PRESETS[given.preset], DTYPES[given.dtype])
    print(f"wrote {printable(given.folder)}")


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
