"""The transformer's blocks in half precision: embedded tokens to features before guidance.

embedded, context, modulation -> double blocks -> stream -> single blocks -> features
                                 '-- one graph, or two where its weights are too many for a phone --'
"""

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.apple.data_format import Layout, Rotation, halves_first, reordered
from export.fold import after_norm, copy_of, linear, stacked, upsampling
from reference.blocks import DoubleBlock, SingleBlock, rope_table
from reference.transformer import MaskedTransformer


class HeadNorm(nn.Module):
    """Norm and rotation of queries or keys."""

    def __init__(self, layout: Layout, weight: Tensor, heads: int) -> None:
        super().__init__()
        self.layout, self.heads = layout, heads
        self.weight = nn.Parameter(halves_first(weight.detach().float(), 1), requires_grad=False)

    def forward(self, x: Tensor, rotation: Rotation | None) -> Tensor:
        return self.layout.head_norm(x, self.weight, self.heads, rotation)


class Stream(nn.Module):
    """The image or the text half of a double block."""

    def __init__(
        self, layout: Layout, qkv: Any, norms: tuple[Tensor, Tensor], out: Any, mlp: Any, heads: int
    ):
        super().__init__()
        self.layout = layout
        query, key, value = qkv
        self.qkv = layout.layer(stacked(reordered(query, heads), reordered(key, heads), value))
        self.query, self.key = (HeadNorm(layout, norm, heads) for norm in norms)
        self.out = layout.layer(copy_of(out))
        self.mlp_in, self.mlp_out = layout.layer(copy_of(mlp.net[0].proj)), layout.layer(copy_of(mlp.net[2]))

    def project(
        self, x: Tensor, shift: Tensor, scale: Tensor, rotation: Rotation | None
    ) -> tuple[Tensor, ...]:
        """Queries, keys and values."""
        query, key, value = self.layout.split(self.qkv(self.layout.layer_norm(x) * scale + shift), 3)
        return self.query(query, rotation), self.key(key, rotation), value

    def finish(self, x: Tensor, attended: Tensor, modulation: tuple[Tensor, ...]) -> Tensor:
        _, _, gate_attention, shift, scale, gate_mlp = modulation
        x = x + gate_attention * self.out(attended)
        hidden = F.gelu(self.mlp_in(self.layout.layer_norm(x) * scale + shift), approximate="tanh")
        return x + gate_mlp * self.mlp_out(hidden)


class Double(nn.Module):
    """Image and text with weights of their own attend to their concatenation, text first."""

    def __init__(self, layout: Layout, block: DoubleBlock) -> None:
        super().__init__()
        attn: Any = block.attn
        self.layout, self.heads = layout, attn.heads
        self.image = Stream(
            layout,
            (attn.to_q, attn.to_k, attn.to_v),
            (attn.norm_q.weight, attn.norm_k.weight),
            attn.to_out[0],
            block.ff,
            attn.heads,
        )
        self.text = Stream(
            layout,
            (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj),
            (attn.norm_added_q.weight, attn.norm_added_k.weight),
            attn.to_add_out,
            block.ff_context,
            attn.heads,
        )

    def forward(
        self, image: Tensor, text: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation, length: int
    ) -> tuple[Tensor, Tensor]:
        layout, of_image, of_text = self.layout, modulation[:6], modulation[6:]
        from_text = self.text.project(text, of_text[0], of_text[1], None)
        from_image = self.image.project(image, of_image[0], of_image[1], rotation.of(length))
        query, key, value = (layout.join(*pair) for pair in zip(from_text, from_image, strict=True))
        attended = layout.attend(query, key, value, self.heads)
        of_text_alone = layout.narrow(attended, 0, length)
        of_image_alone = layout.narrow(attended, length, len(rotation.cos) - length)
        return self.image.finish(image, of_image_alone, of_image), self.text.finish(
            text, of_text_alone, of_text
        )


class Single(nn.Module):
    """Attention beside MLP on [text, image], or for the image alone where nothing reads the text: the last.

    `skipped` text positions have no queries, MLP and output: 0, or all of them.
    """

    def __init__(self, layout: Layout, block: SingleBlock, skipped: int = 0) -> None:
        super().__init__()
        attn: Any = block.attn
        self.layout, self.heads, self.skipped = layout, attn.heads, skipped
        self.to_query = layout.layer(reordered(attn.to_q, attn.heads))
        self.to_key_value = layout.layer(stacked(reordered(attn.to_k, attn.heads), attn.to_v))
        self.query = HeadNorm(layout, attn.norm_q.weight, attn.heads)
        self.key = HeadNorm(layout, attn.norm_k.weight, attn.heads)
        self.mlp_in = layout.layer(copy_of(block.proj_mlp))
        width = block.proj_out.out_features
        self.attention_out = layout.layer(linear(block.proj_out.weight[:, :width], block.proj_out.bias))
        self.mlp_out = layout.layer(linear(block.proj_out.weight[:, width:]))

    def forward(self, x: Tensor, modulation: tuple[Tensor, ...], rotation: Rotation) -> Tensor:
        layout, (shift, scale, gate) = self.layout, modulation
        normed = layout.layer_norm(x) * scale + shift
        key, value = layout.split(self.to_key_value(normed), 2)
        key = self.key(key, rotation)
        if self.skipped:
            rotation = rotation.of(self.skipped)
            normed, x = (layout.narrow(part, self.skipped, len(rotation.cos)) for part in (normed, x))
        query = self.query(self.to_query(normed), rotation)
        attended = self.attention_out(layout.attend(query, key, value, self.heads))
        mlp = self.mlp_out(F.gelu(self.mlp_in(normed), approximate="tanh"))
        return x + gate * (attended + mlp)


