"""The masked transformer of Meissonic: tokens, text and a step index in, logits over the codebook out.

Layout (D model width, H head width, T text length, J text width, P pooled width, C codebook size):

    tokens [B,H,W] -> embed -> (down_block 2x2) -> project_to_hidden --+
                                                                       +-> double blocks -> single blocks --+
    text_hidden [B,T,J] -> context_embedder -> norm -------------------+                                    |
    text_pooled [B,P], micro_conditions [B,5], timestep [B] -> temb [B,D] -> every block's modulation       |
    logits [B,C,H,W] <- mlm_layer <- (up_block 2x2) <- project_from_hidden <- image rows -------------------+

The blocks are those of Flux (double: text and image have weights of their own and attend together; single:
one stream, attention beside MLP). Attribute names are the keys of the published state dict, so a checkpoint
loads without renaming. Inside, grids are channels-last ([B,H,W,D]): a 1x1 convolution is then a linear layer
and RMSNorm needs no transpose.
Sources: the paper (arXiv 2410.08261) and the published configs and state dict.
"""

from collections import OrderedDict
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import CheckpointError, RequestError

ROPE_THETA = 10_000.0
SINUSOID_WIDTH = 256  # of each scalar condition: the timestep and the five micro-conditions
MICRO_CONDITIONS = 5  # width, height, crop top, crop left, aesthetic score
TIMESTEP_SCALE = 1000.0
EPSILON = 1e-6  # of every norm


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


def sinusoid(values: Tensor) -> Tensor:
    """Sinusoidal embedding of scalars, cosines first: [...] -> [..., 256] float32.

    Angles reach 63 000 radians, so they are computed in float64 and only the result is float32: that is what
    the host code of a phone can reproduce. Frequencies 10000^(-i/128), i = 0..127.
    """
    half = SINUSOID_WIDTH // 2
    exponents = torch.arange(half, dtype=torch.float64, device=values.device) / half
    angles = values.double().unsqueeze(-1) * ROPE_THETA**-exponents
    return torch.cat([angles.cos(), angles.sin()], dim=-1).float()


def rope_table(
    text_length: int, height: int, width: int, axes: tuple[int, int, int]
) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary embedding, each [T + height*width, H/2] float32.

    Three axes share the head width: (constant 0, row, column) of the grid inside the blocks. Text positions
    are (0, 0, 0), so text is not rotated. Frequencies in float64, as published.
    """
    rows = torch.arange(height, dtype=torch.float64).repeat_interleave(width)
    columns = torch.arange(width, dtype=torch.float64).repeat(height)
    image = torch.stack([torch.zeros_like(rows), rows, columns])
    positions = torch.cat([torch.zeros(3, text_length, dtype=torch.float64), image], dim=1)
    angles = torch.cat(
        [
            position[:, None] * ROPE_THETA ** -(torch.arange(0, axis, 2, dtype=torch.float64) / axis)
            for position, axis in zip(positions, axes, strict=True)
        ],
        dim=1,
    )
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate the interleaved pairs (x0, x1) of [B, heads, S, H] by the angles of `rope_table`, in float32."""
    cos, sin = rope
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([even * cos - odd * sin, odd * cos + even * sin], dim=-1).flatten(-2).to(x.dtype)


def layer_norm(x: Tensor) -> Tensor:
    """LayerNorm over the last axis without affine part, statistics in float32."""
    return F.layer_norm(x.float(), x.shape[-1:], eps=EPSILON).to(x.dtype)


class RMSNorm(nn.Module):
    """Root-mean-square norm over the last axis, statistics in float32."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), self.weight.shape, self.weight.float(), EPSILON).to(x.dtype)


class Pointwise(nn.Conv2d):
    """A bias-free 1x1 convolution over a channels-last grid [..., D_in] -> [..., D_out]: a linear layer."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__(width_in, width_out, kernel_size=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.flatten(1))


class TwoLayer(nn.Module):
    """Linear, SiLU, Linear."""

    def __init__(self, width_in: int, width: int, bias: bool = True) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(width_in, width, bias=bias)
        self.linear_2 = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(F.silu(self.linear_1(x.to(self.linear_1.weight.dtype))))


class TimeTextEmbedding(nn.Module):
    """temb [B, D] = MLP(sinusoid(1000 t)) + MLP(v), v the conditioned pooled text [B, D]."""

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
    """Its inverse: RMSNorm and a transposed 2x2 convolution, [B, h, w, D] -> [B, 2h, 2w, D]."""

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


