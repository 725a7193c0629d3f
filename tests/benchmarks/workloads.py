"""What is measured: a model in the published checkpoint format with random weights, its size and its inputs.

A workload's folder holds `checkpoint`, `inputs.npz`, the files that contenders prepare, and `results.json`.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from runtime.process import return_freed_memory

ROOT = Path("build/benchmarks")
PROMPT = "a red cat on a blue background"
SEED = 0
PLAIN_INPUTS = ("tokens", "text_hidden", "text_pooled", "timestep", "micro")  # of the plain transformer


@dataclass(frozen=True)
class Workload:
    """A model and a picture size. Guidance doubles the text rows, as in the published model."""

    name: str
    preset: str  # of reference.random_weights
    blocks: tuple[int, int] | None  # double and single ones; None: the preset's
    text_layers: int | None  # None: the preset's
    side: int  # pixels
    steps: int  # of the whole picture that is measured
    guidance: float
    note: str

    @property
    def folder(self) -> Path:
        return ROOT / self.name

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("tiny", "tiny", None, None, 64, 2, 3.0, "for tests of this benchmark"),
        Workload("blocks-512", "1b", (2, 4), 2, 512, 4, 9.0, "2 double + 4 single blocks of 1 B, 512 px"),
        Workload("blocks-1024", "1b", (2, 4), 2, 1024, 4, 9.0, "2 double + 4 single blocks of 1 B, 1024 px"),
        Workload("full-1024", "1b", None, None, 1024, 48, 9.0, "14 + 28 blocks, 1 B, 1024 px"),
    )
}


def prepare(workload: Workload) -> None:
    """Write the checkpoint and the inputs unless they exist. fp16 halves the disk space."""
    import torch

    from reference.checkpoint_files import new_folder
    from reference.random_weights import PRESETS, write_random

    return_freed_memory()  # otherwise the turns lack 6 GB at full size
    if not workload.checkpoint.exists():
        preset = PRESETS[workload.preset]
        if workload.blocks:
            double, single = workload.blocks
            blocks = replace(preset.transformer, num_layers=double, num_single_layers=single)
            preset = replace(preset, transformer=blocks)
        if workload.text_layers:
            preset = replace(preset, text={**preset.text, "num_hidden_layers": workload.text_layers})
        defaults = {"size": [workload.side] * 2, "steps": workload.steps, "guidance": workload.guidance}
        with new_folder(workload.checkpoint, overwrite=True) as target:
            write_random(target, replace(preset, defaults=defaults), torch.float16, SEED)
    if not (workload.folder / "inputs.npz").exists():
        write_inputs(workload)


def write_inputs(workload: Workload) -> None:
    """Write the inputs of one step in the middle of a drawing, for the reference and for a bundle's graph.

    tokens i32 [H, W] half of them masked, text_hidden [2, T, J], text_pooled [2, P], micro [2, 5], timestep,
    context [2, T, D], modulation [2, M], uniforms [2, H*W]; codes i32 [H, W] for the decoder.
    """
    import torch

    from export.verify import reference_conditioning
    from reference.checkpoint import load_checkpoint
    from reference.pipeline import Conditions
    from reference.text import encode_text

    checkpoint = load_checkpoint(str(workload.checkpoint))
    side = workload.side // checkpoint.token_size
    random = np.random.default_rng(SEED)
    codes = random.integers(0, checkpoint.transformer.config.codebook_size, (side, side), np.int32)
    tokens = np.where(random.random((side, side)) < 0.5, np.int32(checkpoint.mask_token_id), codes)
    with torch.no_grad():
        hidden, pooled = encode_text(checkpoint.tokenizer, checkpoint.text_encoder, ["", PROMPT])
        micro = torch.tensor([[workload.side, workload.side, 0, 0, 6]] * 2).float()
        conditions = Conditions(hidden, pooled, micro, workload.guidance)
        made = reference_conditioning(checkpoint, conditions, 2)
    part = workload.folder / f".inputs.{os.getpid()}.npz"
    np.savez(
        part,
        codes=codes,
        tokens=tokens,
        text_hidden=hidden.numpy(),
        text_pooled=pooled.numpy(),
        micro=micro.numpy(),
        timestep=np.ones(1, np.int64),
        context=made["context"],
        modulation=made["modulation"][1],
        guidance=np.array(workload.guidance, np.float32),
        uniforms=random.random((2, side * side)).astype(np.float32).clip(1e-7, 1 - 1e-7),
    )
    part.replace(workload.folder / "inputs.npz")


def inputs(workload: Workload) -> dict[str, np.ndarray]:
    with np.load(workload.folder / "inputs.npz") as stored:
        return dict(stored)


def examples(workload: Workload) -> dict[str, tuple[np.ndarray, ...]]:
    """Inputs of the two plain modules, in order."""
    return {"step": step_inputs(workload), "decoder": (inputs(workload)["codes"].astype(np.int64)[None],)}


def step_inputs(workload: Workload) -> tuple[np.ndarray, ...]:
    stored = inputs(workload)
    stored["tokens"] = np.repeat(stored["tokens"].astype(np.int64)[None], 2, axis=0)
    return tuple(stored[name] for name in PLAIN_INPUTS)
