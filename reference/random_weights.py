"""Checkpoint folders of random weights: the published size for scale tests, a tiny one for quick tests."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import VQModel
from torch import Tensor, nn
from tqdm import tqdm
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from reference.checkpoint_files import MODEL_INDEX, write_json, write_scheduler
from reference.text import END, START, byte_symbols, write_tokenizer
from reference.transformer import MaskedTransformer
from reference.transformer_config import TransformerConfig
from reference.weights import stream_tensors


@dataclass(frozen=True)
class Preset:
    """Configs of the parts of a random checkpoint."""

    transformer: TransformerConfig
    channels: tuple[int, ...]  # of the VQ, one a level
    latent_channels: int
    norm_groups: int
    text: dict[str, Any]
    defaults: dict[str, Any] = field(default_factory=dict)

    def vqvae(self) -> dict[str, Any]:
        """vqvae/config.json."""
        levels = len(self.channels)
        return {
            "_class_name": "VQModel",
            "act_fn": "silu",
            "block_out_channels": list(self.channels),
            "down_block_types": ["DownEncoderBlock2D"] * levels,
            "force_upcast": True,
            "in_channels": 3,
            "latent_channels": self.latent_channels,
            "layers_per_block": 2,
            "lookup_from_codebook": True,
            "mid_block_add_attention": False,
            "norm_num_groups": self.norm_groups,
            "norm_type": "group",
            "num_vq_embeddings": self.transformer.codebook_size,
            "out_channels": 3,
            "sample_size": 32,
            "scaling_factor": 0.18215,
            "up_block_types": ["UpDecoderBlock2D"] * levels,
            "vq_embed_dim": None,
        }

    def text_encoder(self) -> dict[str, Any]:
        """text_encoder/config.json. eos_token_id 2 selects pooling at the largest id, as published."""
        return {
            "architectures": ["CLIPTextModelWithProjection"],
            "attention_dropout": 0.0,
            "bos_token_id": 0,
            "eos_token_id": 2,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-5,
            "max_position_embeddings": 77,
            "model_type": "clip_text_model",
            "pad_token_id": 1,
            **self.text,
        }

    def modules(self) -> dict[str, nn.Module]:
        """The three networks on the meta device: names and shapes without memory."""
        with torch.device("meta"):
            return {
                "transformer": MaskedTransformer(self.transformer),
                "vqvae": VQModel.from_config(self.vqvae()),
                "text_encoder": CLIPTextModelWithProjection(CLIPTextConfig.from_dict(self.text_encoder())),
            }


PRESETS = {
    # MeissonFlow/Meissonic: 1 006 946 304 + 146 244 675 + 354 032 640 parameters.
    "1b": Preset(
        transformer=TransformerConfig(),
        channels=(128, 256, 256, 512, 768),
        latent_channels=64,
        norm_groups=32,
        text={
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_attention_heads": 16,
            "num_hidden_layers": 24,
            "projection_dim": 1024,
            "vocab_size": 49408,
        },
    ),
    "tiny": Preset(
        transformer=TransformerConfig(
            num_attention_heads=4,
            attention_head_dim=16,
            num_layers=2,
            num_single_layers=3,
            axes_dims_rope=(4, 6, 6),
            joint_attention_dim=48,
            pooled_projection_dim=64,
            vocab_size=72,
            codebook_size=64,
        ),
        channels=(8, 8, 16),
        latent_channels=8,
        norm_groups=4,
        text={
            "hidden_size": 48,
            "intermediate_size": 96,
            "num_attention_heads": 4,
            "num_hidden_layers": 3,
            "projection_dim": 64,
            "vocab_size": 528,
        },
        defaults={"size": [64, 64], "steps": 8, "guidance": 3.0},
    ),
}


def random_tensor(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Norms 1, biases 0, embeddings of variance 1, matrices of variance 1 / fan-in: signals stay near 1."""
    if len(shape) < 2:
        return torch.ones(shape) if name.endswith("weight") else torch.zeros(shape)
    tensor = torch.randn(shape, generator=generator)
    if "embedding.weight" in name or "embeddings.weight" in name:
        return tensor
    return tensor.mul_(torch.Size(shape[1:]).numel() ** -0.5)


def write_random(folder: Path, preset: Preset, dtype: torch.dtype, seed: int = 0) -> None:
    """Fill an empty folder with a random checkpoint, tensor by tensor, with a progress bar.

    CLIP's merges would need a download, so the tokenizer has only CLIP's 512 byte symbols, the special ids,
    and unused entries up to the real vocabulary size. Each byte is a token.
    """
    generator = torch.Generator().manual_seed(seed)
    configs = {
        "transformer": preset.transformer.to_dict(),
        "vqvae": preset.vqvae(),
        "text_encoder": preset.text_encoder(),
    }
    modules = preset.modules()
    total = sum(parameter.numel() for module in modules.values() for parameter in module.parameters())
    with tqdm(total=total, unit=" parameters", unit_scale=True, leave=False, disable=None) as bar:

        def make(name: str, shape: tuple[int, ...]) -> Tensor:
            tensor = random_tensor(name, shape, generator)
            bar.update(tensor.numel())
            return tensor

        for part, module in modules.items():
            bar.set_description(part)
            write_json(folder / part / "config.json", configs[part])
            stem = "model" if part == "text_encoder" else "diffusion_pytorch_model"
            shapes = [(name, tuple(tensor.shape)) for name, tensor in module.state_dict().items()]
            stream_tensors(folder / part / f"{stem}.safetensors", shapes, dtype, make)
    write_tokenizer(folder / "tokenizer", byte_vocabulary(preset.text["vocab_size"]), [], 77)
    write_scheduler(folder, preset.transformer.vocab_size - 1, "cosine")
    defaults = {"defaults": preset.defaults} if preset.defaults else {}
    write_json(folder / "model_index.json", {**MODEL_INDEX, **defaults})


def byte_vocabulary(size: int) -> dict[str, int]:
    """CLIP's 512 byte entries, unused ones, and the two special tokens last: `size` entries in all."""
    symbols = byte_symbols()
    entries = symbols + [f"{symbol}</w>" for symbol in symbols]
    entries += [f"<|unused{i}|>" for i in range(size - len(entries) - 2)]
    return {entry: i for i, entry in enumerate([*entries, START, END])}
