"""The graph that runs every step: from tokens, conditioning and uniforms to drawn tokens.

    tokens -> front end -> double blocks -> single blocks -> head -> guidance -> projection and drawing
              (tables)                                       (D -> 4D)          (by chunks of positions)

Only what depends on the tokens is here. The reference's algebra is kept exactly; `export.fold` holds the
weight algebra.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.draw_head import DrawingHead
from export.fold import after_norm, copy_of, corner_tables, linear, lookup, stacked, upsampling
from reference.blocks import EPSILON, DoubleBlock, SelfAttention, SingleBlock, rope_table
from reference.errors import CheckpointError
from reference.transformer import MaskedTransformer


def layer_norm(x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=EPSILON)


def rms_norm(x: Tensor) -> Tensor:
    """Without weight: the weight is folded into the linear that follows."""
    return F.rms_norm(x, x.shape[-1:], torch.ones(x.shape[-1]), EPSILON)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """AdaLN of [R, S, D] with shift and scale [R, 1, D]; the 1 of "1 + scale" is already in the scale."""
    return layer_norm(x) * scale + shift


@dataclass(frozen=True)
class Rotation:
    """Rotary angles by position: cos and sin [T+h*w, H/2], and which positions to take, i64 [1, S]."""

    cos: Tensor
    sin: Tensor
    positions: Tensor

    def of(self, first: int) -> "Rotation":
        """Of the positions from `first` on."""
        return Rotation(self.cos, self.sin, self.positions[:, first:])


class Heads(nn.Module):
    """RMSNorm per head and rotation of queries or keys. Heads stay side by side, [R, S, heads*H]: nothing is
    transposed.
    """

    def __init__(self, heads: int, head_norm: Tensor) -> None:
        super().__init__()
        self.heads = heads
        self.head_norm = nn.Parameter(head_norm.detach().float())

    def forward(self, x: Tensor, rotation: Rotation | None) -> Tensor:
        """[R, S, D] -> the same; without rotation for text, whose angles are all zero."""
        x = F.rms_norm(x.unflatten(-1, (self.heads, -1)), self.head_norm.shape, self.head_norm, EPSILON)
        x = x.flatten(2)
        if rotation is None:
            return x
        positions = rotation.positions.expand(x.shape[0], -1)
        return torch.onnx.ops.rotary_embedding(
            x, rotation.cos, rotation.sin, positions, interleaved=True, num_heads=self.heads
        )


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """[R, S, D] each, heads side by side (queries may be fewer) -> [R, S, D]."""
    return torch.onnx.ops.attention(query, key, value, q_num_heads=heads, kv_num_heads=heads)[0]


class Stream(nn.Module):
    """The image or the text half of a double block; queries, keys and values are one linear."""

    def __init__(self, qkv: nn.Linear, norms: tuple[Tensor, Tensor], out: Any, mlp: Any, heads: int) -> None:
        super().__init__()
        self.qkv = qkv
        self.query, self.key = Heads(heads, norms[0]), Heads(heads, norms[1])
        self.out = copy_of(out)
        self.mlp_in, self.mlp_out = copy_of(mlp.net[0].proj), copy_of(mlp.net[2])

    def project(
        self, x: Tensor, shift: Tensor, scale: Tensor, rotation: Rotation | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[R, S, D] -> queries, keys, values, each [R, S, D]."""
        query, key, value = self.qkv(modulate(x, shift, scale)).chunk(3, dim=-1)
        return self.query(query, rotation), self.key(key, rotation), value

    def finish(self, x: Tensor, attended: Tensor, modulation: tuple[Tensor, ...]) -> Tensor:
        _, _, gate_attention, shift, scale, gate_mlp = modulation
        x = x + gate_attention * self.out(attended)
        hidden = F.gelu(self.mlp_in(modulate(x, shift, scale)), approximate="tanh")
        return x + gate_mlp * self.mlp_out(hidden)


