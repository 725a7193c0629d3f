"""Two data formats of the blocks' tensors, with the same weights.

    Rows      [R, S, D]      for the GPU: linears and fused attention
    Channels  [R, D, 1, S]   for the Neural Engine: 1x1 convolutions; attention head by head, in query chunks

R text rows, S positions, D model width, H head width. Both rotate the halves of a head, not interleaved
pairs. For that the rows of the query and key weights are reordered once (`halves_first`), which leaves
query-key products equal.
Source of Channels: Apple's ml-ane-transformers and ml-stable-diffusion (tensor layout, per-head einsum).
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.apple.norms import ChannelNorm, fused, layer_norm, rms_norm

Attention = Literal["gpu", "ane"]

QUERIES = 512  # at most in a chunk, so the scores of a head and chunk are [S, 512]


def halves_first(tensor: Tensor, heads: int) -> Tensor:
    """Reorder the first axis within each head: pairs (0, 1), (2, 3), ... become (0, 2, ..., 1, 3, ...)."""
    pairs = tensor.unflatten(0, (heads, -1, 2))
    return pairs.transpose(1, 2).flatten(0, 2).contiguous()


@dataclass(frozen=True)
class Rotation:
    """Cosines and sines of each position's rotary angles, [S, H/2] each."""

    cos: Tensor
    sin: Tensor

    def starting_at(self, first: int) -> "Rotation":
        """The rotation of the positions from `first` on."""
        return Rotation(self.cos[first:], self.sin[first:])


def rotate(x: Tensor, cos: Tensor, sin: Tensor, axis: int) -> Tensor:
    """Rotate pairs of one number of the first half of `axis` and one of the second half."""
    first, second = x.chunk(2, dim=axis)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=axis)


