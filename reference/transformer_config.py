"""The published configuration of the transformer."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from reference.errors import CheckpointError


@dataclass(frozen=True)
class TransformerConfig:
    """The published `transformer/config.json`; patch_size, in_channels and guidance_embeds are unused."""

    num_attention_heads: int = 8
    attention_head_dim: int = 128
    num_layers: int = 14
    num_single_layers: int = 28
    axes_dims_rope: tuple[int, int, int] = (16, 56, 56)
    joint_attention_dim: int = 1024
    pooled_projection_dim: int = 1024
    vocab_size: int = 8256
    codebook_size: int = 8192
    downsample: bool = True
    upsample: bool = True
    guidance_embeds: bool = False
    patch_size: int = 1
    in_channels: int = 64

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
            raise CheckpointError(f"transformer config: {problem}")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TransformerConfig":
        """From the JSON of `transformer/config.json`; raises CheckpointError for a missing or unknown key."""
        names = {field.name for field in fields(cls)}
        given = {key: value for key, value in values.items() if not key.startswith("_")}
        if missing := sorted(names - given.keys() - {"patch_size", "in_channels", "guidance_embeds"}):
            raise CheckpointError(f"transformer config: missing {', '.join(missing)}")
        if unknown := sorted(given.keys() - names):
            raise CheckpointError(f"transformer config: unknown {', '.join(unknown)}")
        return cls(**{**given, "axes_dims_rope": tuple(given["axes_dims_rope"])})

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