class Double(nn.Module):
    """Image and text with weights of their own attend to their concatenation, text first."""

    def __init__(self, block: DoubleBlock) -> None:
        super().__init__()
        attn: Any = block.attn
        self.heads = attn.heads
        self.image = Stream(
            stacked(attn.to_q, attn.to_k, attn.to_v),
            (attn.norm_q.weight, attn.norm_k.weight),
            attn.to_out[0],
            block.ff,
            attn.heads,
        )
        self.text = Stream(
            stacked(attn.add_q_proj, attn.add_k_proj, attn.add_v_proj),
            (attn.norm_added_q.weight, attn.norm_added_k.weight),
            attn.to_add_out,
            block.ff_context,
            attn.heads,
        )

    def forward(
        self, image: Tensor, text: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation
    ) -> tuple[Tensor, Tensor]:
        of_image, of_text = modulation[:6], modulation[6:]
        length = text.shape[1]
        from_text = self.text.project(text, of_text[0], of_text[1], None)
        from_image = self.image.project(image, of_image[0], of_image[1], rotation.of(length))
        query, key, value = (torch.cat(pair, dim=1) for pair in zip(from_text, from_image, strict=True))
        attended = attend(query, key, value, self.heads)
        image = self.image.finish(image, attended[:, length:], of_image)
        return image, self.text.finish(text, attended[:, :length], of_text)


class Single(nn.Module):
    """Attention beside MLP on [text, image].

    Two linears, not one of 7D, read the normed input: a quantizer shares the quantized input between them
    anyway, and splitting a 7D output costs more than it saves (5 % of such a block at D 1024). For the output
    projection the same holds the other way round: two linears need no concatenation, and attention and MLP
    keep an activation scale each.
    """

    def __init__(self, block: SingleBlock) -> None:
        super().__init__()
        attn: SelfAttention = block.attn
        self.qkv = stacked(attn.to_q, attn.to_k, attn.to_v)
        self.heads = attn.heads
        self.query, self.key = Heads(attn.heads, attn.norm_q.weight), Heads(attn.heads, attn.norm_k.weight)
        self.mlp_in = copy_of(block.proj_mlp)
        width = block.proj_out.out_features
        self.attention_out = linear(block.proj_out.weight[:, :width], block.proj_out.bias)
        self.mlp_out = linear(block.proj_out.weight[:, width:])

    def forward(self, x: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation) -> Tensor:
        """[R, T+h*w, D] -> the same."""
        shift, scale, gate = modulation
        normed = modulate(x, shift, scale)
        query, key, value = self.qkv(normed).chunk(3, dim=-1)
        attended = attend(self.query(query, rotation), self.key(key, rotation), value, self.heads)
        return x + gate * self.output(attended, normed)

    def output(self, attended: Tensor, normed: Tensor) -> Tensor:
        mlp = F.gelu(self.mlp_in(normed), approximate="tanh")
        return self.attention_out(attended) + self.mlp_out(mlp)


class LastSingle(Single):
    """The last block: nothing reads its text rows, so queries, MLP and output exist for image rows only."""

    def __init__(self, block: SingleBlock, text_length: int) -> None:
        super().__init__(block)
        del self.qkv
        self.text_length = text_length
        self.to_query = copy_of(block.attn.to_q)
        self.to_key_value = stacked(block.attn.to_k, block.attn.to_v)

    def forward(self, x: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation) -> Tensor:
        """[R, T+h*w, D] -> image rows [R, h*w, D]."""
        shift, scale, gate = modulation
        length = self.text_length
        normed = modulate(x, shift, scale)
        image = normed[:, length:]
        key, value = self.to_key_value(normed).chunk(2, dim=-1)
        query = self.query(self.to_query(image), rotation.of(length))
        attended = attend(query, self.key(key, rotation), value, self.heads)
        return x[:, length:] + gate * self.output(attended, image)


