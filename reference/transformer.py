"""The masked transformer of Meissonic: from tokens, text and a step index to logits over the codebook.

Shapes (D model width, H head width, T text length, J text width, P pooled width, C codebook size):

    tokens [B,H,W] -> embed -> (down_block 2x2) -> project_to_hidden --+
                                                                       +-> double blocks -> single blocks --+
    text_hidden [B,T,J] -> context_embedder -> norm -------------------+                                    |
    text_pooled [B,P], micro_conditions [B,5], timestep [B] -> temb [B,D] -> every block's modulation       |
    logits [B,C,H,W] <- mlm_layer <- (up_block 2x2) <- project_from_hidden <- image rows -------------------+

`reference.blocks` has the blocks. Attribute names are the keys of the published state dict, so a checkpoint
loads without renaming. Grids are channels-last ([B,H,W,D]) inside, because a 1x1 convolution is then a linear
layer and RMSNorm needs no transpose.
Sources: the paper (arXiv 2410.08261) and the published configs and state dict.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.blocks import DoubleBlock, RMSNorm, SingleBlock, rope_table
from reference.errors import RequestError
from reference.student import EmbeddingNoise
from reference.transformer_config import TransformerConfig

SINUSOID_WIDTH = 256  # of each scalar condition: the timestep and the five micro-conditions
MICRO_CONDITIONS = 5  # width, height, crop top, crop left, aesthetic score
SINUSOID_PERIOD = 10_000.0
TIMESTEP_SCALE = 1000.0


def sinusoid(values: Tensor) -> Tensor:
    """Sinusoidal embedding of scalars, cosines first: [...] -> [..., 256] float32.

    Frequencies are 10000^(-i/128), i = 0..127. Angles reach 63 000 radians, so they are computed in float64
    and only the result is rounded to float32, which a phone can reproduce.
    """
    half = SINUSOID_WIDTH // 2
    exponents = torch.arange(half, dtype=torch.float64, device=values.device) / half
    angles = values.double().unsqueeze(-1) * SINUSOID_PERIOD**-exponents
    return torch.cat([angles.cos(), angles.sin()], dim=-1).float()


class Pointwise(nn.Conv2d):
    """A bias-free 1x1 convolution over a channels-last grid [..., D_in] -> [..., D_out]: a linear layer."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__(width_in, width_out, kernel_size=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.flatten(1))


class TwoLayer(nn.Module):
    """Linear, SiLU, linear."""

    def __init__(self, width_in: int, width: int, bias: bool = True) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(width_in, width, bias=bias)
        self.linear_2 = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(F.silu(self.linear_1(x.to(self.linear_1.weight.dtype))))


class TimeTextEmbedding(nn.Module):
    """temb [B, D] = MLP(sinusoid(1000 t)) + MLP(v), where v [B, D] is the conditioned pooled text."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.timestep_embedder = TwoLayer(SINUSOID_WIDTH, config.inner_dim)
        self.text_embedder = TwoLayer(config.pooled_projection_dim, config.inner_dim)

    def forward(self, timestep: Tensor, pooled: Tensor) -> Tensor:
        time = self.timestep_embedder(sinusoid(timestep.double() * TIMESTEP_SCALE))
        return time + self.text_embedder(pooled)


class TokenEmbedding(nn.Module):
    """Tokens [B, H, W] -> [B, H, W, D]: table row, RMSNorm, 1x1 convolution."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(config.vocab_size, config.inner_dim)
        self.layer_norm = RMSNorm(config.inner_dim)
        self.conv = Pointwise(config.inner_dim, config.inner_dim)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.conv(self.layer_norm(self.embeddings(tokens)))


