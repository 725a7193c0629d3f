"""The graph that runs every step: tokens, conditioning and uniforms in, drawn tokens out.

    tokens -> front end -> double blocks -> single blocks -> head -> guidance -> projection and drawing
              (tables)                                       (D -> 4D)          (by chunks of positions)
    '--------------------- Transformer -------------------------'   '----------- Sampler -----------'
    '------------------------------------- TransformerStep -----------------------------------------'

A processor runs the step as one graph. An NPU runs the transformer, and the CPU the sampler after it.

R text rows (2 with guidance, 1 without), T text length, h x w positions of the blocks' grid, S = T + h*w,
D model width, H head width, M modulation width, H x W tokens.

Everything that does not depend on the tokens runs once a prompt, in `export.conditioner`. The layers compute
what the reference computes; `export.fold` merges their weights where that saves time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.draw_head import DrawingHead, guided_features
from export.fold import after_norm, copy_of, corner_tables, linear, lookup, stacked, upsampling
from export.student import NoisyFrontEnd
from reference.blocks import EPSILON, DoubleBlock, SelfAttention, SingleBlock, rope_table
from reference.errors import CheckpointError
from reference.transformer import MaskedTransformer


def layer_norm(x: Tensor) -> Tensor:
    """LayerNorm of the last axis, without weight and bias."""
    return F.layer_norm(x, x.shape[-1:], eps=EPSILON)


def rms_norm(x: Tensor) -> Tensor:
    """RMSNorm of the last axis, without weight: `fold.after_norm` puts the weight into the next linear."""
    return F.rms_norm(x, x.shape[-1:], torch.ones(x.shape[-1]), EPSILON)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """AdaLN of x [R, S, D] with shift and scale [R, 1, D]; the conditioner has added the 1 of "1 + scale"."""
    return layer_norm(x) * scale + shift


@dataclass(frozen=True)
class Rotation:
    """Rotary angles of all positions, cos and sin [S, H/2], and the positions to rotate, i64 [1, <= S]."""

    cos: Tensor
    sin: Tensor
    positions: Tensor

    def starting_at(self, first: int) -> "Rotation":
        """The rotation of the positions from `first` on."""
        return Rotation(self.cos, self.sin, self.positions[:, first:])

    @cached_property  # so that a graph holds the tables once
    def by_position(self) -> tuple[Tensor, Tensor]:
        """Cos and sin of the positions, [S, 1, H] each: every angle twice, because a pair shares it."""
        rows = (table[self.positions[0]] for table in (self.cos, self.sin))
        cos, sin = (row.repeat_interleave(2, dim=-1).unsqueeze(1) for row in rows)
        return cos, sin


@dataclass(frozen=True)
class Kernels:
    """Attention and rotation in operators that the unit has which runs the step."""

    # Queries, keys and values [R, S, D] each, heads side by side, and the number of heads -> [R, S, D]. There
    # may be fewer queries than keys.
    attend: Callable[[Tensor, Tensor, Tensor, int], Tensor]
    # [R, S, heads, H] -> [R, S, D]. The two of a pair are neighbours.
    rotate: Callable[[Tensor, Rotation], Tensor]


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attention as one operator."""
    return torch.onnx.ops.attention(query, key, value, q_num_heads=heads, kv_num_heads=heads)[0]


def rotate(x: Tensor, rotation: Rotation) -> Tensor:
    """Rotation as one operator."""
    positions = rotation.positions.expand(x.shape[0], -1)
    return torch.onnx.ops.rotary_embedding(
        x.flatten(2), rotation.cos, rotation.sin, positions, interleaved=True, num_heads=x.shape[2]
    )


PROCESSOR = Kernels(attend, rotate)


