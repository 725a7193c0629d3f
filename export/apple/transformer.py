"""The transformer's blocks in half precision: embedded tokens to features before guidance.

    embedded, context, modulation -> double blocks -> stream -> single blocks -> features
                                     '-- one graph, or two if a phone cannot load it whole --'

R text rows, T text length, h x w positions of the blocks' grid, D model width, M modulation width. A tensor x
of the residual stream is stored in a `DataFormat`.
"""

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.apple.data_format import DataFormat, Rotation, halves_first, reordered
from export.fold import after_norm, copy_of, linear, stacked, upsampling
from reference.blocks import DoubleBlock, SingleBlock, rope_table
from reference.transformer import MaskedTransformer


class HeadNorm(nn.Module):
    """RMSNorm and rotation of queries or keys, head by head."""

    def __init__(self, data_format: DataFormat, weight: Tensor, heads: int) -> None:
        super().__init__()
        self.format, self.heads = data_format, heads
        self.weight = nn.Parameter(halves_first(weight.detach().float(), 1), requires_grad=False)

    def forward(self, x: Tensor, rotation: Rotation | None) -> Tensor:
        return self.format.head_norm(x, self.weight, self.heads, rotation)


class Stream(nn.Module):
    """The image or the text half of a double block; one layer gives queries, keys and values."""

    def __init__(
        self, data_format: DataFormat, qkv: Any, norms: tuple[Tensor, Tensor], out: Any, mlp: Any, heads: int
    ):
        super().__init__()
        self.format = data_format
        query, key, value = qkv
        self.qkv = data_format.layer(stacked(reordered(query, heads), reordered(key, heads), value))
        self.query, self.key = (HeadNorm(data_format, norm, heads) for norm in norms)
        self.out = data_format.layer(copy_of(out))
        self.mlp_in = data_format.layer(copy_of(mlp.net[0].proj))
        self.mlp_out = data_format.layer(copy_of(mlp.net[2]))

    def project(
        self, x: Tensor, shift: Tensor, scale: Tensor, rotation: Rotation | None
    ) -> tuple[Tensor, ...]:
        """x -> queries, keys and values."""
        query, key, value = self.format.split(self.qkv(self.format.layer_norm(x) * scale + shift), 3)
        return self.query(query, rotation), self.key(key, rotation), value

    def finish(self, x: Tensor, attended: Tensor, modulation: tuple[Tensor, ...]) -> Tensor:
        """Add the gated attention and MLP to the residual stream x."""
        _, _, gate_attention, shift, scale, gate_mlp = modulation
        x = x + gate_attention * self.out(attended)
        hidden = F.gelu(self.mlp_in(self.format.layer_norm(x) * scale + shift), approximate="tanh")
        return x + gate_mlp * self.mlp_out(hidden)


class Double(nn.Module):
    """A double block: image and text have weights of their own and attend to [text, image]."""

    def __init__(self, data_format: DataFormat, block: DoubleBlock) -> None:
        super().__init__()
        attn: Any = block.attn
        self.format, self.heads = data_format, attn.heads
        self.image = Stream(
            data_format,
            (attn.to_q, attn.to_k, attn.to_v),
            (attn.norm_q.weight, attn.norm_k.weight),
            attn.to_out[0],
            block.ff,
            attn.heads,
        )
        self.text = Stream(
            data_format,
            (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj),
            (attn.norm_added_q.weight, attn.norm_added_k.weight),
            attn.to_add_out,
            block.ff_context,
            attn.heads,
        )

    def forward(
        self, image: Tensor, text: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation, length: int
    ) -> tuple[Tensor, Tensor]:
        """image and text with `length` positions -> the same, with modulation of 12 tensors."""
        image_modulation, text_modulation = modulation[:6], modulation[6:]
        text_qkv = self.text.project(text, text_modulation[0], text_modulation[1], None)
        image_qkv = self.image.project(
            image, image_modulation[0], image_modulation[1], rotation.starting_at(length)
        )
        query, key, value = (self.format.join(*pair) for pair in zip(text_qkv, image_qkv, strict=True))
        attended = self.format.attend(query, key, value, self.heads)
        text_attended = self.format.narrow(attended, 0, length)
        image_attended = self.format.narrow(attended, length, len(rotation.cos) - length)
        image = self.image.finish(image, image_attended, image_modulation)
        return image, self.text.finish(text, text_attended, text_modulation)


class Single(nn.Module):
    """A single block: attention and MLP side by side on [text, image].

    It computes no queries, MLP and output of the first `skipped` positions: 0, or T in the last block, whose
    text no layer reads.
    """

    def __init__(self, data_format: DataFormat, block: SingleBlock, skipped: int = 0) -> None:
        super().__init__()
        attn: Any = block.attn
        self.format, self.heads, self.skipped = data_format, attn.heads, skipped
        self.to_query = data_format.layer(reordered(attn.to_q, attn.heads))
        self.to_key_value = data_format.layer(stacked(reordered(attn.to_k, attn.heads), attn.to_v))
        self.query = HeadNorm(data_format, attn.norm_q.weight, attn.heads)
        self.key = HeadNorm(data_format, attn.norm_k.weight, attn.heads)
        self.mlp_in = data_format.layer(copy_of(block.proj_mlp))
        width = block.proj_out.out_features
        self.attention_out = data_format.layer(linear(block.proj_out.weight[:, :width], block.proj_out.bias))
        self.mlp_out = data_format.layer(linear(block.proj_out.weight[:, width:]))

    def forward(self, x: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation) -> Tensor:
        """x -> x, without the skipped positions."""
        shift, scale, gate = modulation
        normed = self.format.layer_norm(x) * scale + shift
        key, value = self.format.split(self.to_key_value(normed), 2)
        key = self.key(key, rotation)
        if self.skipped:
            rotation = rotation.starting_at(self.skipped)
            normed, x = (self.format.narrow(part, self.skipped, len(rotation.cos)) for part in (normed, x))
        query = self.query(self.to_query(normed), rotation)
        attended = self.attention_out(self.format.attend(query, key, value, self.heads))
        mlp = self.mlp_out(F.gelu(self.mlp_in(normed), approximate="tanh"))
        return x + gate * (attended + mlp)