class Downsample(nn.Module):
    """Feature compression: RMSNorm and a 2x2 convolution of stride 2, [B, 2h, 2w, D] -> [B, h, w, D]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = RMSNorm(width)
        self.conv = nn.Conv2d(width, width, kernel_size=2, stride=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.norm(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Upsample(nn.Module):
    """The inverse of Downsample: RMSNorm and a transposed 2x2 convolution, [B, h, w, D] -> [B, 2h, 2w, D]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = RMSNorm(width)
        self.conv = nn.ConvTranspose2d(width, width, kernel_size=2, stride=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.norm(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class MaskedTokenHead(nn.Module):
    """[B, H, W, D] -> logits [B, H, W, C]: 1x1 convolution, RMSNorm, 1x1 convolution."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.conv1 = Pointwise(config.inner_dim, config.inner_dim)
        self.layer_norm = RMSNorm(config.inner_dim)
        self.conv2 = Pointwise(config.inner_dim, config.codebook_size)

    def features(self, x: Tensor) -> Tensor:
        """Everything before the last projection: [..., D] -> [..., D]."""
        return self.layer_norm(self.conv1(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.features(x))


class MaskedTransformer(nn.Module):
    """Predicts every token of an image from the known tokens, a text and the step index."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.inner_dim
        self.time_text_embed = TimeTextEmbedding(config)
        self.cond_embed = TwoLayer(
            config.pooled_projection_dim + MICRO_CONDITIONS * SINUSOID_WIDTH, width, bias=False
        )
        self.context_embedder = nn.Linear(config.joint_attention_dim, width)
        self.encoder_proj_layer_norm = RMSNorm(width)
        self.embed = TokenEmbedding(config)
        self.down_block = (
            nn.Sequential(OrderedDict(downsample=Downsample(width))) if config.downsample else nn.Identity()
        )
        self.project_to_hidden_norm = RMSNorm(width)
        self.project_to_hidden = nn.Linear(width, width, bias=False)
        self.transformer_blocks = nn.ModuleList(DoubleBlock(config) for _ in range(config.num_layers))
        self.single_transformer_blocks = nn.ModuleList(
            SingleBlock(config) for _ in range(config.num_single_layers)
        )
        self.project_from_hidden_norm = RMSNorm(width)
        self.project_from_hidden = nn.Linear(width, width, bias=False)
        self.up_block = (
            nn.Sequential(OrderedDict(upsample=Upsample(width))) if config.upsample else nn.Identity()
        )
        self.mlm_layer = MaskedTokenHead(config)

    def condition(self, text_pooled: Tensor, timestep: Tensor, micro_conditions: Tensor) -> Tensor:
        """text_pooled [B, P], timestep [B] or [1] (N-1 first), micro_conditions [B, 5] -> temb [B, D]."""
        micro = sinusoid(micro_conditions).flatten(1).to(text_pooled.dtype)
        return self.time_text_embed(timestep, self.cond_embed(torch.cat([text_pooled, micro], dim=-1)))

    def embed_text(self, text_hidden: Tensor) -> Tensor:
        """text_hidden [B, T, J] -> context [B, T, D]."""
        return self.encoder_proj_layer_norm(
            self.context_embedder(text_hidden.to(self.context_embedder.weight.dtype))
        )

    def embed_tokens(self, tokens: Tensor, noise: EmbeddingNoise | None = None) -> Tensor:
        """tokens i64 [B, H, W] -> [B, h*w, D], h*w the compressed grid. RequestError for odd H or W."""
        height, width = tokens.shape[1:]
        if height % self.config.compression or width % self.config.compression:
            raise RequestError(
                f"a token grid of {width}x{height} cannot be halved: use an even number of tokens a side"
            )
        embedding = self.embed(tokens)
        grid = self.down_block(embedding if noise is None else noise.mixed(embedding))
        return self.project_to_hidden(self.project_to_hidden_norm(grid.flatten(1, 2)))

    def run_blocks(self, image: Tensor, text: Tensor, temb: Tensor, grid: tuple[int, int]) -> Tensor:
        """image [B, h*w, D], text [B, T, D], temb [B, D], grid (h, w) -> image rows [B, h*w, D]."""
        length = text.shape[1]
        cos, sin = rope_table(length, *grid, self.config.axes_dims_rope)
        rope = cos.to(image.device), sin.to(image.device)
        for block in self.transformer_blocks:
            image, text = block(image, text, temb, rope)
        stream = torch.cat([text, image], dim=1)
        for block in self.single_transformer_blocks:
            stream = block(stream, temb, rope)
        return stream[:, length:]

    def features(
        self,
        tokens: Tensor,
        text_hidden: Tensor,
        text_pooled: Tensor,
        timestep: Tensor,
        micro_conditions: Tensor,
        noise: EmbeddingNoise | None = None,
    ) -> Tensor:
        """Everything before the last projection, from the inputs of `forward`: [B, H, W, D].

        `mlm_layer.conv2` turns any rows of it into logits [..., C], for callers that need few positions.
        """
        grid = tokens.shape[1] // self.config.compression, tokens.shape[2] // self.config.compression
        temb = self.condition(text_pooled, timestep, micro_conditions)
        image = self.run_blocks(self.embed_tokens(tokens, noise), self.embed_text(text_hidden), temb, grid)
        image = self.project_from_hidden(self.project_from_hidden_norm(image))
        return self.mlm_layer.features(self.up_block(image.unflatten(1, grid)))

    def forward(
        self,
        tokens: Tensor,
        text_hidden: Tensor,
        text_pooled: Tensor,
        timestep: Tensor,
        micro_conditions: Tensor,
        noise: EmbeddingNoise | None = None,
    ) -> Tensor:
        """Logits [B, C, H, W] of tokens i64 [B, H, W].

        text_hidden [B, T, J], text_pooled [B, P], timestep [B] or [1] (the step index, N-1 first),
        micro_conditions [B, 5] (width, height in pixels, crop top, crop left, aesthetic score), and the
        `noise` of a student's first pass.
        """
        features = self.features(tokens, text_hidden, text_pooled, timestep, micro_conditions, noise)
        return self.mlm_layer.conv2(features).permute(0, 3, 1, 2)
