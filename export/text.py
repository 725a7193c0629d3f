"""The text encoder's graph, with the weights of a transformers `CLIPTextModelWithProjection`.

Only the pooled vector reads the last layer, and only at one position, so that layer computes one query a row.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPTextModelWithProjection

from export.fold import copy_of, lookup, stacked

LEGACY_EOS = 2  # configs with this eos_token_id pool at the largest id, which is the end-of-text token's


class TextEncoder(nn.Module):
    """input_ids i32 [R, T] -> text_hidden [R, T, J], text_pooled [R, P].

    text_hidden is the output of the last layer but one, before the final norm. text_pooled is the projection
    of the normed last layer at the end-of-text token. Attention is causal and reads padding, as published.
    """

    def __init__(self, encoder: CLIPTextModelWithProjection) -> None:
        super().__init__()
        model, config = encoder.text_model, encoder.config
        self.eos: Any = config.eos_token_id
        self.tokens = lookup(model.embeddings.token_embedding.weight)
        self.positions = nn.Parameter(
            model.embeddings.position_embedding.weight.detach().float(), requires_grad=False
        )
        *layers, last = (Layer(layer, config.num_attention_heads) for layer in model.encoder.layers)
        self.layers = nn.ModuleList(layers)
        self.last = last
        self.final_norm = norm_of(model.final_layer_norm)
        self.projection = copy_of(encoder.text_projection)

    def forward(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        length = input_ids.shape[1]
        x = self.tokens(input_ids) + self.positions[:length]
        for layer in self.layers:
            x = layer(x)
        ends = self.end_of_text(input_ids)  # [R, 1]
        at_end = x.gather(1, ends.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
        # Causal: the query at position p reads positions 0 .. p. [R, 1, 1, T]
        visible = (torch.arange(length) <= ends)[:, None, None]
        return x, self.projection(self.final_norm(self.last.at(at_end, x, visible))).squeeze(1)

    def end_of_text(self, input_ids: Tensor) -> Tensor:
        """The position of the first end-of-text token, i64 [R, 1]."""
        marks = input_ids if self.eos == LEGACY_EOS else input_ids.eq(self.eos).int()
        return marks.argmax(dim=-1, keepdim=True)


class Layer(nn.Module):
    """A pre-norm transformer layer of CLIP's text tower."""

    def __init__(self, layer: Any, heads: int) -> None:
        super().__init__()
        attention = layer.self_attn
        self.heads = heads
        self.norm1, self.norm2 = norm_of(layer.layer_norm1), norm_of(layer.layer_norm2)
        self.query = copy_of(attention.q_proj)
        self.key_value = stacked(attention.k_proj, attention.v_proj)
        self.out = copy_of(attention.out_proj)
        self.activation = layer.mlp.activation_fn
        self.mlp_in, self.mlp_out = copy_of(layer.mlp.fc1), copy_of(layer.mlp.fc2)

    def forward(self, x: Tensor) -> Tensor:
        """All positions with causal attention, [R, T, J] -> [R, T, J]."""
        normed = self.norm1(x)
        key, value = self.keys_values(normed)
        attended = F.scaled_dot_product_attention(self.split(self.query(normed)), key, value, is_causal=True)
        return self.finish(x, attended)

    def at(self, x: Tensor, all_positions: Tensor, visible: Tensor) -> Tensor:
        """One position a row, x [R, 1, J] -> [R, 1, J].

        It attends to those of `all_positions` [R, T, J] that `visible`, bool [R, 1, 1, T], names.
        """
        key, value = self.keys_values(self.norm1(all_positions))
        query = self.split(self.query(self.norm1(x)))
        return self.finish(x, F.scaled_dot_product_attention(query, key, value, attn_mask=visible))

    def keys_values(self, normed: Tensor) -> tuple[Tensor, Tensor]:
        """[R, T, J] -> keys and values, each [R, heads, T, J/heads]."""
        key, value = self.key_value(normed).chunk(2, dim=-1)
        return self.split(key), self.split(value)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """Add attention and MLP to the residual stream x."""
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        return x + self.mlp_out(self.activation(self.mlp_in(self.norm2(x))))

    def split(self, x: Tensor) -> Tensor:
        """[R, S, J] -> [R, heads, S, J/heads]."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def norm_of(norm: nn.LayerNorm) -> nn.LayerNorm:
    """A frozen float32 copy of the norm."""
    copy = nn.LayerNorm(norm.normalized_shape, eps=norm.eps)
    copy.load_state_dict({key: value.detach().float() for key, value in norm.state_dict().items()})
    return copy.requires_grad_(False)
