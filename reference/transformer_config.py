"""The published configuration of the transformer."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field
from pydantic.dataclasses import dataclass

from reference.config_files import SCHEMA, checked
from reference.errors import CheckpointError

Count = Annotated[int, Field(ge=1, le=1024)]  # of layers or heads
Width = Annotated[int, Field(ge=1, le=2**16)]
Entries = Annotated[int, Field(ge=1, le=2**24)]  # of a vocabulary or codebook


@dataclass(frozen=True, config=SCHEMA)
class TransformerConfig:
    """The published `transformer/config.json`; patch_size, in_channels and guidance_embeds are unused."""

    num_attention_heads: Count = 8
    attention_head_dim: Width = 128
    num_layers: Count = 14
    num_single_layers: Count = 28
    axes_dims_rope: Annotated[tuple[Width, Width, Width], Field(strict=False)] = (16, 56, 56)
    joint_attention_dim: Width = 1024
    pooled_projection_dim: Width = 1024
    vocab_size: Entries = 8256
    codebook_size: Entries = 8192
    downsample: bool = True
    upsample: bool = True
    guidance_embeds: bool | None = False
    patch_size: Width | None = 1
    in_channels: Width | None = 64

    def __post_init__(self) -> None:
        head, width = self.attention_head_dim, self.inner_dim
        problem = ""
        if sum(self.axes_dims_rope) != head:
            problem = f"axes_dims_rope {list(self.axes_dims_rope)} must sum to attention_head_dim {head}"
        elif any(axis % 2 for axis in self.axes_dims_rope):
            problem = f"axes_dims_rope {list(self.axes_dims_rope)} must be even: values are rotated in pairs"
        elif self.pooled_projection_dim != width:
            problem = f"pooled_projection_dim {self.pooled_projection_dim} must equal the model width {width}"
        elif self.vocab_size <= self.codebook_size:
            problem = f"vocab_size {self.vocab_size} leaves no mask token beside {self.codebook_size} codes"
        elif self.downsample != self.upsample:
            problem = f"downsample {self.downsample} and upsample {self.upsample} must be equal"
        elif self.guidance_embeds:
            problem = "guidance_embeds is not supported: no published checkpoint has it"
        if problem:
            raise CheckpointError(problem)

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: Path | str = "transformer config") -> Self:
        """From the JSON of `transformer/config.json`; raises CheckpointError as `checked` does."""
        optional = ("patch_size", "in_channels", "guidance_embeds")
        if missing := sorted(cls.__dataclass_fields__.keys() - values.keys() - set(optional)):
            raise CheckpointError(f"{where}: missing {', '.join(missing)}")
        return checked(cls, values, where)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of `transformer/config.json`, with the class name published folders carry."""
        return {
            "_class_name": "Transformer2DModel",
            **asdict(self),
            "axes_dims_rope": list(self.axes_dims_rope),
        }

    @property
    def inner_dim(self) -> int:
        """Model width D."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def compression(self) -> int:
        """Token grid side over the side of the grid inside the blocks: 2 with feature compression, else 1."""
        return 2 if self.downsample else 1