class DoubleBlocks(nn.Module):
    """embedded [1, h*w, D], context [R, T, D], modulation [R, M] -> stream [R, T+h*w, D]."""

    def __init__(self, transformer: MaskedTransformer, layout: Layout, grid: tuple[int, int, int]) -> None:
        """`grid`: (T, h, w)."""
        super().__init__()
        config = transformer.config
        self.layout, self.length, self.width = layout, grid[0], config.inner_dim
        # Without compression the embedder's table holds this projection too.
        self.project_to_hidden = None
        if config.downsample:
            weight = after_norm(transformer.project_to_hidden.weight, transformer.project_to_hidden_norm)
            self.project_to_hidden = layout.layer(linear(weight))
        doubles: Iterable[Any] = transformer.transformer_blocks
        self.blocks = nn.ModuleList(Double(layout, block) for block in doubles)
        self.rotation = Rotating(transformer, grid)

    def forward(self, embedded: Tensor, context: Tensor, modulation: Tensor) -> Tensor:
        layout = self.layout
        image = layout.enter(embedded)
        if self.project_to_hidden is not None:
            image = self.project_to_hidden(layout.rms_norm(image))
        image, text = image.expand(context.shape[0], *image.shape[1:]), layout.enter(context)
        width, rotation = 12 * self.width, self.rotation()
        for index, block in enumerate(self.blocks):
            parts = layout.parts(modulation.narrow(1, index * width, width), self.width)
            image, text = block(image, text, parts, rotation, self.length)
        return layout.leave(layout.join(text, image))


class SingleBlocks(nn.Module):
    """stream [R, T+h*w, D], modulation [R, M] -> features [R, h*w, K*D].

    The head's linear layers are here too; features are normed per token (K = 4 with feature compression, else
    1) and only guidance and one projection away from logits.
    """

    def __init__(self, transformer: MaskedTransformer, layout: Layout, grid: tuple[int, int, int]) -> None:
        super().__init__()
        config = transformer.config
        self.layout, self.width, self.tokens = layout, config.inner_dim, config.compression**2
        self.before = 12 * config.num_layers * config.inner_dim  # modulation of the double blocks
        singles: Iterable[Any] = transformer.single_transformer_blocks
        *earlier, last = singles
        blocks = [Single(layout, block) for block in earlier]
        self.blocks = nn.ModuleList([*blocks, Single(layout, last, skipped=grid[0])])
        self.rotation = Rotating(transformer, grid)
        project = after_norm(transformer.project_from_hidden.weight, transformer.project_from_hidden_norm)
        self.project_from_hidden = None
        if config.upsample:
            self.project_from_hidden = layout.layer(linear(project))
            self.up = layout.layer(linear(upsampling(transformer)))
        else:  # nothing stands between project_from_hidden and conv1
            self.up = layout.layer(linear(transformer.mlm_layer.conv1.weight.double().flatten(1) @ project))

    def forward(self, stream: Tensor, modulation: Tensor) -> Tensor:
        layout = self.layout
        x, width, rotation = layout.enter(stream), 3 * self.width, self.rotation()
        for index, block in enumerate(self.blocks):
            parts = layout.parts(modulation.narrow(1, self.before + index * width, width), self.width)
            x = block(x, parts, rotation)
        x = layout.rms_norm(x)
        if self.project_from_hidden is not None:
            x = layout.rms_norm(self.project_from_hidden(x))
        tokens = layout.split(self.up(x), self.tokens)
        return layout.leave(torch.cat([layout.rms_norm(token) for token in tokens], dim=layout.channels))


class Transformer(nn.Module):
    """Both in one graph: embedded [1, h*w, D], context [R, T, D], modulation [R, M] -> features."""

    def __init__(self, transformer: MaskedTransformer, layout: Layout, grid: tuple[int, int, int]) -> None:
        super().__init__()
        self.double_blocks = DoubleBlocks(transformer, layout, grid)
        self.single_blocks = SingleBlocks(transformer, layout, grid)

    def forward(self, embedded: Tensor, context: Tensor, modulation: Tensor) -> Tensor:
        return self.single_blocks(self.double_blocks(embedded, context, modulation), modulation)


class Rotating(nn.Module):
    """Angles of all positions, text first. `rope_table`'s serve halves as they serve pairs."""

    def __init__(self, transformer: MaskedTransformer, grid: tuple[int, int, int]) -> None:
        super().__init__()
        cos, sin = rope_table(*grid, transformer.config.axes_dims_rope)
        self.cos: Tensor
        self.sin: Tensor
        self.register_buffer("cos", cos)
        self.register_buffer("sin", sin)

    def forward(self) -> Rotation:
        return Rotation(self.cos, self.sin)
