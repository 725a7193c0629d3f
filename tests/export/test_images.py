"""Tokens to pixels and back against diffusers' VQModel."""

import torch

from export.graphs import token_grid
from export.images import ImageDecoder, ImageEncoder
from reference.checkpoint import Checkpoint


@torch.no_grad()
def test_decoded_pixels_equal_the_vq_models(checkpoint: Checkpoint, size: tuple[int, int]):
    vqvae = checkpoint.vqvae
    width, height = token_grid(checkpoint, size)
    tokens = torch.randint(0, vqvae.config.num_vq_embeddings, (height, width), dtype=torch.int32)
    shape = (1, height, width, vqvae.config.latent_channels)
    expected = vqvae.decode(tokens, force_not_quantize=True, shape=shape).sample[0].permute(1, 2, 0)
    image = ImageDecoder(vqvae)(tokens)
    assert image.dtype == torch.uint8 and image.shape == (size[1], size[0], 3)
    assert (image / 255.0 - expected.clamp(0, 1)).abs().max() <= 0.5 / 255 + 1e-4


@torch.no_grad()
def test_encoded_tokens_equal_the_vq_models(checkpoint: Checkpoint, size: tuple[int, int]):
    width, height = token_grid(checkpoint, size)
    image = torch.randint(0, 256, (size[1], size[0], 3), dtype=torch.uint8)
    latents = checkpoint.vqvae.encode(image.permute(2, 0, 1)[None] / 255.0).latents
    expected = checkpoint.vqvae.quantize(latents)[2][2]
    tokens = ImageEncoder(checkpoint.vqvae, height, width)(image)
    assert tokens.dtype == torch.int32 and tokens.shape == (height, width)
    assert torch.equal(tokens.flatten().long(), expected.flatten())