class DataFormat(Protocol):
    """The operations of the blocks that depend on the data format. x is a tensor in it, with any S."""

    channel_axis: int

    def layer(self, linear: nn.Linear) -> nn.Module:
        """A layer that applies `linear` at each position."""

    def enter(self, x: Tensor) -> Tensor:
        """[R, S, D] -> x."""

    def leave(self, x: Tensor) -> Tensor:
        """x -> [R, S, D]."""

    def parts(self, modulation: Tensor, width: int) -> tuple[Tensor, ...]:
        """[R, k*width] -> k tensors that broadcast over positions."""

    def split(self, x: Tensor, count: int) -> tuple[Tensor, ...]:
        """x in `count` equal parts of its channels; the converter cannot split into one part."""

    def narrow(self, x: Tensor, start: int, length: int) -> Tensor:
        """Positions `start` .. `start + length` - 1 of x."""

    def join(self, *parts: Tensor) -> Tensor:
        """The positions of the parts, one part after the other."""

    def layer_norm(self, x: Tensor) -> Tensor:
        """LayerNorm of each position, without weight and bias."""

    def rms_norm(self, x: Tensor) -> Tensor:
        """RMSNorm of each position, without weight."""

    def head_norm(self, x: Tensor, weight: Tensor, heads: int, rotation: Rotation | None) -> Tensor:
        """Queries or keys as `attend` takes them, RMS-normed per head with weight [H], then rotated."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
        """x from queries and keys of `head_norm`, joined or narrowed since or not, and values x."""


class Rows:
    """The GPU's `DataFormat`, [R, S, D]."""

    channel_axis = 2

    def layer(self, linear: nn.Linear) -> nn.Module:
        return linear

    def enter(self, x: Tensor) -> Tensor:
        return x

    def leave(self, x: Tensor) -> Tensor:
        return x

    def parts(self, modulation: Tensor, width: int) -> tuple[Tensor, ...]:
        return modulation.unsqueeze(1).split(width, dim=-1)

    def split(self, x: Tensor, count: int) -> tuple[Tensor, ...]:
        return x.chunk(count, dim=-1) if count > 1 else (x,)

    def narrow(self, x: Tensor, start: int, length: int) -> Tensor:
        return x.narrow(1, start, length)

    def join(self, *parts: Tensor) -> Tensor:
        return torch.cat(parts, dim=1)

    def layer_norm(self, x: Tensor) -> Tensor:
        return layer_norm(x)

    def rms_norm(self, x: Tensor) -> Tensor:
        return rms_norm(x)

    def head_norm(self, x: Tensor, weight: Tensor, heads: int, rotation: Rotation | None) -> Tensor:
        x = rms_norm(x.unflatten(-1, (heads, -1))) * weight  # [R, S, heads, H]
        if rotation is not None:
            x = rotate(x, rotation.cos[:, None], rotation.sin[:, None], axis=-1)
        return x

    def attend(self, query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
        value = value.unflatten(-1, (heads, -1))
        query, key, value = (x.transpose(1, 2) for x in (query, key, value))
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


class Channels:
    """The Neural Engine's `DataFormat`, [R, D, 1, S]."""

    channel_axis = 1

    def __init__(self, norm: ChannelNorm) -> None:
        self.norm = norm

    def layer(self, linear: nn.Linear) -> nn.Module:
        conv = nn.Conv2d(
            linear.in_features, linear.out_features, 1, bias=linear.bias is not None, device="meta"
        )
        conv.weight = nn.Parameter(linear.weight.detach()[:, :, None, None], requires_grad=False)
        if linear.bias is not None:
            conv.bias = nn.Parameter(linear.bias.detach(), requires_grad=False)
        return conv

    def enter(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).unsqueeze(2)

    def leave(self, x: Tensor) -> Tensor:
        return x.squeeze(2).transpose(1, 2)

    def parts(self, modulation: Tensor, width: int) -> tuple[Tensor, ...]:
        return modulation[:, :, None, None].split(width, dim=1)

    def split(self, x: Tensor, count: int) -> tuple[Tensor, ...]:
        return x.chunk(count, dim=1) if count > 1 else (x,)

    def narrow(self, x: Tensor, start: int, length: int) -> Tensor:
        return x.narrow(3, start, length)

    def join(self, *parts: Tensor) -> Tensor:
        return torch.cat(parts, dim=3)

    def layer_norm(self, x: Tensor) -> Tensor:
        return self.norm(x)

    def rms_norm(self, x: Tensor) -> Tensor:
        return self.norm(torch.cat([x, -x], dim=1)).narrow(1, 0, x.shape[1])

    def head_norm(self, x: Tensor, weight: Tensor, heads: int, rotation: Rotation | None) -> Tensor:
        rows, width, _, positions = x.shape
        # In this shape the normed axis is 1, by which the converter recognizes a layer_norm of [N, C, 1, S].
        x = x.reshape(rows * heads, width // heads, 1, positions)
        x = self.rms_norm(x) * weight[:, None, None]
        if rotation is not None:
            x = rotate(x, rotation.cos.T.unsqueeze(1), rotation.sin.T.unsqueeze(1), axis=1)
        return x.reshape(rows, heads, width // heads, positions)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
        scale = query.shape[2] ** -0.5
        values = value.chunk(heads, dim=1)  # of each head [R, H, 1, S]
        starts = range(0, int(query.shape[3]), QUERIES)
        outputs = []
        for head in range(heads):
            keys = key[:, head].unsqueeze(2).transpose(1, 3)  # [R, S, 1, H]
            queries = query[:, head].unsqueeze(2) * scale
            chunks = [queries[..., start : start + QUERIES] for start in starts]  # the last may be shorter
            weights = [torch.einsum("bchq,bkhc->bkhq", chunk, keys).softmax(dim=1) for chunk in chunks]
            attended = [torch.einsum("bkhq,bchk->bchq", weight, values[head]) for weight in weights]
            outputs.append(torch.cat(attended, dim=3))
        return torch.cat(outputs, dim=1)


def data_format_for(attention: Attention, norm: ChannelNorm = fused) -> DataFormat:
    """The data format of the unit that computes attention; `norm` is the Neural Engine's."""
    return Rows() if attention == "gpu" else Channels(norm)


def reordered(linear: nn.Linear, heads: int) -> nn.Linear:
    """A query or key projection with its outputs in the order of `halves_first`."""
    assert linear.bias is not None
    made = nn.Linear(linear.in_features, linear.out_features, device="meta")
    made.weight = nn.Parameter(halves_first(linear.weight.detach().float(), heads), requires_grad=False)
    made.bias = nn.Parameter(halves_first(linear.bias.detach().float(), heads), requires_grad=False)
    return made