class Modulation(nn.Module):
    """AdaLN: SiLU(temb) [B, D] -> `parts` tensors [B, 1, D] (shift, scale, gate, ...)."""

    def __init__(self, width: int, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.linear = nn.Linear(width, parts * width)

    def forward(self, temb: Tensor) -> tuple[Tensor, ...]:
        return self.linear(F.silu(temb)).unsqueeze(1).chunk(self.parts, dim=-1)


class GeluLinear(nn.Module):
    """GELU (tanh form) of a linear layer."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width_in, width_out)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.proj(x), approximate="tanh")


class FeedForward(nn.Module):
    """D -> 4D -> D."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # The middle entry stands for the published module's dropout, so that the names are net.0 and net.2.
        self.net = nn.Sequential(GeluLinear(width, 4 * width), nn.Identity(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class SelfAttention(nn.Module):
    """Attention of one stream [B, S, D], queries and keys RMS-normed per head and rotated."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width, head = config.inner_dim, config.attention_head_dim
        self.heads = config.num_attention_heads
        self.norm_q, self.norm_k = RMSNorm(head), RMSNorm(head)
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))

    def split(self, x: Tensor) -> Tensor:
        """[B, S, D] -> [B, heads, S, H]."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def queries_keys_values(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Each [B, heads, S, H]."""
        query, key, value = (self.split(layer(x)) for layer in (self.to_q, self.to_k, self.to_v))
        return self.norm_q(query), self.norm_k(key), value

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        return attend(*self.queries_keys_values(x), rope)


class JointAttention(SelfAttention):
    """Image and text streams with weights of their own attend to their concatenation, text first."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        width, head = config.inner_dim, config.attention_head_dim
        self.norm_added_q, self.norm_added_k = RMSNorm(head), RMSNorm(head)
        self.add_q_proj, self.add_k_proj, self.add_v_proj = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.Sequential(nn.Linear(width, width))
        self.to_add_out = nn.Linear(width, width)

    def joint(self, image: Tensor, text: Tensor, rope: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Image [B, h*w, D] and text [B, T, D] -> their attention outputs."""
        query, key, value = self.queries_keys_values(image)
        text_query, text_key, text_value = (
            self.split(layer(text)) for layer in (self.add_q_proj, self.add_k_proj, self.add_v_proj)
        )
        attended = attend(
            torch.cat([self.norm_added_q(text_query), query], dim=2),
            torch.cat([self.norm_added_k(text_key), key], dim=2),
            torch.cat([text_value, value], dim=2),
            rope,
        )
        length = text.shape[1]
        return self.to_out(attended[:, length:]), self.to_add_out(attended[:, :length])


def attend(query: Tensor, key: Tensor, value: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """softmax(q k^T / sqrt(H)) v with rotated q and k, each [B, heads, S, H] -> [B, S, D]."""
    query, key = rotate(query, rope), rotate(key, rope)
    return F.scaled_dot_product_attention(query, key, value.to(query.dtype)).transpose(1, 2).flatten(2)


def finite(x: Tensor) -> Tensor:
    """float16 alone overflows in these residual streams; the published model clamps there, and only there."""
    return x.clamp(-65504.0, 65504.0) if x.dtype == torch.float16 else x


class DoubleBlock(nn.Module):
    """MM-DiT block: both streams are modulated, attend together, and pass an MLP of their own."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.inner_dim
        self.norm1, self.norm1_context = Modulation(width, 6), Modulation(width, 6)
        self.attn = JointAttention(config)
        self.ff, self.ff_context = FeedForward(width), FeedForward(width)

    def forward(
        self, image: Tensor, text: Tensor, temb: Tensor, rope: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = self.norm1(temb)
        text_shift_a, text_scale_a, text_gate_a, text_shift_m, text_scale_m, text_gate_m = self.norm1_context(
            temb
        )
        image_attended, text_attended = self.attn.joint(
            layer_norm(image) * (1 + scale_a) + shift_a,
            layer_norm(text) * (1 + text_scale_a) + text_shift_a,
            rope,
        )
        image = image + gate_a * image_attended
        image = image + gate_m * self.ff(layer_norm(image) * (1 + scale_m) + shift_m)
        text = text + text_gate_a * text_attended
        text = text + text_gate_m * self.ff_context(layer_norm(text) * (1 + text_scale_m) + text_shift_m)
        return image, finite(text)


class SingleBlock(nn.Module):
    """Parallel block on [text, image]: attention and MLP read one input and share the output projection."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.inner_dim
        self.norm = Modulation(width, 3)
        self.attn = SelfAttention(config)
        self.proj_mlp = nn.Linear(width, 4 * width)
        self.proj_out = nn.Linear(5 * width, width)

    def forward(self, x: Tensor, temb: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        shift, scale, gate = self.norm(temb)
        normed = layer_norm(x) * (1 + scale) + shift
        mlp = F.gelu(self.proj_mlp(normed), approximate="tanh")
        return finite(x + gate * self.proj_out(torch.cat([self.attn(normed, rope), mlp], dim=-1)))


class MaskedTransformer(nn.Module):
    """Predicts every token of an image from the known ones, a text and the step index."""

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

    def embed_tokens(self, tokens: Tensor) -> Tensor:
        """tokens i64 [B, H, W] -> [B, h*w, D], h*w the compressed grid. RequestError for odd H or W."""
        height, width = tokens.shape[1:]
        if height % self.config.compression or width % self.config.compression:
            raise RequestError(
                f"a token grid of {width}x{height} cannot be halved: use an even number of tokens a side"
            )
        grid = self.down_block(self.embed(tokens))
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
    ) -> Tensor:
        """Inputs of `forward` -> [B, H, W, D]: all but the last projection.

        `mlm_layer.conv2` of any of its rows gives their logits [..., C], for who needs few positions.
        """
        grid = tokens.shape[1] // self.config.compression, tokens.shape[2] // self.config.compression
        temb = self.condition(text_pooled, timestep, micro_conditions)
        image = self.run_blocks(self.embed_tokens(tokens), self.embed_text(text_hidden), temb, grid)
        image = self.project_from_hidden(self.project_from_hidden_norm(image))
        return self.mlm_layer.features(self.up_block(image.unflatten(1, grid)))

    def forward(
        self,
        tokens: Tensor,
        text_hidden: Tensor,
        text_pooled: Tensor,
        timestep: Tensor,
        micro_conditions: Tensor,
    ) -> Tensor:
        """Logits [B, C, H, W] of tokens i64 [B, H, W].

        text_hidden [B, T, J], text_pooled [B, P], timestep [B] or [1] (the step index, N-1 first, 1000 times
        it inside), micro_conditions [B, 5] (width, height in pixels, crop top, crop left, aesthetic score).
        """
        features = self.features(tokens, text_hidden, text_pooled, timestep, micro_conditions)
        return self.mlm_layer.conv2(features).permute(0, 3, 1, 2)
