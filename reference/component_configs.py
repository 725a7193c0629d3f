"""The schemas of a checkpoint's other configs: VQ, text encoder, scheduler, and the defaults of a request.

Sources: the signatures of diffusers' VQModel and transformers' CLIPTextConfig, whose defaults these are.
"""

from argparse import Action, ArgumentError, ArgumentParser
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from reference.config_files import SCHEMA, checked
from reference.errors import CheckpointError
from reference.transformer_config import Count, Entries, Width

MAX_STEPS = 1000
MAX_GUIDANCE = 100.0
MAX_SIDE = 4096  # pixels; a bundle has no larger pictures

TokenId = Annotated[int, Field(ge=0, lt=2**31)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Down = Literal["DownEncoderBlock2D", "AttnDownEncoderBlock2D"]
Up = Literal["UpDecoderBlock2D", "AttnUpDecoderBlock2D"]


@dataclass(frozen=True, config=SCHEMA)
class VqConfig:
    """`vqvae/config.json`, the arguments of diffusers' VQModel."""

    in_channels: Literal[3] = 3
    out_channels: Literal[3] = 3
    down_block_types: list[Down] = Field(default_factory=lambda: list[Down](["DownEncoderBlock2D"]))
    up_block_types: list[Up] = Field(default_factory=lambda: list[Up](["UpDecoderBlock2D"]))
    block_out_channels: Annotated[list[Width], Field(min_length=1, max_length=10)] = Field(
        default_factory=lambda: [64]
    )
    layers_per_block: Annotated[int, Field(ge=1, le=64)] = 1
    act_fn: Literal["silu", "swish", "mish", "gelu", "relu"] = "silu"
    latent_channels: Width = 3
    sample_size: Any = 32  # not used
    num_vq_embeddings: Entries = 256
    norm_num_groups: Width = 32
    vq_embed_dim: Width | None = None
    scaling_factor: Any = 0.18215  # not used
    norm_type: Literal["group", "spatial"] = "group"
    mid_block_add_attention: bool = True
    lookup_from_codebook: bool = False
    force_upcast: bool = True  # weights stay float32, as in the published one

    def __post_init__(self) -> None:
        levels = len(self.block_out_channels)
        for name in ("down_block_types", "up_block_types"):
            if len(getattr(self, name)) != levels:
                raise CheckpointError(
                    f"{name} has {len(getattr(self, name))} entries: it must have {levels}, as"
                    " block_out_channels"
                )
        if self.norm_type == "spatial" and any(channels % 32 for channels in self.block_out_channels):
            raise CheckpointError(
                'norm_type is "spatial", which has 32 groups: they must divide each of block_out_channels'
            )
        for channels in self.block_out_channels:
            if channels % self.norm_num_groups:
                raise CheckpointError(
                    f"norm_num_groups is {self.norm_num_groups}: it must divide {channels} of"
                    " block_out_channels"
                )

    @property
    def token_size(self) -> int:
        """Pixels along a side of a token."""
        return 2 ** (len(self.block_out_channels) - 1)


@dataclass(frozen=True, config=SCHEMA)
class TextConfig:
    """`text_encoder/config.json`, the arguments of transformers' CLIPTextConfig that decide a result."""

    vocab_size: Entries = 49408
    hidden_size: Width = 512
    intermediate_size: Width = 2048
    projection_dim: Width = 512
    num_hidden_layers: Count = 12
    num_attention_heads: Count = 8
    max_position_embeddings: Annotated[int, Field(ge=3, le=2**16)] = 77
    hidden_act: Literal[
        "quick_gelu", "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "relu", "silu", "swish"
    ] = "quick_gelu"
    layer_norm_eps: Annotated[float, Field(gt=0, lt=1)] = 1e-5
    attention_dropout: Annotated[float, Field(ge=0, le=1)] | None = 0.0
    pad_token_id: TokenId | None = 1
    bos_token_id: TokenId | None = 49406
    eos_token_id: TokenId = 49407
    model_type: Literal["clip_text_model", "clip"] = "clip_text_model"

    def __post_init__(self) -> None:
        if self.hidden_size % self.num_attention_heads:
            raise CheckpointError(
                f"num_attention_heads is {self.num_attention_heads}: it must divide hidden_size"
                f" {self.hidden_size}"
            )


# What transformers writes into every config, and what only training or a language model reads.
TEXT_IGNORED = (
    *("initializer_factor", "initializer_range", "attn_implementation", "experts_implementation"),
    *("dropout", "name_or_path", "return_dict", "output_attentions", "output_hidden_states", "use_cache"),
    *("tie_word_embeddings", "tie_encoder_decoder", "is_decoder", "is_encoder_decoder", "torchscript"),
    *("add_cross_attention", "cross_attention_hidden_size", "pruned_heads", "chunk_size_feed_forward"),
    *("finetuning_task", "id2label", "label2id", "num_labels", "problem_type", "task_specific_params"),
    *("tokenizer_class", "prefix", "sep_token_id", "decoder_start_token_id", "tf_legacy_loss"),
    *("use_bfloat16", "gradient_checkpointing", "max_length", "min_length", "do_sample", "early_stopping"),
    *("num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p"),
    *("repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size"),
    *("bad_words_ids", "num_return_sequences", "output_scores", "return_dict_in_generate"),
    *("forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values", "suppress_tokens"),
    *("begin_suppress_tokens", "exponential_decay_length_penalty"),
)


@dataclass(frozen=True, config=SCHEMA)
class ClipConfig:
    """`config.json` of a whole CLIP model. The top-level `projection_dim` is the one its weights have."""

    text_config: dict[str, Any]
    text_config_dict: dict[str, Any] | None = None  # older models repeat text_config here; it comes first
    projection_dim: Width | None = None
    model_type: Literal["clip"] = "clip"

    def text_values(self) -> dict[str, Any]:
        """The config of the text tower."""
        values = {**self.text_config, **(self.text_config_dict or {})}
        return values if self.projection_dim is None else {**values, "projection_dim": self.projection_dim}


CLIP_IGNORED = (*TEXT_IGNORED, "vision_config", "vision_config_dict", "logit_scale_init_value")


@dataclass(frozen=True, config=SCHEMA)
class SchedulerConfig:
    """`scheduler/scheduler_config.json`."""

    mask_token_id: TokenId | None = None  # None: the last entry of the transformer's vocabulary
    masking_schedule: Literal["cosine", "linear"] = "cosine"


@dataclass(frozen=True, config=SCHEMA)
class RequestDefaults:
    """ "defaults" of `model_index.json`: {"size": [64, 64], "steps": 16, "guidance": 3.0}."""

    size: Annotated[tuple[Side, Side], Field(strict=False)] | None = None  # W, H in pixels
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] = 48
    guidance: Annotated[float, Field(ge=0, le=MAX_GUIDANCE)] = 9.0


