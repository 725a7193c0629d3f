"""A tiny image decoder: tokens to pixels with at least ten times fewer multiplications than the VQ's decoder.

    tokens -> table -> 3x3 convolution -> separable convolutions -> 1x1 convolution -> depth to space

Every map has the size of the token grid, so each multiplication at a position has a weight of its own, and no
map is large. There are no norms: a pixel depends on the tokens near it alone. The table starts as the VQ's
codebook. A folder holds `config.json` (`TinyDecoderConfig`) and `model.safetensors`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from pydantic.dataclasses import dataclass
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from reference.checkpoint import Checkpoint
from reference.config_files import SCHEMA, checked, read_json
from reference.errors import CheckpointError
from reference.files import write_text
from reference.transformer_config import Count, Entries, Width
from reference.weights import (
    check_headers,
    fill,
    read_tensors,
    save_tensors,
    tensor_headers,
    weight_files,
)

CONFIG, WEIGHTS = "config.json", "model.safetensors"
FEWER = 10  # times fewer multiplications
MOST = 12  # blocks
GRID = (16, 16)  # tokens, to count multiplications on


@dataclass(frozen=True, config=SCHEMA)
class TinyDecoderConfig:
    """`config.json` of a tiny decoder."""

    codebook: str  # SHA-256 of its numbers, see `codebook_hash`
    codes: Entries  # of the codebook
    token_size: Count  # pixels along one side of a token
    channels: Width  # of the table
    width: Width  # of the blocks
    blocks: Count

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "TinyDecoderConfig":
        """Twice as wide as the VQ's widest level; as many blocks, up to MOST, as a tenth of its cost allows.

        Raises CheckpointError for a decoder that is too small.
        """
        vqvae, codebook = checkpoint.vqvae.config, codebook_hash(checkpoint)
        tokens = torch.zeros(1, *GRID, dtype=torch.long, device="meta")
        with torch.device("meta"):
            full = type(checkpoint.vqvae).from_config(vqvae)
        allowed = multiplications(lambda: full_decoder(full)(tokens)) / FEWER
        for blocks in range(MOST, 0, -1):
            config = cls(
                codebook=codebook,
                codes=vqvae.num_vq_embeddings,
                token_size=checkpoint.token_size,
                channels=vqvae.latent_channels,
                width=2 * max(vqvae.block_out_channels),
                blocks=blocks,
            )
            with torch.device("meta"):
                tiny = TinyDecoder(config)
            if multiplications(partial(tiny, tokens)) <= allowed:
                return config
        raise CheckpointError(f"{checkpoint.name}: its decoder is too small to be ten times smaller")


class SeparableBlock(nn.Module):
    """x + ReLU(1x1 convolution of a 3x3 convolution of each channel); [B, C, H, W]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.pointwise = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + F.relu(self.pointwise(self.depthwise(x)))


class TinyDecoder(nn.Module):
    """tokens i64 [B, H, W] -> pixels f32 [B, 3, H*token_size, W*token_size], white at 1, not clipped."""

    def __init__(self, config: TinyDecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.table = nn.Embedding(config.codes, config.channels)
        self.decoder = nn.Sequential(
            nn.Conv2d(config.channels, config.width, 3, padding=1),
            *(SeparableBlock(config.width) for _ in range(config.blocks)),
            nn.ReLU(),
            nn.Conv2d(config.width, 3 * config.token_size**2, 1),
            nn.PixelShuffle(config.token_size),
        )

    def start_from(self, vqvae: Any) -> None:
        """Fill the table with the VQ's codes as its decoder reads them, in units of their deviation."""
        with torch.no_grad():
            codes = vqvae.post_quant_conv(vqvae.quantize.embedding.weight[:, :, None, None]).flatten(1)
            self.table.weight.copy_(codes / codes.std())

    def forward(self, tokens: Tensor) -> Tensor:
        return self.decoder(self.table(tokens).permute(0, 3, 1, 2))


def decode_pixels(decoder: TinyDecoder, tokens: Tensor) -> Tensor:
    """Tokens i64 [B, H, W] -> u8 [B, h, w, 3], clipped and rounded as `decode_tokens` does."""
    with torch.no_grad():
        pixels = decoder(tokens)
    return (pixels.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)


def full_decoder(vqvae: Any) -> Callable[[Tensor], Tensor]:
    """The VQ's own decoder as a function of tokens i64 [B, H, W], with pixels as `TinyDecoder` gives them."""

    def decode(tokens: Tensor) -> Tensor:
        quantized = F.embedding(tokens, vqvae.quantize.embedding.weight).permute(0, 3, 1, 2)
        guide = quantized if vqvae.config.norm_type == "spatial" else None
        return vqvae.decoder(vqvae.post_quant_conv(quantized), guide)

    return decode


def multiplications(run: Callable[[], object]) -> int:
    """How often convolutions and matrix products multiply in one `run`; works on the meta device too."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    return counter.get_total_flops() // 2  # an addition is a FLOP too


def save_tiny_decoder(decoder: TinyDecoder, folder: Path, extra: Mapping[str, Any]) -> None:
    """Write config and fp16 weights into an existing folder; `extra` are figures beside them, "_" first."""
    tensors = {name: tensor.to(torch.float16) for name, tensor in decoder.state_dict().items()}
    save_tensors(folder / WEIGHTS, tensors, {"format": "pt"})
    values = {**asdict(decoder.config), **extra}
    write_text(folder / CONFIG, json.dumps(values, indent=2) + "\n")


def weights_hash(folder: Path) -> str:
    """SHA-256 of the weights of a tiny decoder, which `load_tiny_decoder` has accepted."""
    (file,) = weight_files(folder)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def codebook_hash(checkpoint: Checkpoint) -> str:
    """SHA-256 of the VQ's codebook in float16, so that fp32 and fp16 files of a checkpoint give the same."""
    with checkpoint.loaded("vqvae"):
        numbers = checkpoint.vqvae.quantize.embedding.weight.detach().to(torch.float16).cpu().numpy()
    return hashlib.sha256(numbers.tobytes()).hexdigest()


def load_tiny_decoder(folder: Path, checkpoint: Checkpoint) -> TinyDecoder:
    """The tiny decoder in `folder`, float32, in evaluation mode.

    Raises CheckpointError for a folder that is none, and for one that belongs to another codebook.
    """
    if not (folder / CONFIG).is_file():
        raise CheckpointError(
            f"{folder} is no tiny decoder: it has no {CONFIG}; make one with python -m reference.tiny_decoder"
        )
    try:
        config = checked(TinyDecoderConfig, read_json(folder / CONFIG), folder / CONFIG)
    except CheckpointError as error:
        raise CheckpointError(f"{error}: make it again with python -m reference.tiny_decoder") from None
    own = checkpoint.vqvae.config.num_vq_embeddings, checkpoint.token_size
    if (config.codes, config.token_size) != own:
        raise CheckpointError(
            f"{folder} decodes {config.codes} codes of {config.token_size} pixels, but {checkpoint.name} has"
            f" {own[0]} of {own[1]}: train one for it with python -m reference.tiny_decoder"
        )
    if config.codebook != codebook_hash(checkpoint):
        raise CheckpointError(
            f"{folder} decodes another codebook than the one of {checkpoint.name}: train one for it with"
            " python -m reference.tiny_decoder"
        )
    with torch.device("meta"):
        decoder = TinyDecoder(config)
    check_headers(decoder, tensor_headers(folder), folder)
    fill(decoder, read_tensors(folder, torch.float32), folder)
    return decoder
