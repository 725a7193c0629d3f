"""A float bundle of the smallest checkpoint: one block of each kind, 64x64 pixels, random weights."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch

from export.build_manifest import build_manifest, write_tokenizer
from export.bundle_writer import write_manifest
from export.calibration import calibration
from export.graphs import graphs
from export.onnx_bundle import STEP, TOOLS, graph_entry, graph_path
from export.onnx_graph import write_graph
from quantize.recipe import Recipe
from reference.checkpoint import Checkpoint
from reference.random_weights import Preset, write_random
from reference.transformer_config import TransformerConfig
from runtime.bundle import Bundle, open_bundle
from runtime.manifest import Manifest

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

# As few blocks, in the widths of the recorded checkpoints: most weights are large enough to be compressed.
WIDER = replace(
    SMALLEST,
    transformer=replace(
        SMALLEST.transformer, num_attention_heads=4, joint_attention_dim=48, pooled_projection_dim=64
    ),
    channels=(8, 8, 16, 16),
    latent_channels=8,
    norm_groups=4,
    text={**SMALLEST.text, "hidden_size": 48, "intermediate_size": 96, "projection_dim": 64},
)


def write_checkpoint(folder: Path, preset: Preset = SMALLEST) -> Path:
    """A checkpoint of random weights, into a new folder."""
    folder.mkdir()
    write_random(folder, preset, torch.float32)
    return folder


def write_bundle(
    checkpoint: Checkpoint, folder: Path, size: tuple[int, int], names: Iterable[str] | None = None
) -> Bundle:
    """A float bundle made by the exporter's own parts, into a new folder; all graphs, or those named."""
    folder.mkdir()
    names = list(graphs(checkpoint, size)) if names is None else list(names)
    drawings = calibration(checkpoint, size)
    for name in names:
        write_graph(checkpoint, name, [size], Recipe.uniform("fp32"), folder / f"{name}.onnx", drawings)
    return completed(checkpoint, folder, size, names)


def completed(checkpoint: Checkpoint, folder: Path, size: tuple[int, int], names: Iterable[str]) -> Bundle:
    """The folder of float graphs as a bundle."""
    write_tokenizer(folder, checkpoint)
    write_manifest(folder, manifest_of(folder, checkpoint, size, dict.fromkeys(names, "fp32")))
    return open_bundle(folder)


def manifest_of(
    folder: Path, checkpoint: Checkpoint, size: tuple[int, int], precisions: dict[str, str]
) -> Manifest:
    """The manifest of graphs in `folder`, name -> precision, without golden trace and figures."""
    entries = {name: graph_entry(graph_path(name, folder), form) for name, form in precisions.items()}
    return build_manifest(folder, checkpoint, [size], entries, STEP, TOOLS)