class HeadNorm(nn.Module):
    """RMSNorm and rotation of queries or keys, head by head.

    Heads stay side by side, [R, S, heads*H], so no tensor is transposed.
    """

    def __init__(self, heads: int, head_norm: Tensor, kernels: Kernels) -> None:
        super().__init__()
        self.heads, self.kernels = heads, kernels
        self.head_norm = nn.Parameter(head_norm.detach().float())

    def forward(self, x: Tensor, rotation: Rotation | None) -> Tensor:
        """[R, S, D] -> [R, S, D]. Text needs no rotation (None), because its angles are all zero."""
        x = F.rms_norm(x.unflatten(-1, (self.heads, -1)), self.head_norm.shape, self.head_norm, EPSILON)
        return x.flatten(2) if rotation is None else self.kernels.rotate(x, rotation)


class Stream(nn.Module):
    """The image or the text half of a double block; one linear gives queries, keys and values."""

    def __init__(
        self,
        qkv: nn.Linear,
        norms: tuple[Tensor, Tensor],
        out: Any,
        mlp: Any,
        heads: int,
        kernels: Kernels,
    ) -> None:
        super().__init__()
        self.qkv = qkv
        self.query, self.key = (HeadNorm(heads, norm, kernels) for norm in norms)
        self.out = copy_of(out)
        self.mlp_in, self.mlp_out = copy_of(mlp.net[0].proj), copy_of(mlp.net[2])

    def project(
        self, x: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[R, S, D] -> queries, keys and values, each [R, S, D]."""
        shift, scale, *_ = modulation
        query, key, value = self.qkv(modulate(x, shift, scale)).chunk(3, dim=-1)
        return self.query(query, rotation), self.key(key, rotation), value

    def finish(self, x: Tensor, attended: Tensor, modulation: tuple[Tensor, ...]) -> Tensor:
        """Add the gated attention and MLP to the residual stream x [R, S, D]."""
        _, _, gate_attention, shift, scale, gate_mlp = modulation
        x = x + gate_attention * self.out(attended)
        hidden = F.gelu(self.mlp_in(modulate(x, shift, scale)), approximate="tanh")
        return x + gate_mlp * self.mlp_out(hidden)


class Double(nn.Module):
    """A double block: image and text have weights of their own and attend to [text, image]."""

    def __init__(self, block: DoubleBlock, kernels: Kernels) -> None:
        super().__init__()
        attn: Any = block.attn
        self.heads, self.kernels = attn.heads, kernels
        self.image = Stream(
            stacked(attn.to_q, attn.to_k, attn.to_v),
            (attn.norm_q.weight, attn.norm_k.weight),
            attn.to_out[0],
            block.ff,
            attn.heads,
            kernels,
        )
        self.text = Stream(
            stacked(attn.add_q_proj, attn.add_k_proj, attn.add_v_proj),
            (attn.norm_added_q.weight, attn.norm_added_k.weight),
            attn.to_add_out,
            block.ff_context,
            attn.heads,
            kernels,
        )

    def forward(
        self, image: Tensor, text: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation
    ) -> tuple[Tensor, Tensor]:
        """image [R, h*w, D] and text [R, T, D] -> the same, with modulation of 12 tensors [R, 1, D].

        `rotation` is that of the image's positions.
        """
        image_modulation, text_modulation = modulation[:6], modulation[6:]
        length = text.shape[1]
        text_qkv = self.text.project(text, text_modulation, None)
        image_qkv = self.image.project(image, image_modulation, rotation)
        query, key, value = (torch.cat(pair, dim=1) for pair in zip(text_qkv, image_qkv, strict=True))
        attended = self.kernels.attend(query, key, value, self.heads)
        image = self.image.finish(image, attended[:, length:], image_modulation)
        return image, self.text.finish(text, attended[:, :length], text_modulation)


class Single(nn.Module):
    """A single block: attention and MLP side by side on [text, image].

    Attention and MLP have linears of their own, although one linear of width 7D could read their common
    input. A quantizer shares the quantized input between the two anyway, and splitting the 7D output costs
    more than it saves (5 % of such a block at D 1024). The output projection is split for the same reason:
    two linears need no concatenation, and attention and MLP each keep an activation scale.
    """

    def __init__(self, block: SingleBlock, kernels: Kernels) -> None:
        super().__init__()
        attn: SelfAttention = block.attn
        self.qkv = stacked(attn.to_q, attn.to_k, attn.to_v)
        self.heads, self.kernels = attn.heads, kernels
        norms = attn.norm_q, attn.norm_k
        self.query, self.key = (HeadNorm(attn.heads, norm.weight, kernels) for norm in norms)
        self.mlp_in = copy_of(block.proj_mlp)
        width = block.proj_out.out_features
        self.attention_out = linear(block.proj_out.weight[:, :width], block.proj_out.bias)
        self.mlp_out = linear(block.proj_out.weight[:, width:])

    def forward(self, x: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation) -> Tensor:
        """[R, S, D] -> [R, S, D], with modulation of 3 tensors [R, 1, D]."""
        shift, scale, gate = modulation
        normed = modulate(x, shift, scale)
        query, key, value = self.qkv(normed).chunk(3, dim=-1)
        attended = self.kernels.attend(
            self.query(query, rotation), self.key(key, rotation), value, self.heads
        )
        return x + gate * self.output(attended, normed)

    def output(self, attended: Tensor, normed: Tensor) -> Tensor:
        """The block's contribution to the residual stream, before its gate."""
        mlp = F.gelu(self.mlp_in(normed), approximate="tanh")
        return self.attention_out(attended) + self.mlp_out(mlp)


class LastSingle(Single):
    """The last block. No layer reads its text rows, so it has queries, MLP and output for the image only."""

    def __init__(self, block: SingleBlock, text_length: int, kernels: Kernels = PROCESSOR) -> None:
        super().__init__(block, kernels)
        del self.qkv
        self.text_length = text_length
        self.to_query = copy_of(block.attn.to_q)
        self.to_key_value = stacked(block.attn.to_k, block.attn.to_v)

    def forward(self, x: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation) -> Tensor:
        """[R, S, D] -> image rows [R, h*w, D]."""
        shift, scale, gate = modulation
        length = self.text_length
        normed = modulate(x, shift, scale)
        image = normed[:, length:]
        key, value = self.to_key_value(normed).chunk(2, dim=-1)
        query = self.query(self.to_query(image), rotation.starting_at(length))
        attended = self.kernels.attend(query, self.key(key, rotation), value, self.heads)
        return x[:, length:] + gate * self.output(attended, image)


class FrontEnd(nn.Module):
    """tokens i32 [H, W] -> image rows [1, h*w, D], by look-ups (see `fold.corner_tables`)."""

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
        table_rows = blocks.permute(1, 3, 0, 2).reshape(side * side, -1) + self.corners
        # No ReduceSum: Qualcomm's compiler computes one before a norm wrongly (docs/npu.md).
        first, second, third, fourth = self.table(table_rows).split(1)
        return self.project_to_hidden(rms_norm(first + second + third + fourth))


class Head(nn.Module):
    """Image rows [R, h*w, D] -> features [R, h*w, K, D] of the K = 1 or 4 tokens of each position.

    The projection of features gives the logits.
    """

    def __init__(self, transformer: MaskedTransformer) -> None:
        super().__init__()
        self.side = transformer.config.compression
        if self.side > 1:
            weight = after_norm(transformer.project_from_hidden.weight, transformer.project_from_hidden_norm)
            self.project_from_hidden = linear(weight)
        self.up = linear(upsampling(transformer))

    def forward(self, x: Tensor) -> Tensor:
        x = rms_norm(x)
        if self.side > 1:
            x = rms_norm(self.project_from_hidden(x))
        return rms_norm(self.up(x).unflatten(-1, (self.side * self.side, -1)))


class Transformer(nn.Module):
    """The step up to its features: what does not depend on guidance and random numbers.

    Inputs: tokens i32 [H, W], context [R, T, D], modulation [R, M]. Output: features [R, h*w, K*D]. With a
    share of `noise` in the embeddings also embedding_noise [H, W, D], which only TransformerStep takes.
    Raises CheckpointError for a model without single blocks.
    """

    def __init__(
        self,
        transformer: MaskedTransformer,
        text_length: int,
        height: int,
        width: int,
        kernels: Kernels = PROCESSOR,
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        config = transformer.config
        if not len(transformer.single_transformer_blocks):
            raise CheckpointError("num_single_layers 0: only models with single blocks can be exported")
        self.width = config.inner_dim
        self.front: nn.Module = NoisyFrontEnd(transformer, noise) if noise else FrontEnd(transformer)
        doubles: Iterable[Any] = transformer.transformer_blocks
        singles: Iterable[Any] = transformer.single_transformer_blocks
        self.double_blocks = nn.ModuleList(Double(block, kernels) for block in doubles)
        *earlier, last = singles
        self.single_blocks = nn.ModuleList(Single(block, kernels) for block in earlier)
        self.last_block = LastSingle(last, text_length, kernels)
        self.head = Head(transformer)
        self.grid = height // config.compression, width // config.compression
        cos, sin = rope_table(text_length, *self.grid, config.axes_dims_rope)
        self.cos: Tensor
        self.sin: Tensor
        self.positions: Tensor
        self.register_buffer("cos", cos)
        self.register_buffer("sin", sin)
        self.register_buffer("positions", torch.arange(cos.shape[0]).unsqueeze(0))

    def parts(self, modulation: Tensor) -> Callable[[int], tuple[Tensor, ...]]:
        """A function that takes the next parts [R, 1, D] of the modulation: a block slices what it reads."""
        place = 0

        def take(count: int) -> tuple[Tensor, ...]:
            nonlocal place
            part = modulation.unsqueeze(1).narrow(-1, place, count * self.width)
            place += count * self.width
            return part.split(self.width, dim=-1)

        return take

    def features(self, tokens: Tensor, context: Tensor, modulation: Tensor, *noise: Tensor) -> Tensor:
        """Features [R, h*w, K, D] before guidance."""
        take = self.parts(modulation)
        image = self.front(tokens, *noise).expand(context.shape[0], -1, -1)
        text = context
        rotation = Rotation(self.cos, self.sin, self.positions)
        of_image = rotation.starting_at(context.shape[1])
        for block in self.double_blocks:
            image, text = block(image, text, take(12), of_image)
        x = torch.cat([text, image], dim=1)
        for block in self.single_blocks:
            x = block(x, take(3), rotation)
        return self.head(self.last_block(x, take(3), rotation))

    def forward(self, tokens: Tensor, context: Tensor, modulation: Tensor) -> Tensor:
        return self.features(tokens, context, modulation).flatten(2)


class TransformerStep(Transformer):
    """One step of the loop on a grid of H x W tokens, in one graph.

    Inputs: tokens i32 [H, W], context [R, T, D], modulation [R, M], guidance [], uniforms [2, H*W], and
    embedding_noise [H, W, D] of a student that takes it.
    Outputs: drawn i32 [H*W], log_prob [H*W].
    """

    def __init__(
        self, transformer: MaskedTransformer, text_length: int, height: int, width: int, noise: float = 0.0
    ) -> None:
        super().__init__(transformer, text_length, height, width, noise=noise)
        self.side = transformer.config.compression
        self.drawing = DrawingHead(transformer.mlm_layer, height * width)

    def guided(
        self, tokens: Tensor, context: Tensor, modulation: Tensor, guidance: Tensor, *noise: Tensor
    ) -> Tensor:
        """Guided features [H*W, D]; `drawing.logits` maps them to the guided logits."""
        features = self.features(tokens, context, modulation, *noise)
        return guided_features(features, guidance, self.grid, self.side)

    def forward(  # type: ignore[override]  # it draws, too
        self,
        tokens: Tensor,
        context: Tensor,
        modulation: Tensor,
        guidance: Tensor,
        uniforms: Tensor,
        embedding_noise: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        noise = () if embedding_noise is None else (embedding_noise,)
        return self.drawing(self.guided(tokens, context, modulation, guidance, *noise), uniforms)
