"""Stickers as token grids: drawn, encoded by the VQ once, kept in memory with their captions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reference.files import atomic_file
from reference.stickers.captions import describe
from reference.stickers.draw import draw
from reference.stickers.scene import sample_scene
from reference.stickers.vq import Vq, encode, to_tensor

CROPPED = 0.1
"""Share of pictures cut out of a larger one, told to the model by the crop micro-conditions."""


@dataclass(frozen=True)
class StickerTokens:
    """tokens u8 [n, h, w], n captions, micro_conditions f32 [n, 5] (width, height, top, left, score)."""

    tokens: Tensor
    captions: list[str]
    micro_conditions: Tensor

    def __len__(self) -> int:
        return len(self.captions)


def captioned_picture(index: int, side: int, simple: bool, seed: int) -> tuple[np.ndarray, str, list[float]]:
    """Sample `index` of a set: uint8 [side, side, 3], its caption and its five micro-conditions."""
    rng = np.random.default_rng([seed, side, simple, index])
    scene = sample_scene(rng, simple=simple)
    top, left, whole = 0, 0, side
    if rng.random() < CROPPED:
        whole = side + side // 4
        top, left = rng.integers(0, whole - side + 1, 2).tolist()
    picture = draw(scene, whole, rng)[top : top + side, left : left + side]
    return picture, describe(scene, rng), [whole, whole, top, left, scene.score]


def build_tokens(
    vq: Vq, count: int, side: int, simple: bool, seed: int, progress: Callable[[int, int], None]
) -> StickerTokens:
    """Draw and encode `count` pictures; codebooks up to 256 codes (tokens are kept as bytes)."""
    vq = vq.eval().to(memory_format=torch.channels_last)
    tokens: list[Tensor] = []
    captions: list[str] = []
    conditions: list[list[float]] = []
    for start in range(0, count, 64):
        samples = [captioned_picture(i, side, simple, seed) for i in range(start, min(start + 64, count))]
        batch = to_tensor([sample[0] for sample in samples]).contiguous(memory_format=torch.channels_last)
        tokens.append(encode(vq, batch).to(torch.uint8))
        captions += [sample[1] for sample in samples]
        conditions += [sample[2] for sample in samples]
        progress(len(captions), count)
    return StickerTokens(torch.cat(tokens), captions, torch.tensor(conditions))


def load_or_build(path: Path, build: Callable[[], StickerTokens]) -> StickerTokens:
    """The set kept at `path` (an .npz without pickles), built and written there the first time."""
    if not path.exists():
        built = build()
        with atomic_file(path) as file:
            np.savez(
                file,
                tokens=built.tokens.numpy(),
                captions=np.array(built.captions),
                micro_conditions=built.micro_conditions.numpy(),
            )
    with np.load(path) as arrays:
        return StickerTokens(
            torch.from_numpy(arrays["tokens"]),
            arrays["captions"].tolist(),
            torch.from_numpy(arrays["micro_conditions"]),
        )
