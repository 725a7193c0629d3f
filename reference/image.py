"""Conversions between pictures, 8-bit tensors and tokens, and from mask pictures to token grids."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from reference.component_configs import MAX_SIDE
from reference.errors import CheckpointError, RequestError
from reference.fit import scaled
from reference.pictures import MODES, on_white, repainted


def to_pixels(image: Image.Image, unit: int) -> Tensor:
    """u8 [h, w, 3], transparency on white. Raises RequestError for a wrong mode or side, see `check_size`."""
    if image.mode not in MODES:
        raise RequestError(f"the image has mode {image.mode}: convert it to 8-bit RGB")
    check_size(image.size, unit, "the image is")
    return torch.from_numpy(np.array(on_white(image)))


def check_size(size: tuple[int, int], unit: int, what: str = "size") -> None:
    """Raise RequestError, naming a valid size, unless each side is a positive multiple of `unit` pixels.

    A side has at most MAX_SIDE pixels.
    """
    width, height = size
    if any(side < 1 or side % unit for side in size):
        near = [max(round(min(side, MAX_SIDE) / unit), 1) * unit for side in size]
        raise RequestError(
            f"{what} {width}x{height}: each side must be a multiple of {unit} pixels,"
            f" such as {near[0]}x{near[1]}"
        )
    if max(size) > MAX_SIDE:
        raise RequestError(f"{what} {width}x{height}: a side has at most {MAX_SIDE} pixels")


def mask_grid(mask: Image.Image, size: tuple[int, int], token_size: int) -> Tensor:
    """Mask picture (white = repaint) of `size` (W, H) pixels -> bool [H, W] of tokens to repaint.

    As published: convert to grey, resize with Lanczos to one pixel a token, repaint where at least 128.
    Transparent pixels keep. Raises RequestError for another size or mode.
    """
    if mask.mode not in MODES:
        raise RequestError(f"the mask has mode {mask.mode}: convert it to 8-bit grey, white where to repaint")
    if mask.size != size:
        raise RequestError(
            f"the mask is {mask.width}x{mask.height}, but the image {size[0]}x{size[1]}: they must be equal"
        )
    width, height = size[0] // token_size, size[1] // token_size
    small = scaled(repainted(mask), (width, height))
    return torch.from_numpy(np.array(small) >= 128)


@torch.no_grad()
def encode_pixels(vqvae: Any, pixels: Tensor) -> Tensor:
    """u8 [B, h, w, 3] -> tokens i64 [B, H, W]: the code nearest (L2) to each position of the latents."""
    weight = vqvae.quantize.embedding.weight
    values = pixels.to(weight.device).permute(0, 3, 1, 2).to(weight.dtype) / 255
    latents = vqvae.quant_conv(vqvae.encoder(values)).permute(0, 2, 3, 1)
    return torch.cdist(latents.flatten(0, 2), weight).argmin(dim=-1).view(latents.shape[:3])


@torch.no_grad()
def decode_tokens(vqvae: Any, tokens: Tensor) -> Tensor:
    """Tokens i64 [B, H, W] -> u8 [B, h, w, 3] on the CPU.

    One image at a time, because the decoder needs the most memory of all parts. Its output in [0, 1] is
    clipped and rounded, half to even.
    """
    images = []
    for grid in tokens:
        codebook = vqvae.quantize.embedding.weight
        quantized = F.embedding(grid[None].to(codebook.device), codebook).permute(0, 3, 1, 2)
        guide = quantized if vqvae.config.norm_type == "spatial" else None
        values = vqvae.decoder(vqvae.post_quant_conv(quantized), guide)
        if not values.isfinite().all():
            raise CheckpointError(
                "the VQ decoder gave values that are not numbers: its weights are damaged or too large; copy"
                " or download the checkpoint again"
            )
        images.append((values.float().clamp(0, 1) * 255).round().to("cpu", torch.uint8))
    return torch.cat(images).permute(0, 2, 3, 1)


def to_images(pixels: Tensor) -> list[Image.Image]:
    """u8 [B, h, w, 3] -> pictures."""
    return [Image.fromarray(picture) for picture in pixels.contiguous().numpy()]
