"""The recorded drawing of a one-step student: its checkpoint, which two others hold, and its numbers."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reference.checkpoint import Checkpoint, load_checkpoint
from reference.component_configs import StudentConfig
from reference.inverse_cdf import block_size
from tests.reference.golden import FOLDER

STUDENT = StudentConfig(masked=0.6, noise=0.1)
RUN = dict(np.load(FOLDER / "dimo" / "one_step.npz"))
META = json.loads((FOLDER / "dimo" / "meta.json").read_text())["runs"]["one_step"]["kwargs"]
CODES = 64


def dimo_folder(folder: Path) -> Path:
    """The transformer and text encoder of `mei`, the VQ of `mono`; nothing says that it is a student."""
    shutil.copytree(FOLDER / "mei" / "checkpoint", folder)
    shutil.rmtree(folder / "vqvae")
    shutil.copytree(FOLDER / "mono" / "checkpoint" / "vqvae", folder / "vqvae")
    return folder


def dimo(folder: Path) -> Checkpoint:
    return load_checkpoint(dimo_folder(folder), student=STUDENT)


def start_uniforms() -> np.ndarray:
    """Uniforms f32 [2, S] that give the recorded start."""
    masked = RUN["tokens_in"].ravel() != RUN["initial"].ravel()
    return np.stack([(RUN["initial"].ravel() + 0.5) / CODES, np.where(masked, 0.25, 0.75)]).astype(np.float32)


def embedding_noise() -> np.ndarray:
    """The recorded normal numbers, channels last: f32 [H, W, D]."""
    return np.ascontiguousarray(RUN["noise"][0].transpose(1, 2, 0))


def draw_uniforms() -> np.ndarray:
    """Uniforms f32 [2, S] in the middle of what draws the recorded tokens from the recorded logits."""
    logits, tokens = RUN["logits"][0].reshape(CODES, -1).T.astype(np.float64), RUN["final_tokens"].ravel()
    weights = np.exp(logits - logits.max(axis=1, keepdims=True)).reshape(len(tokens), -1, block_size(CODES))
    block, code = np.divmod(tokens, weights.shape[2])
    rows = np.arange(len(tokens))
    return np.stack([middle(weights.sum(axis=2), block), middle(weights[rows, block], code)])


def middle(weights: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    ends = weights.cumsum(axis=1)
    rows = np.arange(len(chosen))
    return ((ends[rows, chosen] - weights[rows, chosen] / 2) / ends[:, -1]).astype(np.float32)


class Recorded:
    """The recorded numbers as `reference.noise.Noise`, and the logits that were drawn from."""

    logits: Tensor

    def start(self, batch: int, tokens: int) -> Tensor:
        raise AssertionError("only image-to-image calls this")

    def draw(self, logits: Tensor, step: int) -> tuple[Tensor, Tensor]:
        from reference.inverse_cdf import draw

        self.logits = logits
        return draw(logits, torch.from_numpy(draw_uniforms())[:, None])

    def gumbel(self, batch: int, tokens: int, step: int) -> Tensor:
        raise AssertionError("one step masks nothing again")

    def random_start(self, batch: int, tokens: int) -> Tensor:
        return torch.from_numpy(start_uniforms())[:, None]

    def embedding(self, batch: int, values: int) -> Tensor:
        return torch.from_numpy(embedding_noise()).view(1, -1)


SETTINGS: dict[str, Any] = {
    "size": (META["width"], META["height"]),
    "micro_conditions": tuple(RUN["micro_conds"][0].tolist()),
}
