"""The blocks of the transformer, as in Flux: double blocks keep image and text in separate streams, single
blocks join them.

Streams are [B, S, D], heads [B, heads, S, H]; the text comes first. Attribute names are the keys of the
published state dict.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.transformer_config import TransformerConfig

ROPE_THETA = 10_000.0
EPSILON = 1e-6  # of every norm


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
    """Two linear layers with GELU between them, D -> 4D -> D."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # The middle entry takes the place of the published dropout, so that the names are net.0 and net.2.
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
    """Joint attention: each stream has its own weights and attends to both, text first."""

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
    """Clamp float16, the one dtype that overflows in the residual streams, where the published model does."""
    return x.clamp(-65504.0, 65504.0) if x.dtype == torch.float16 else x


class DoubleBlock(nn.Module):
    """MM-DiT block: modulate both streams, attend over both, then apply an MLP to each."""

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
    """Parallel block on [text, image]: attention and MLP share their input and the output projection."""

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
