"""Each merged weight against the layers of the reference or of diffusers that it replaces."""

import pytest
import torch
import torch.nn.functional as F

from export.fold import after_norm, codebook_table, corner_tables, linear, nearest_code, stacked, upsampling
from export.step import FrontEnd
from reference.checkpoint import Checkpoint
from tests.export.inputs import half_masked


@pytest.fixture(autouse=True)
def no_grad():
    with torch.no_grad():
        yield


def test_the_tables_have_a_row_for_each_token_and_corner(checkpoint: Checkpoint):
    config = checkpoint.transformer.config
    rows = config.vocab_size * config.compression**2
    assert corner_tables(checkpoint.transformer).shape == (rows, config.inner_dim)


def test_front_end_gives_the_embedded_tokens_of_the_reference(checkpoint: Checkpoint, size: tuple[int, int]):
    tokens = half_masked(checkpoint, size)
    expected = checkpoint.transformer.embed_tokens(tokens[None])
    actual = FrontEnd(checkpoint.transformer)(tokens.int())
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("checkpoint", ["mei"], indirect=True)  # mono has one table
def test_front_end_tells_the_four_corners_apart(checkpoint: Checkpoint, size: tuple[int, int]):
    tokens = half_masked(checkpoint, size)
    front = FrontEnd(checkpoint.transformer)
    assert not torch.allclose(front(tokens.int()), front(tokens.flip(1).int()).flip(1), atol=1e-2)


@pytest.mark.parametrize("checkpoint", ["mei"], indirect=True)  # mono has no up_block
def test_upsampling_equals_transposed_convolution_then_conv1(checkpoint: Checkpoint):
    transformer = checkpoint.transformer
    x = torch.randn(2, 3, 5, transformer.config.inner_dim)
    expected = transformer.mlm_layer.conv1(transformer.up_block(x))
    merged = linear(upsampling(transformer))(F.rms_norm(x, x.shape[-1:], eps=1e-6))
    actual = merged.unflatten(-1, (2, 2, -1)).permute(0, 1, 3, 2, 4, 5).flatten(1, 2).flatten(2, 3)
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-5)


def test_a_norms_weight_folds_into_the_next_linear(checkpoint: Checkpoint):
    transformer = checkpoint.transformer
    x = 10 * torch.randn(7, transformer.config.inner_dim)
    expected = transformer.project_from_hidden(transformer.project_from_hidden_norm(x))
    folded = linear(after_norm(transformer.project_from_hidden.weight, transformer.project_from_hidden_norm))
    torch.testing.assert_close(folded(F.rms_norm(x, x.shape[-1:], eps=1e-6)), expected, atol=1e-5, rtol=1e-5)


def test_a_stacked_linear_concatenates_the_outputs():
    layers = [torch.nn.Linear(6, width) for width in (4, 2, 3)]
    x = torch.randn(5, 6)
    torch.testing.assert_close(stacked(*layers)(x), torch.cat([layer(x) for layer in layers], dim=-1))


def test_the_codebook_table_holds_the_decoders_inputs(checkpoint: Checkpoint):
    vqvae = checkpoint.vqvae
    tokens = torch.arange(vqvae.config.num_vq_embeddings)
    quantized = vqvae.quantize.get_codebook_entry(tokens, (1, 8, -1, vqvae.config.latent_channels))
    expected = vqvae.post_quant_conv(quantized)[0].flatten(1).T
    actual = codebook_table(vqvae.quantize.embedding.weight, vqvae.post_quant_conv)
    torch.testing.assert_close(actual, expected, atol=1e-6, rtol=1e-5)


def test_the_nearest_code_is_the_quantizers_choice(checkpoint: Checkpoint):
    vqvae = checkpoint.vqvae
    latents = torch.randn(1, vqvae.config.latent_channels, 40, 50) * vqvae.quantize.embedding.weight.std()
    expected = vqvae.quantize(vqvae.quant_conv(latents))[2][2]
    scores = nearest_code(vqvae.quantize.embedding.weight, vqvae.quant_conv)(latents[0].flatten(1).T)
    assert expected.unique().numel() > 10
    assert torch.equal(scores.argmax(dim=-1), expected.flatten())
