"""Exact weight algebra: linears and tables that give what several layers of the reference give.

Every function here is an identity of real numbers, so only rounding separates the two sides. Products of
weights are formed in float64 and rounded once.
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
    """A float32 table [rows, width] to look rows up in."""
    return nn.Embedding.from_pretrained(table.detach().float(), freeze=True)


def copy_of(layer: nn.Linear) -> nn.Linear:
    """The layer in float32."""
    return linear(layer.weight, layer.bias)


def stacked(*layers: nn.Linear) -> nn.Linear:
    """One linear that gives the outputs of several linears of one input, one after the other."""
    weight = torch.cat([layer.weight for layer in layers])
    if all(layer.bias is None for layer in layers):
        return linear(weight)
    return linear(weight, torch.cat([layer.bias for layer in layers]))


def after_norm(weight: Tensor, norm: RMSNorm) -> Tensor:
    """Weight [out, in] that reads a norm without weight: W (g * x) = (W diag g) x."""
    return weight.double() * norm.weight.double()


def corner_tables(transformer: MaskedTransformer) -> Tensor:
    """Tables of the front end, [K*V, D] float32; K = 4 with feature compression, else 1.

        tokens -> table -> RMSNorm -> 1x1 conv -> RMSNorm -> 2x2 conv, stride 2
                  '------------ all per token ----------'    '- a sum over four corners

    A token enters the 2x2 convolution at one corner, so each corner (row, column) in {0,1}^2 has a table of
    its own: row V*(2*row + column) + token. The sum of the four rows is the compressed grid before
    project_to_hidden_norm. Without compression the one table also holds project_to_hidden_norm and
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
    """Weight [4*D, D]: up_block's norm weight, transposed 2x2 convolution and mlm_layer.conv1 in one.

        x -> norm -> transposed conv 2x2, stride 2 -> conv1    ==    x -> norm without weight -> linear

    Strides equal the kernel, so no output pixel is written twice and the transposed convolution is a linear
    per input pixel; nothing stands between it and conv1. Outputs are ordered (row, column, channel) of the
    2x2 block.
    """
    up: Any = transformer.up_block.get_submodule("upsample")
    conv1 = transformer.mlm_layer.conv1.weight.double().flatten(1)  # [D_out, D_mid]
    kernel = up.conv.weight.double() * up.norm.weight.double()[:, None, None, None]  # [D_in, D_mid, 2, 2]
    return torch.einsum("om,imrc->rcoi", conv1, kernel).flatten(0, 2).float()


def codebook_table(codebook: Tensor, post_quant_conv: nn.Conv2d) -> Tensor:
    """Rows of the decoder's input [C, latent channels]: codebook [C, E] through the 1x1 post_quant_conv."""
    assert post_quant_conv.bias is not None
    weight = post_quant_conv.weight.double().flatten(1)
    return (codebook.double() @ weight.T + post_quant_conv.bias.double()).float()


def nearest_code(codebook: Tensor, quant_conv: nn.Conv2d) -> nn.Linear:
    """A linear whose largest output is the code nearest to quant_conv of its input, [latent channels] -> [C].

    argmin |z - e|^2 = argmax 2 z.e - |e|^2 with z = W h + b, so code e scores h.(2 W^T e) + 2 b.e - |e|^2.
    """
    assert quant_conv.bias is not None
    codes = codebook.double()
    weight = 2 * codes @ quant_conv.weight.double().flatten(1)
    return linear(weight, 2 * codes @ quant_conv.bias.double() - codes.square().sum(-1))