class DoubleBlocks(nn.Module):
    """embedded [1, h*w, D], context [R, T, D], modulation [R, M] -> stream [R, T+h*w, D].

    `grid` is (T, h, w).
    """

    def __init__(
        self, transformer: MaskedTransformer, data_format: DataFormat, grid: tuple[int, int, int]
    ) -> None:
        super().__init__()
        config = transformer.config
        self.format, self.length, self.width = data_format, grid[0], config.inner_dim
        self.project_to_hidden = None
        if config.downsample:  # without compression the token embedder's table holds this projection too
            weight = after_norm(transformer.project_to_hidden.weight, transformer.project_to_hidden_norm)
            self.project_to_hidden = data_format.layer(linear(weight))
        doubles: Iterable[Any] = transformer.transformer_blocks
        self.blocks = nn.ModuleList(Double(data_format, block) for block in doubles)
        self.rotation = RotationTable(transformer, grid)

    def forward(self, embedded: Tensor, context: Tensor, modulation: Tensor) -> Tensor:
        image = self.format.enter(embedded)
        if self.project_to_hidden is not None:
            image = self.project_to_hidden(self.format.rms_norm(image))
        image, text = image.expand(context.shape[0], *image.shape[1:]), self.format.enter(context)
        width, rotation = 12 * self.width, self.rotation()
        for index, block in enumerate(self.blocks):
            parts = self.format.parts(modulation.narrow(1, index * width, width), self.width)
            image, text = block(image, text, parts, rotation, self.length)
        return self.format.leave(self.format.join(text, image))


class SingleBlocks(nn.Module):
    """stream [R, T+h*w, D], modulation [R, M] -> features [R, h*w, K*D].

    K = 4 tokens a position with feature compression, else 1. The head's linears and its norm of each token
    are included, so only guidance and one projection separate features from logits. `grid` is (T, h, w).
    """

    def __init__(
        self, transformer: MaskedTransformer, data_format: DataFormat, grid: tuple[int, int, int]
    ) -> None:
        super().__init__()
        config = transformer.config
        self.format, self.width, self.tokens = data_format, config.inner_dim, config.compression**2
        self.first = 12 * config.num_layers * config.inner_dim  # the double blocks' modulation is before it
        singles: Iterable[Any] = transformer.single_transformer_blocks
        *earlier, last = singles
        blocks = [Single(data_format, block) for block in earlier]
        self.blocks = nn.ModuleList([*blocks, Single(data_format, last, skipped=grid[0])])
        self.rotation = RotationTable(transformer, grid)
        self.project_from_hidden = None
        if config.upsample:
            weight = after_norm(transformer.project_from_hidden.weight, transformer.project_from_hidden_norm)
            self.project_from_hidden = data_format.layer(linear(weight))
        self.up = data_format.layer(linear(upsampling(transformer)))

    def forward(self, stream: Tensor, modulation: Tensor) -> Tensor:
        x, width, rotation = self.format.enter(stream), 3 * self.width, self.rotation()
        for index, block in enumerate(self.blocks):
            parts = self.format.parts(modulation.narrow(1, self.first + index * width, width), self.width)
            x = block(x, parts, rotation)
        x = self.format.rms_norm(x)
        if self.project_from_hidden is not None:
            x = self.format.rms_norm(self.project_from_hidden(x))
        tokens = [self.format.rms_norm(token) for token in self.format.split(self.up(x), self.tokens)]
        return self.format.leave(torch.cat(tokens, dim=self.format.channel_axis))


class Transformer(nn.Module):
    """All blocks in one graph: embedded [1, h*w, D], context [R, T, D], modulation [R, M] -> features."""

    def __init__(
        self, transformer: MaskedTransformer, data_format: DataFormat, grid: tuple[int, int, int]
    ) -> None:
        super().__init__()
        self.double_blocks = DoubleBlocks(transformer, data_format, grid)
        self.single_blocks = SingleBlocks(transformer, data_format, grid)

    def forward(self, embedded: Tensor, context: Tensor, modulation: Tensor) -> Tensor:
        return self.single_blocks(self.double_blocks(embedded, context, modulation), modulation)


class RotationTable(nn.Module):
    """Rotary angles of all positions, text first. They are the same for halves of a head and for pairs."""

    def __init__(self, transformer: MaskedTransformer, grid: tuple[int, int, int]) -> None:
        super().__init__()
        cos, sin = rope_table(*grid, transformer.config.axes_dims_rope)
        self.cos: Tensor
        self.sin: Tensor
        self.register_buffer("cos", cos)
        self.register_buffer("sin", sin)

    def forward(self) -> Rotation:
        return Rotation(self.cos, self.sin)
