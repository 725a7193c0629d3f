"""The training recipes: sizes, stages, steps and seeds of a sticker checkpoint."""

from dataclasses import asdict, dataclass

from reference.stickers.growth import SPARE_TOKENS
from reference.stickers.masked_modelling import Stage
from reference.stickers.scene import FLAT, SHADED, Vocabulary
from reference.stickers.vq import VqRecipe
from reference.transformer_config import TransformerConfig


@dataclass(frozen=True)
class Recipe:
    """Everything a checkpoint follows from, with the seed.

    A recipe without a `transformer` continues another checkpoint: the VQ is tuned and gets more codes, the
    text encoder learns new words, the transformer goes on.
    """

    vq: VqRecipe
    transformer: TransformerConfig | None
    stages: tuple[Stage, ...]
    text_width: int = 128
    vocabulary: Vocabulary = FLAT
    captions: int = 20_000  # that the tokenizer learns its words from
    seed: int = 7

    @property
    def continues(self) -> bool:
        """Whether it starts from another checkpoint."""
        return self.transformer is None

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
        vocab_size=codes + SPARE_TOKENS,
        codebook_size=codes,
        downsample=False,
        upsample=False,
    )


RECIPES = {
    # 64 px, 16x16 tokens of 4 px: the checkpoint of the tests, and where the shipped one begins.
    "stickers-64": Recipe(
        vq=VqRecipe(),
        transformer=small_transformer(192, 4, (8, 20, 20), 192, 128),
        stages=(
            Stage("low", (32,), simple=True, compression=False, pictures=8_000, steps=200),
            Stage("captions", (32,), simple=False, compression=False, pictures=16_000, steps=300),
            Stage("full", (64,), simple=False, compression=True, pictures=48_000, steps=2_400),
            Stage(
                "tune", (64,), simple=False, compression=True, pictures=48_000, steps=1_500,
                decay=1.0,
            ),
        ),
    ),
    # The shipped checkpoint: it continues the other at twice the size. The tokens keep their meaning, and the
    # decoder learns the finer drawings.
    "stickers": Recipe(
        vq=VqRecipe(side=128, codebooks=(), autoencoder_steps=0, decoder_steps=1_500, batch=4, seed=2),
        transformer=None,
        stages=(
            Stage(
                "sizes", (128, 128, 128, 64), simple=False, compression=True, pictures=12_000, steps=1_100,
                decay=1.0,
            ),
            Stage(
                "tune", (128, 128, 128, 64), simple=False, compression=True, pictures=12_000, steps=600,
                learning_rate=8e-4, decay=1.0,
            ),
            Stage(
                "detail", (128, 128, 128, 64), simple=False, compression=True, pictures=24_000, steps=4_600,
                batch=32, learning_rate=8e-4, decay=1.0,
            ),
        ),
        seed=11,
    ),
    # Continues the shipped checkpoint with shaded drawings. Its codes are the first of more, so that the
    # transformer goes on with what it knows.
    "stickers-shaded": Recipe(
        vq=VqRecipe(
            side=128, codebooks=((320, 2_500),), autoencoder_steps=0, decoder_steps=1_500, batch=4,
            learning_rate=6e-4, vocabulary=SHADED, seed=2,
        ),
        transformer=None,
        stages=(
            Stage(
                "shading", (128, 128, 128, 64), simple=False, compression=True, pictures=16_000, steps=2_600,
                batch=32, learning_rate=8e-4, decay=1.0,
            ),
            Stage(
                "polish", (128, 128, 128, 64), simple=False, compression=True, pictures=16_000, steps=1_200,
                batch=32, learning_rate=6e-4, decay=1.0,
            ),
        ),
        vocabulary=SHADED,
        seed=11,
    ),
    # Every part once, in seconds: for tests of the recipe itself.
    "tiny": Recipe(
        vq=VqRecipe(
            widths=(8, 8, 8), code_width=4, batch=4, autoencoder_steps=2, codebooks=((8, 2), (16, 2)),
            held_out=4,
        ),
        transformer=small_transformer(32, 2, (4, 6, 6), 16, 32),
        stages=(
            Stage("low", (32,), simple=True, compression=False, pictures=8, steps=3, batch=4),
            Stage("full", (64,), simple=False, compression=True, pictures=8, steps=3, batch=4, decay=1.0),
        ),
        text_width=32,
        captions=1_000,
    ),
    "tiny-continued": Recipe(
        vq=VqRecipe(
            side=128, widths=(8, 8, 8), code_width=4, batch=4, autoencoder_steps=0, codebooks=((24, 2),),
            decoder_steps=2, vocabulary=SHADED, held_out=4,
        ),
        transformer=None,
        stages=(
            Stage("both", (128, 64), simple=False, compression=True, pictures=8, steps=4, batch=4),
        ),
        vocabulary=SHADED,
        captions=1_000,
    ),
}  # fmt: skip
