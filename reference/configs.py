"""A checkpoint's configs and tokenizer, read and compared with each other before a model is built."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import CLIPTokenizer

from reference.component_configs import (
    CLIP_IGNORED,
    TEXT_IGNORED,
    ClipConfig,
    ModelIndex,
    RequestDefaults,
    SchedulerConfig,
    StudentConfig,
    TextConfig,
    VqConfig,
)
from reference.config_files import checked, read_json
from reference.errors import CheckpointError
from reference.tokenizer_files import load_tokenizer
from reference.transformer_config import TransformerConfig


@dataclass(frozen=True)
class Defaults:
    """The values of a request that does not set them."""

    size: tuple[int, int]  # (W, H) in pixels
    steps: int = 48
    guidance: float = 9.0


@dataclass(frozen=True)
class Configs:
    """What a checkpoint's small files say."""

    transformer: TransformerConfig
    vqvae: VqConfig
    text_encoder: TextConfig
    tokenizer: CLIPTokenizer
    mask_token_id: int
    masking_schedule: str
    defaults: Defaults
    student: StudentConfig | None


def read_configs(folder: Path, text_folder: Path) -> Configs:
    """Read the configs of a checkpoint. Raises CheckpointError: file, key, value, and what is allowed."""
    values = read_json(folder / "model_index.json")
    index = checked(ModelIndex, values, folder / "model_index.json", ignored=values)
    scheduler_file = folder / "scheduler" / "scheduler_config.json"
    scheduler = checked(SchedulerConfig, read_json(scheduler_file), scheduler_file)
    transformer_file = folder / "transformer" / "config.json"
    transformer = TransformerConfig.from_dict(read_json(transformer_file), transformer_file)
    vqvae = checked(VqConfig, read_json(folder / "vqvae" / "config.json"), folder / "vqvae" / "config.json")
    text = read_text_config(text_folder / "config.json")
    mask = scheduler.mask_token_id
    where = folder / "model_index.json"
    student = None if index.student is None else checked(StudentConfig, index.student, f"{where}: student")
    usual = {} if student is None else {"steps": 1, "guidance": 1.0}
    configs = Configs(
        transformer=transformer,
        vqvae=vqvae,
        text_encoder=text,
        tokenizer=load_tokenizer(folder / "tokenizer", text.max_position_embeddings),
        mask_token_id=transformer.vocab_size - 1 if mask is None else mask,
        masking_schedule=scheduler.masking_schedule,
        defaults=read_defaults(
            usual | (index.defaults or {}), transformer.compression * vqvae.token_size, where
        ),
        student=student,
    )
    check_agreement(configs, folder)
    return configs


def read_text_config(path: Path) -> TextConfig:
    """The config of the text tower, from its own config.json or that of a whole CLIP model."""
    values = read_json(path)
    if "text_config" in values:
        values = checked(ClipConfig, values, path, CLIP_IGNORED).text_values()
        return checked(TextConfig, values, f"{path}: text_config", TEXT_IGNORED)
    return checked(TextConfig, values, path, TEXT_IGNORED)


def read_defaults(values: dict[str, Any], unit: int, where: Path) -> Defaults:
    """The "defaults" of model_index.json. Without them the size is the published 32x32 positions.

    `unit` is the side in pixels of a position inside the blocks.
    """
    given = checked(RequestDefaults, values, f"{where}: defaults")
    size = (32 * unit, 32 * unit) if given.size is None else given.size
    if size[0] % unit or size[1] % unit:
        raise CheckpointError(
            f"{where}: defaults: size is {list(size)}: each side must be a multiple of {unit} pixels"
        )
    return Defaults(size, given.steps, given.guidance)


def check_agreement(configs: Configs, folder: Path) -> None:
    """Raises CheckpointError, with the two numbers that differ, unless the parts fit together."""
    config, text = configs.transformer, configs.text_encoder
    codes = configs.vqvae.num_vq_embeddings
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
    if not config.codebook_size <= configs.mask_token_id < config.vocab_size:
        raise CheckpointError(
            f"{folder / 'scheduler'}: mask_token_id {configs.mask_token_id} must lie between the"
            f" {config.codebook_size} codes and vocab_size {config.vocab_size}"
        )
    length, last = configs.tokenizer.model_max_length, max(configs.tokenizer.get_vocab().values())
    if length > text.max_position_embeddings:
        raise CheckpointError(
            f"{folder / 'tokenizer'}: model_max_length {length} exceeds the text encoder's"
            f" {text.max_position_embeddings} positions"
        )
    # transformers takes the pooled vector at the largest id if the config says 2, else at eos_token_id.
    end = configs.tokenizer.eos_token_id
    if text.eos_token_id not in (2, end):
        raise CheckpointError(
            f"{folder}: text_encoder eos_token_id is {text.eos_token_id}, but the tokenizer ends prompts with"
            f" {end}: parts of two models"
        )
    if last >= text.vocab_size:
        raise CheckpointError(
            f"{folder / 'tokenizer'}: the largest id is {last}, but text vocab_size is {text.vocab_size}"
        )
