"""The training recipes: sizes, stages, steps and seeds of a sticker checkpoint."""

from dataclasses import asdict, dataclass

from reference.stickers.masked_modelling import Stage
from reference.stickers.vq import VqRecipe
from reference.transformer_config import TransformerConfig


@dataclass(frozen=True)
class Recipe:
    """Everything a checkpoint follows from, with the seed."""

    vq: VqRecipe
    transformer: TransformerConfig
    text_width: int
    stages: tuple[Stage, ...]
    seed: int = 7

    def to_dict(self) -> dict:
        """As JSON values; kept beside the run so that another recipe cannot resume it."""
        return asdict(self)


def small_transformer(
    width: int, heads: int, axes: tuple[int, int, int], codes: int, text: int
) -> TransformerConfig:
    """The published layout, double and single blocks 1 : 2, with a few blocks; the last token is the mask."""
    return TransformerConfig(
        num_attention_heads=heads,
        attention_head_dim=width // heads,
        num_layers=2,
        num_single_layers=4,
        axes_dims_rope=axes,
        joint_attention_dim=text,
        pooled_projection_dim=width,
        vocab_size=codes + 8,
        codebook_size=codes,
        downsample=False,
        upsample=False,
    )


RECIPES = {
    # The shipped checkpoint: 64 px, 16x16 tokens of 4 px, made on two CPU cores.
    "stickers": Recipe(
        vq=VqRecipe(),
        transformer=small_transformer(192, 4, (8, 20, 20), 192, 128),
        text_width=128,
        stages=(
            Stage("low", side=32, simple=True, compression=False, pictures=8_000, steps=200),
            Stage("captions", side=32, simple=False, compression=False, pictures=16_000, steps=300),
            Stage("full", side=64, simple=False, compression=True, pictures=48_000, steps=2_400),
            Stage(
                "tune", side=64, simple=False, compression=True, pictures=48_000, steps=1_500,
                decay=1.0,
            ),
        ),
    ),
    # Every part once, in seconds: for tests of the recipe itself.
    "tiny": Recipe(
        vq=VqRecipe(
            widths=(8, 8, 8), code_width=4, batch=4, autoencoder_steps=2, codebooks=((8, 2), (16, 2))
        ),
        transformer=small_transformer(32, 2, (4, 6, 6), 16, 32),
        text_width=32,
        stages=(
            Stage("low", side=32, simple=True, compression=False, pictures=8, steps=3, batch=4),
            Stage("full", side=64, simple=False, compression=True, pictures=8, steps=3, batch=4, decay=1.0),
        ),
    ),
}  # fmt: skip
