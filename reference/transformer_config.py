"""The published configuration of the transformer."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field
from pydantic.dataclasses import dataclass

from reference.config_files import SCHEMA, checked
from reference.errors import CheckpointError

Count = Annotated[int, Field(ge=1, le=1024)]  # of layers or heads
Width = Annotated[int, Field(ge=1, le=2**16)]
Timestep = Literal["index", "share"]
Entries = Annotated[int, Field(ge=1, le=2**24)]  # of a vocabulary or codebook


@dataclass(frozen=True, config=SCHEMA)
class TransformerConfig:
    """The published `transformer/config.json`; patch_size, in_channels and guidance_embeds are unused.

    `tokenizer_vocab_size` is Muddit's: the rows of a text head that drawing does not use.
    """

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
    tokenizer_vocab_size: Entries | None = None

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
        optional = ("patch_size", "in_channels", "guidance_embeds", "tokenizer_vocab_size")
        if missing := sorted(cls.__dataclass_fields__.keys() - values.keys() - set(optional)):
            raise CheckpointError(f"{where}: missing {', '.join(missing)}")
        return checked(cls, values, where)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of `transformer/config.json`, with the class name published folders carry."""
        values = asdict(self)
        if self.tokenizer_vocab_size is None:  # as published without a text head
            del values["tokenizer_vocab_size"]
        name = "SymmetricTransformer2DModel" if self.tokenizer_vocab_size else "Transformer2DModel"
        return {"_class_name": name, **values, "axes_dims_rope": list(self.axes_dims_rope)}

    @property
    def timestep(self) -> Timestep:
        """How the model is told the step with t steps after it, of N: t, or the share t / N as in Muddit."""
        return "share" if self.tokenizer_vocab_size else "index"

    @property
    def inner_dim(self) -> int:
        """Model width D."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def compression(self) -> int:
        """Token grid side over the side of the grid inside the blocks: 2 with feature compression, else 1."""
        return 2 if self.downsample else 1
