"""Exact weight algebra: one linear or table in place of several layers of the reference.

In real numbers both sides are equal, so they differ by rounding alone. Products of weights are computed in
float64 and rounded to float32 once.
"""

from typing import Any

import torch
from torch import Tensor, nn

from reference.blocks import RMSNorm
from reference.transformer import MaskedTransformer


def linear(weight: Tensor, bias: Tensor | None = None) -> nn.Linear:
    """A float32 linear layer of weight [out, in] and bias [out]."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight.detach().float().contiguous(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().float().contiguous(), requires_grad=False)
    return layer


def lookup(table: Tensor) -> nn.Embedding:
    """A float32 table [rows, width] whose rows are looked up."""
    return nn.Embedding.from_pretrained(table.detach().float(), freeze=True)


def copy_of(layer: nn.Linear) -> nn.Linear:
    """A float32 copy of the layer."""
    return linear(layer.weight, layer.bias)


def stacked(*layers: nn.Linear) -> nn.Linear:
    """One linear that concatenates the outputs of several linears of the same input."""
    weight = torch.cat([layer.weight for layer in layers])
    if all(layer.bias is None for layer in layers):
        return linear(weight)
    return linear(weight, torch.cat([layer.bias for layer in layers]))


def after_norm(weight: Tensor, norm: RMSNorm) -> Tensor:
    """The norm's weight g moved into the next linear's weight W [out, in]: W (g * x) = (W diag g) x."""
    return weight.double() * norm.weight.double()


def corner_tables(transformer: MaskedTransformer) -> Tensor:
    """Tables f32 [K*V, D] that embed V tokens; K = 4 with feature compression, else 1.

        tokens -> table -> RMSNorm -> 1x1 conv -> RMSNorm -> 2x2 conv, stride 2
                  '------------ all per token ----------'    '- a sum over four corners

    A token enters the 2x2 convolution at one corner, so each corner (row, column) in {0,1}^2 has its own
    table, whose rows are V*(2*row + column) + token. The sum of a block's four rows is the compressed grid
    before project_to_hidden_norm. Without compression the one table also holds project_to_hidden_norm and
    project_to_hidden.
    """
    embed = transformer.embed
    rows = rms_normed(embed.embeddings.weight) @ after_norm(embed.conv.weight.flatten(1), embed.layer_norm).T
    if not transformer.config.downsample:
        project = after_norm(transformer.project_to_hidden.weight, transformer.project_to_hidden_norm)
        return (rms_normed(rows) @ project.T).float()
    down: Any = transformer.down_block.get_submodule("downsample")
    kernel = down.conv.weight.double() * down.norm.weight.double()[:, None, None]  # [D_out, D_in, 2, 2]
    normed = rms_normed(rows)
    return torch.cat([normed @ kernel[:, :, row, column].T for row in (0, 1) for column in (0, 1)]).float()


def rms_normed(x: Tensor) -> Tensor:
    """RMSNorm without weight, in float64."""
    return nn.functional.rms_norm(x.double(), x.shape[-1:], eps=1e-6)


def upsampling(transformer: MaskedTransformer) -> Tensor:
    """Weight f32 [K*D, D] of the linear up to mlm_layer.conv1; K = 4 with feature compression, else 1.

        x -> norm -> transposed conv 2x2, stride 2 -> conv1    ==    x -> norm without weight -> linear
        x -> norm -> project_from_hidden -> conv1              ==    x -> norm without weight -> linear

    The transposed convolution's stride equals its kernel, so no output pixel is written twice and it is a
    linear per input pixel. The K*D outputs are ordered (row, column, channel) of the 2x2 block.
    """
    conv1 = transformer.mlm_layer.conv1.weight.double().flatten(1)  # [D_out, D_mid]
    if not transformer.config.upsample:
        project = after_norm(transformer.project_from_hidden.weight, transformer.project_from_hidden_norm)
        return (conv1 @ project).float()
    up: Any = transformer.up_block.get_submodule("upsample")
    kernel = up.conv.weight.double() * up.norm.weight.double()[:, None, None, None]  # [D_in, D_mid, 2, 2]
    return torch.einsum("om,imrc->rcoi", conv1, kernel).flatten(0, 2).float()


def codebook_table(codebook: Tensor, post_quant_conv: nn.Conv2d) -> Tensor:
    """The decoder's input for each code, [C, latent channels]: codebook [C, E] after post_quant_conv."""
    assert post_quant_conv.bias is not None
    weight = post_quant_conv.weight.double().flatten(1)
    return (codebook.double() @ weight.T + post_quant_conv.bias.double()).float()


def nearest_code(codebook: Tensor, quant_conv: nn.Conv2d) -> nn.Linear:
    """A linear [latent channels] -> [C] whose largest output marks the code nearest to quant_conv's output.

    With z = W h + b, argmin |z - e|^2 = argmax 2 z.e - |e|^2, so code e scores h.(2 W^T e) + 2 b.e - |e|^2.
    """
    assert quant_conv.bias is not None
    codes = codebook.double()
    weight = 2 * codes @ quant_conv.weight.double().flatten(1)
    return linear(weight, 2 * codes @ quant_conv.bias.double() - codes.square().sum(-1))
