"""Token grids to distil a decoder from: of the pictures in a folder, or of the checkpoint's own drawings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import ImageOps
from torch import Tensor
from tqdm import tqdm

from reference.checkpoint import Checkpoint
from reference.errors import RequestError
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


def grids_of_pictures(checkpoint: Checkpoint, files: Sequence[Path]) -> Tensor:
    """i16 or i32 [n, H, W]: each picture cut to the checkpoint's size and encoded. Raises RequestError for a
    file that is no picture.
    """
    width, height = checkpoint.defaults.size
    rows = []
    with checkpoint.loaded("vqvae"):
        for start in tqdm(range(0, len(files), BATCH), desc="encoding", leave=False, disable=None):
            pictures = [
                np.asarray(ImageOps.fit(on_white(read_picture(file)), (width, height)))
                for file in files[start : start + BATCH]
            ]
            rows.append(encode_pixels(checkpoint.vqvae, torch.from_numpy(np.stack(pictures))).int())
    return torch.cat(rows)


def grids_of_drawings(checkpoint: Checkpoint, count: int) -> Tensor:
    """i32 [count, H, W]: the tokens of drawings of `PROMPTS`, each time with other seeds."""
    pipeline, rows = Pipeline(checkpoint), []
    with (
        checkpoint.loaded("text_encoder", "transformer", "vqvae"),
        tqdm(total=count, desc="drawing", unit="picture", leave=False, disable=None) as bar,
    ):
        for start in range(0, count, BATCH):
            prompts = [PROMPTS[row % len(PROMPTS)] for row in range(start, min(count, start + BATCH))]
            rows.append(pipeline.text_to_image(prompts, seed=start).tokens.int())
            bar.update(len(prompts))
    return torch.cat(rows)
