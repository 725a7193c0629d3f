"""Stickers as token grids: drawn, encoded by the VQ once, kept in memory with their captions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reference.files import atomic_file
from reference.stickers.captions import describe
from reference.stickers.device import conv_format, made_ahead
from reference.stickers.draw import draw
from reference.stickers.scene import Vocabulary, sample_scene
from reference.stickers.snapshot import rank_and_world, wait_for_all
from reference.stickers.vq import Vq, encode, to_tensor

BATCH = 64
PART = 1_000
"""Pictures of a file of tokens: what is lost when making them is interrupted."""
CROPPED = 0.1
"""Share of pictures cut out of a larger one, told to the model by the crop micro-conditions."""


@dataclass(frozen=True)
class StickerTokens:
    """tokens i16 [n, h, w], n captions, micro_conditions f32 [n, 5] (width, height, top, left, score)."""

    tokens: Tensor
    captions: list[str]
    micro_conditions: Tensor

    def __len__(self) -> int:
        return len(self.captions)


@dataclass(frozen=True)
class PictureSet:
    """An endless set of captioned pictures of `side` pixels; `simple` ones are one centred object."""

    vocabulary: Vocabulary
    side: int
    simple: bool
    seed: int


def captioned_picture(pictures: PictureSet, index: int) -> tuple[np.ndarray, str, list[float]]:
    """Picture `index` of a set: uint8 [side, side, 3], its caption and its five micro-conditions."""
    side = pictures.side
    rng = np.random.default_rng([pictures.seed, side, pictures.simple, index])
    scene = sample_scene(rng, simple=pictures.simple, vocabulary=pictures.vocabulary)
    top, left, whole = 0, 0, side
    if rng.random() < CROPPED:
        whole = side + side // 4
        top, left = rng.integers(0, whole - side + 1, 2).tolist()
    picture = draw(scene, whole, rng)[top : top + side, left : left + side]
    return picture, describe(scene, rng), [whole, whole, top, left, scene.score]


def build_tokens(
    vq: Vq, pictures: PictureSet, indices: range, progress: Callable[[int], object]
) -> StickerTokens:
    """Draw and encode some pictures."""
    device = next(vq.parameters()).device
    vq = vq.eval().to(memory_format=conv_format(device))
    tokens: list[Tensor] = []
    captions: list[str] = []
    conditions: list[list[float]] = []
    batches = [indices[start : start + BATCH] for start in range(0, len(indices), BATCH)]
    for samples in made_ahead(partial(captioned_picture, pictures), batches, device):
        batch = to_tensor([sample[0] for sample in samples]).to(device)
        tokens.append(encode(vq, batch.contiguous(memory_format=conv_format(device))).to("cpu", torch.int16))
        captions += [sample[1] for sample in samples]
        conditions += [sample[2] for sample in samples]
        progress(len(samples))
    return StickerTokens(torch.cat(tokens), captions, torch.tensor(conditions))


def write_tokens(path: Path, tokens: StickerTokens) -> None:
    """Write an .npz without pickles, as a whole or not at all."""
    with atomic_file(path) as file:
        np.savez(
            file,
            tokens=tokens.tokens.numpy(),
            captions=np.array(tokens.captions),
            micro_conditions=tokens.micro_conditions.numpy(),
        )


def read_tokens(path: Path) -> StickerTokens:
    """What `write_tokens` wrote."""
    with np.load(path) as arrays:
        return StickerTokens(
            torch.from_numpy(arrays["tokens"]),
            arrays["captions"].tolist(),
            torch.from_numpy(arrays["micro_conditions"]),
        )


def token_set(
    folder: Path, vq: Vq, pictures: PictureSet, count: int, progress: Callable[[int, int], None]
) -> StickerTokens:
    """The first `count` pictures of a set as tokens, kept in `folder` in parts of PART pictures.

    Every process makes some of the missing parts, then all of them read all parts.
    """
    rank, world = rank_and_world()
    folder.mkdir(parents=True, exist_ok=True)
    ranges = [range(start, min(start + PART, count)) for start in range(0, count, PART)]
    files = [folder / f"{part.start:06d}-{part.stop:06d}.npz" for part in ranges]
    missing = [number for number in range(rank, len(ranges), world) if not files[number].exists()]
    total, done = sum(len(ranges[number]) for number in missing), 0

    def advance(encoded: int) -> None:
        nonlocal done
        done += encoded
        progress(done, total)

    for number in missing:
        write_tokens(files[number], build_tokens(vq, pictures, ranges[number], advance))
    wait_for_all()
    parts = [read_tokens(file) for file in files]
    return StickerTokens(
        torch.cat([part.tokens for part in parts]),
        [caption for part in parts for caption in part.captions],
        torch.cat([part.micro_conditions for part in parts]),
    )
