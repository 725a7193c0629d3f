"""What is measured: models of the published layout with random weights, their sizes and inputs.

Everything of a layout is in one folder: `checkpoint`, `inputs.npz`, what contenders prepare, `results.json`.
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
class Layout:
    """A model and a size. Guidance doubles the text rows, as in every drawing of the published model."""

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


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("tiny", "tiny", None, None, 64, 2, 3.0, "for tests of this benchmark"),
        Layout("blocks-512", "1b", (2, 4), 2, 512, 4, 9.0, "2 double + 4 single blocks of 1 B, 512 px"),
        Layout("blocks-1024", "1b", (2, 4), 2, 1024, 4, 9.0, "2 double + 4 single blocks of 1 B, 1024 px"),
        Layout("full-1024", "1b", None, None, 1024, 48, 9.0, "14 + 28 blocks, 1 B, 1024 px"),
    )
}


def prepare(layout: Layout) -> None:
    """Writes the checkpoint (fp16, so that it takes half the disk; every contender widens it) and the inputs
    unless they are there.
    """
    import torch

    from reference.checkpoint_files import new_folder
    from reference.random_weights import PRESETS, write_random

    return_freed_memory()  # else the turns that follow lack 6 GB at full size
    if not layout.checkpoint.exists():
        preset = PRESETS[layout.preset]
        if layout.blocks:
            double, single = layout.blocks
            blocks = replace(preset.transformer, num_layers=double, num_single_layers=single)
            preset = replace(preset, transformer=blocks)
        if layout.text_layers:
            preset = replace(preset, text={**preset.text, "num_hidden_layers": layout.text_layers})
        defaults = {"size": [layout.side] * 2, "steps": layout.steps, "guidance": layout.guidance}
        with new_folder(layout.checkpoint) as target:
            write_random(target, replace(preset, defaults=defaults), torch.float16, SEED)
    if not (layout.folder / "inputs.npz").exists():
        write_inputs(layout)


def write_inputs(layout: Layout) -> None:
    """The inputs of one step in the middle of a drawing, as the reference and as a bundle's graph take them.

    tokens i32 [H, W] half of them masked, text_hidden [2, T, J], text_pooled [2, P], micro [2, 5], timestep,
    context [2, T, D], modulation [2, M], uniforms [2, H*W]; codes i32 [H, W] for the decoder.
    """
    import torch

    from export.verify import reference_conditioning
    from reference.checkpoint import load_checkpoint
    from reference.pipeline import Conditions
    from reference.text import encode_text

    checkpoint = load_checkpoint(str(layout.checkpoint))
    side = layout.side // checkpoint.token_size
    random = np.random.default_rng(SEED)
    codes = random.integers(0, checkpoint.transformer.config.codebook_size, (side, side), np.int32)
    tokens = np.where(random.random((side, side)) < 0.5, np.int32(checkpoint.mask_token_id), codes)
    with torch.no_grad():
        hidden, pooled = encode_text(checkpoint.tokenizer, checkpoint.text_encoder, ["", PROMPT])
        micro = torch.tensor([[layout.side, layout.side, 0, 0, 6]] * 2).float()
        conditions = Conditions(hidden, pooled, micro, layout.guidance)
        made = reference_conditioning(checkpoint.transformer, conditions, 2)
    part = layout.folder / f".inputs.{os.getpid()}.npz"
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
        guidance=np.array(layout.guidance, np.float32),
        uniforms=random.random((2, side * side)).astype(np.float32).clip(1e-7, 1 - 1e-7),
    )
    part.replace(layout.folder / "inputs.npz")


def inputs(layout: Layout) -> dict[str, np.ndarray]:
    with np.load(layout.folder / "inputs.npz") as stored:
        return dict(stored)


def examples(layout: Layout) -> dict[str, tuple[np.ndarray, ...]]:
    """Inputs of the two plain modules, in order."""
    return {"step": step_inputs(layout), "decoder": (inputs(layout)["codes"].astype(np.int64)[None],)}


def step_inputs(layout: Layout) -> tuple[np.ndarray, ...]:
    stored = inputs(layout)
    stored["tokens"] = np.repeat(stored["tokens"].astype(np.int64)[None], 2, axis=0)
    return tuple(stored[name] for name in PLAIN_INPUTS)
