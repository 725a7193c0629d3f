"""The graphs between tokens and pixels: the VQ model's decoder and encoder, with 8-bit RGB pixels.

The convolutional trunks are those of a diffusers `VQModel`, which has no type hints (hence Any). Code
look-up, pixel conversion and the search for the nearest code are ours.
"""

import copy
from typing import Any

import torch
import torch.onnx.ops
from torch import Tensor, nn

from export.draw_head import chunk_size
from export.fold import codebook_table, lookup, nearest_code
from reference.errors import CheckpointError


class ImageDecoder(nn.Module):
    """tokens i32 [H, W], none masked -> image u8 [H*token_size, W*token_size, 3].

    Raises CheckpointError for a VQ model with other norms than GroupNorm.
    """

    def __init__(self, vqvae: Any) -> None:
        super().__init__()
        if vqvae.config.norm_type != "group":
            raise CheckpointError(f'vqvae norm_type {vqvae.config.norm_type!r}: only "group" can be exported')
        table = codebook_table(vqvae.quantize.embedding.weight.detach(), vqvae.post_quant_conv)
        self.table = lookup(table)
        self.decoder = trunk(vqvae.decoder)

    def pixels(self, tokens: Tensor) -> Tensor:
        """The picture f32 [H*token_size, W*token_size, 3], white at 1."""
        return self.decoder(self.table(tokens).permute(2, 0, 1).unsqueeze(0)).squeeze(0).permute(1, 2, 0)

    def forward(self, tokens: Tensor) -> Tensor:
        # As in the published pipeline: pixels are in [0, 1], not [-1, 1], and are rounded half to even.
        return (self.pixels(tokens).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)


class TinyImageDecoder(ImageDecoder):
    """The same for a tiny decoder (`reference.tiny_decoder_model`)."""

    def __init__(self, tiny: Any) -> None:
        nn.Module.__init__(self)
        self.table = lookup(tiny.table.weight)
        self.decoder = trunk(tiny.decoder)


class QuantizedImageDecoder(ImageDecoder):
    """The same for a graph of integers: its codes of the picture, in units of 1/255, are the levels.

    Quantize clips and rounds as the published pipeline does. PyTorch can trace this module, but not run it.
    """

    def forward(self, tokens: Tensor) -> Tensor:
        pixels = self.pixels(tokens)
        unit, black = torch.tensor(1 / 255), torch.tensor(0, dtype=torch.uint8)
        return torch.onnx.ops.symbolic(
            "QuantizeLinear", (pixels, unit, black), dtype=torch.uint8, shape=pixels.shape
        )


class ImageEncoder(nn.Module):
    """image u8 [H*token_size, W*token_size, 3] -> tokens i32 [H, W], the nearest codes.

    Scores are computed in chunks of positions, as in `draw_head`.
    """

    def __init__(self, vqvae: Any, height: int, width: int) -> None:
        super().__init__()
        self.encoder = trunk(vqvae.encoder)
        self.scores = nearest_code(vqvae.quantize.embedding.weight.detach(), vqvae.quant_conv)
        self.height, self.width = height, width
        self.chunk = chunk_size(height * width, self.scores.out_features)

    def forward(self, image: Tensor) -> Tensor:
        latents = self.encoder(image.permute(2, 0, 1).unsqueeze(0).float() / 255.0)
        rows = latents.flatten(2).transpose(1, 2)  # [1, H*W, latent channels]
        codes = [self.scores(part).argmax(dim=-1) for part in rows.split(self.chunk, dim=1)]
        return torch.cat(codes, dim=1).to(torch.int32).reshape(self.height, self.width)


def trunk(module: nn.Module) -> nn.Module:
    """A frozen float32 copy of a VQ trunk, in evaluation mode."""
    copied = copy.deepcopy(module)
    copied.load_state_dict(
        {name: tensor.float() for name, tensor in module.state_dict().items()}, assign=True
    )
    return copied.eval().requires_grad_(False)
