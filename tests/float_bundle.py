"""A float bundle of the smallest checkpoint: one block of each kind, 64x64 pixels, random weights."""

from collections.abc import Iterable
from pathlib import Path

import torch

from export.android import manifest_of
from export.bundle_writer import write_manifest, write_tokenizer
from export.calibration import calibration
from export.graph_writer import write_graph
from export.graphs import graphs
from quantize.recipe import Recipe
from reference.checkpoint import Checkpoint
from reference.random_weights import Preset, write_random
from reference.transformer_config import TransformerConfig
from runtime.bundle import Bundle, open_bundle

SIZE = (64, 64)  # pixels
SMALLEST = Preset(
    transformer=TransformerConfig(
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=1,
        num_single_layers=1,
        axes_dims_rope=(4, 6, 6),
        joint_attention_dim=32,
        pooled_projection_dim=32,
        vocab_size=66,
        codebook_size=64,
    ),
    channels=(4, 4, 4),
    latent_channels=4,
    norm_groups=2,
    text={
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "projection_dim": 32,
        "vocab_size": 514,
    },
    defaults={"size": list(SIZE), "steps": 4, "guidance": 3.0},
)


def write_checkpoint(folder: Path) -> Path:
    """The smallest checkpoint, into a new folder."""
    folder.mkdir()
    write_random(folder, SMALLEST, torch.float32)
    return folder


def write_bundle(
    checkpoint: Checkpoint, folder: Path, size: tuple[int, int], names: Iterable[str] | None = None
) -> Bundle:
    """A float bundle made by the exporter's own parts, into a new folder; all graphs, or those named."""
    folder.mkdir()
    names = list(graphs(checkpoint, size)) if names is None else list(names)
    drawings = calibration(checkpoint, size)
    for name in names:
        write_graph(checkpoint, name, size, Recipe.uniform("fp32"), folder / f"{name}.onnx", drawings)
    return completed(checkpoint, folder, size, names)


def completed(checkpoint: Checkpoint, folder: Path, size: tuple[int, int], names: Iterable[str]) -> Bundle:
    """The folder of float graphs as a bundle."""
    write_tokenizer(folder, checkpoint)
    write_manifest(folder, manifest_of(folder, checkpoint, size, dict.fromkeys(names, "fp32")))
    return open_bundle(folder)
