"""Reads the recorded runs of the published code (`tests/golden`, provenance in its README)."""

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from reference.transformer import MaskedTransformer
from reference.transformer_config import TransformerConfig

FOLDER = Path(__file__).parents[1] / "golden"
RUNS = [
    ("mono", "t2i"),
    ("mono", "t2i_nocfg"),
    ("mono", "img2img"),
    ("mono", "inpaint"),
    ("mei", "t2i"),
    ("mei", "t2i_nocfg"),
    ("mei", "img2img"),
]
MUDDIT = ("muddit", "t2i")


class GoldenRun:
    """One recorded run. `run[key]` is a tensor; `difference` also knows the arrays stored with a stride."""

    def __init__(self, model: str, name: str) -> None:
        self.model, self.name = model, name
        self.folder = FOLDER / model
        self.arrays = dict(np.load(self.folder / f"{name}.npz"))
        meta = json.loads((self.folder / "meta.json").read_text())
        self.arguments = meta["runs"][name]["kwargs"]
        self.masking_schedule = meta["runs"][name]["masking_schedule"]
        self.size = meta["runs"][name]["width"], meta["runs"][name]["height"]

    def __getitem__(self, key: str) -> Tensor:
        return torch.from_numpy(self.arrays[key])

    def keys(self, prefix: str) -> list[str]:
        """Keys that begin with `prefix`, without their stride."""
        return [key.split(":")[0] for key in self.arrays if key.startswith(prefix)]

    def difference(self, key: str, actual: Tensor) -> float:
        """Largest absolute difference between `actual` and the recorded array."""
        stored = next(name for name in self.arrays if name.split(":")[0] == key)
        values = actual.detach().reshape(-1)
        if ":" in stored:
            values = values[:: int(stored.split(":")[1])]
        recorded = self[stored].reshape(-1)
        assert values.shape == recorded.shape
        return (values.double() - recorded.double()).abs().max().item()


@cache
def golden_run(model: str, name: str) -> GoldenRun:
    return GoldenRun(model, name)


@cache
def golden_transformer(model: str) -> MaskedTransformer:
    """The recorded transformer, loaded without our checkpoint reader."""
    folder = FOLDER / model / "checkpoint" / "transformer"
    config = TransformerConfig.from_dict(json.loads((folder / "config.json").read_text()))
    with torch.device("meta"):
        transformer = MaskedTransformer(config)
    transformer.load_state_dict(load_file(folder / "diffusion_pytorch_model.safetensors"), assign=True)
    return transformer.eval()


def published_sinusoid(values: Tensor) -> Tensor:
    """`reference.transformer.sinusoid` as the published code computes it, in float32 throughout."""
    frequencies = torch.exp(-math.log(10000) * torch.arange(128, dtype=torch.float32) / 128)
    angles = values.float().unsqueeze(-1) * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=-1)