@dataclass(frozen=True, config=SCHEMA)
class StudentConfig:
    """How `model_index.json` says that a one-step student draws; the published Di[M]O has 0.6 and 0.1."""

    masked: Annotated[float, Field(ge=0, le=1)]  # share of the unknown tokens that its first pass sees masked
    noise: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of noise in its token embeddings


def add_student(parser: ArgumentParser) -> None:
    """The flag --student of a command that reads a checkpoint: a StudentConfig or None."""
    parser.add_argument(
        "--student",
        nargs=2,
        action=_Student,
        metavar=("MASKED", "NOISE"),
        help="the checkpoint is a one-step student (Di[M]O) whose model_index.json does not say so: the share"
        " of tokens masked at first, and of noise in their embeddings; 0.6 0.1 of the published ones",
    )


class _Student(Action):
    def __call__(self, parser: Any, given: Any, values: Any, flag: str | None = None) -> None:
        numbers = {}
        for key, text in zip(("masked", "noise"), values, strict=True):
            try:
                numbers[key] = float(text)
            except ValueError:
                raise ArgumentError(self, f"invalid float value: {text!r}") from None
        setattr(given, self.dest, checked(StudentConfig, numbers, "--student"))


@dataclass(frozen=True, config=SCHEMA)
class ModelIndex:
    """`model_index.json`. Its other keys name the classes of the parts, which no library of ours reads."""

    defaults: dict[str, Any] | None = None
    student: dict[str, Any] | None = None
