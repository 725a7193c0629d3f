"""Token grids to distil a decoder from: of the pictures in a folder, or of the checkpoint's own drawings."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from reference.checkpoint import Checkpoint
from reference.errors import RequestError
from reference.fit import fit
from reference.image import encode_pixels
from reference.pictures import on_white, read_picture
from reference.pipeline import Pipeline

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
BATCH = 16
COLOURS = ("red", "blue", "green", "yellow", "purple", "orange", "pink", "black", "white", "brown")
SUBJECTS = ("cat", "house", "tree", "star", "fish", "boat", "flower", "face", "sun", "car", "bird", "apple")
PROMPTS = tuple(f"a {colour} {subject}" for subject in SUBJECTS for colour in COLOURS)


def picture_files(folder: Path) -> list[Path]:
    """The PNG, JPEG and WebP files of a folder by name. Raises RequestError if there are none."""
    if not folder.is_dir():
        raise RequestError(f"--pictures {folder} is no folder: give one with PNG, JPEG or WebP pictures")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    if not found:
        raise RequestError(f"--pictures {folder} has no PNG, JPEG or WebP picture: put some there")
    return found


def grids_of_pictures(checkpoint: Checkpoint, files: Sequence[Path], first: int) -> Iterator[Tensor]:
    """Batches i32 [n, H, W] of the pictures from `first` on, each cut to the checkpoint's size and encoded.

    Raises RequestError for a file that is no picture.
    """
    size = checkpoint.defaults.size
    with checkpoint.loaded("vqvae"):
        for start in batches(first, len(files), "encoding"):
            pictures = [
                np.asarray(fit(on_white(read_picture(file)), size, "crop", "white"))
                for file in files[start : start + BATCH]
            ]
            yield encode_pixels(checkpoint.vqvae, torch.from_numpy(np.stack(pictures))).int()


def grids_of_drawings(checkpoint: Checkpoint, count: int, first: int) -> Iterator[Tensor]:
    """Batches i32 [n, H, W] of drawings `first` to `count` - 1: of `PROMPTS`, each time with other seeds."""
    pipeline = Pipeline(checkpoint)
    with checkpoint.loaded("text_encoder", "transformer", "vqvae"):
        for start in batches(first, count, "drawing"):
            prompts = [PROMPTS[row % len(PROMPTS)] for row in range(start, min(count, start + BATCH))]
            yield pipeline.text_to_image(prompts, seed=start).tokens.int()


def batches(first: int, count: int, what: str) -> Iterator[int]:
    """The first picture of each batch, with a progress bar that tells the time left."""
    with tqdm(total=count, initial=first, desc=what, unit="picture", leave=False, disable=None) as bar:
        for start in range(first, count, BATCH):
            yield start
            bar.update(min(BATCH, count - start))
