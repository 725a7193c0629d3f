import shutil
from pathlib import Path

import pytest
import torch

from export.bundle_writer import write_manifest, write_tokenizer
from export.calibration import calibration
from export.graph_writer import write_graph
from export.manifest import describe
from quantize.recipe import Recipe
from reference.checkpoint import Checkpoint, load_checkpoint
from reference.random_weights import Preset, write_random
from reference.transformer_config import TransformerConfig
from runtime.bundle import Bundle, open_bundle

SIZE = (64, 64)
GRAPHS = ("text_encoder", "conditioner", "transformer", "image_decoder")
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
        "intermediate_size": 32,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "projection_dim": 32,
        "vocab_size": 514,
    },
    defaults={"size": list(SIZE), "steps": 4, "guidance": 3.0},
)


@pytest.fixture(scope="session")
def checkpoint_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One block of each kind, pictures of 64x64 pixels from 16x16 tokens."""
    folder = tmp_path_factory.mktemp("checkpoints") / "smallest"
    folder.mkdir()
    write_random(folder, SMALLEST, torch.float32)
    return folder


@pytest.fixture(scope="session")
def checkpoint(checkpoint_folder: Path) -> Checkpoint:
    return load_checkpoint(checkpoint_folder)


@pytest.fixture(scope="session")
def bundle(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Its float32 bundle without an image encoder, made by the exporter's own parts; read only."""
    folder = tmp_path_factory.mktemp("bundles") / "fp32"
    folder.mkdir()
    drawings = calibration(checkpoint, SIZE)
    for name in GRAPHS:
        write_graph(checkpoint, name, SIZE, Recipe.uniform("fp32"), folder / f"{name}.onnx", drawings)
    write_tokenizer(folder, checkpoint)
    write_manifest(folder, describe(folder, checkpoint, SIZE, dict.fromkeys(GRAPHS, "fp32")))
    return open_bundle(folder)


@pytest.fixture
def own_bundle(bundle: Bundle, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(bundle.folder, tmp_path / "own"))