class FrontEnd(nn.Module):
    """tokens i32 [H, W] -> rows of the blocks [1, h*w, D], by look-ups (see `fold.corner_tables`)."""

    def __init__(self, transformer: MaskedTransformer) -> None:
        super().__init__()
        config = transformer.config
        self.compression = config.compression
        self.table = lookup(corner_tables(transformer))
        self.corners: Tensor
        self.register_buffer(
            "corners", config.vocab_size * torch.arange(self.compression**2, dtype=torch.int32)[:, None]
        )
        if self.compression > 1:
            weight = after_norm(transformer.project_to_hidden.weight, transformer.project_to_hidden_norm)
            self.project_to_hidden = linear(weight)

    def forward(self, tokens: Tensor) -> Tensor:
        side = self.compression
        if side == 1:
            return self.table(tokens.reshape(1, -1))
        blocks = tokens.reshape(tokens.shape[0] // side, side, tokens.shape[1] // side, side)
        rows = blocks.permute(1, 3, 0, 2).reshape(side * side, -1) + self.corners
        grid = self.table(rows).sum(0, keepdim=True)
        return self.project_to_hidden(rms_norm(grid))


class Head(nn.Module):
    """Rows of the blocks [R, h*w, D] and guidance -> guided features [H*W, D], one linear before the logits.

    The last projection has no bias, so guiding its input is guiding its output, at half the work:
    c + (g - 1)(c - u), with u the first and c the last row. With one row they are the same and g does not
    matter.
    """

    def __init__(self, transformer: MaskedTransformer, height: int, width: int) -> None:
        super().__init__()
        self.side = transformer.config.compression
        self.grid = (height // self.side, width // self.side)
        project = after_norm(transformer.project_from_hidden.weight, transformer.project_from_hidden_norm)
        if self.side > 1:
            self.project_from_hidden = linear(project)
            self.up = linear(upsampling(transformer))
        else:  # nothing stands between project_from_hidden and conv1
            self.up = linear(transformer.mlm_layer.conv1.weight.double().flatten(1) @ project)

    def forward(self, x: Tensor, guidance: Tensor) -> Tensor:
        x = rms_norm(x)
        if self.side > 1:
            x = rms_norm(self.project_from_hidden(x))
        features = rms_norm(self.up(x).unflatten(-1, (self.side * self.side, -1)))  # [R, h*w, 1 or 4, D]
        without, prompt = features[:1], features[-1:]
        guided = prompt + (guidance - 1) * (prompt - without)
        blocks = guided.reshape(*self.grid, self.side, self.side, -1)
        return blocks.permute(0, 2, 1, 3, 4).reshape(self.grid[0] * self.grid[1] * self.side**2, -1)


class Step(nn.Module):
    """One step of the loop on a grid of H x W tokens.

    Inputs: tokens i32 [H, W], context [R, T, D], modulation [R, M], guidance [], uniforms [2, H*W].
    Outputs: drawn i32 [H*W], log_prob [H*W].
    """

    def __init__(self, transformer: MaskedTransformer, text_length: int, height: int, width: int) -> None:
        super().__init__()
        config = transformer.config
        if not len(transformer.single_transformer_blocks):
            raise CheckpointError("num_single_layers 0: only models with single blocks can be exported")
        self.width = config.inner_dim
        self.front = FrontEnd(transformer)
        doubles: Iterable[Any] = transformer.transformer_blocks
        singles: Iterable[Any] = transformer.single_transformer_blocks
        self.double_blocks = nn.ModuleList(Double(block) for block in doubles)
        *earlier, last = singles
        self.single_blocks = nn.ModuleList(Single(block) for block in earlier)
        self.last_block = LastSingle(last, text_length)
        self.head = Head(transformer, height, width)
        self.drawing = DrawingHead(transformer.mlm_layer, height * width)
        grid = height // config.compression, width // config.compression
        cos, sin = rope_table(text_length, *grid, config.axes_dims_rope)
        self.cos: Tensor
        self.sin: Tensor
        self.positions: Tensor
        self.register_buffer("cos", cos)
        self.register_buffer("sin", sin)
        self.register_buffer("positions", torch.arange(cos.shape[0]).unsqueeze(0))

    def features(self, tokens: Tensor, context: Tensor, modulation: Tensor, guidance: Tensor) -> Tensor:
        """Guided features [H*W, D]; `drawing.logits` of them are the guided logits."""
        parts = iter(modulation.unsqueeze(1).split(self.width, dim=-1))
        image = self.front(tokens).expand(context.shape[0], -1, -1)
        text = context
        rotation = Rotation(self.cos, self.sin, self.positions)
        for block in self.double_blocks:
            image, text = block(image, text, tuple(next(parts) for _ in range(12)), rotation)
        x = torch.cat([text, image], dim=1)
        for block in self.single_blocks:
            x = block(x, tuple(next(parts) for _ in range(3)), rotation)
        image = self.last_block(x, tuple(parts), rotation)
        return self.head(image, guidance)

    def forward(
        self, tokens: Tensor, context: Tensor, modulation: Tensor, guidance: Tensor, uniforms: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.drawing(self.features(tokens, context, modulation, guidance), uniforms)
