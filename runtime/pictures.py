"""Turns pictures into arrays and masks into tokens, pads, and writes PNG files whole or not at all."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from reference.files import atomic_file
from reference.fit import Fit, fit, scaled
from reference.pictures import MODES, on_white, repainted
from runtime.errors import RequestError
from runtime.picture_settings import KEYWORD, PictureSettings


def picture_array(picture: Image.Image, size: tuple[int, int], how: Fit = "crop") -> np.ndarray:
    """A picture fitted to `size` (W, H) as u8 [h, w, 3], on white if it is transparent, in white margins.

    Raises RequestError for a mode with more than 8 bits a channel.
    """
    if picture.mode not in MODES:
        raise RequestError(f"the image has mode {picture.mode}: save it as 8-bit RGB")
    return np.asarray(fit(on_white(picture), size, how, "white"), np.uint8)


def mask_levels(
    mask: Image.Image, picture: tuple[int, int], size: tuple[int, int], how: Fit = "crop"
) -> np.ndarray:
    """A mask in grey, fitted to `size` (W, H) like its picture: u8 [h, w]. White repaints, margins keep.

    Transparent pixels keep. A mask of another size than the `picture` (W, H) is first stretched to it. Raises
    RequestError for a mode with more than 8 bits a channel.
    """
    if mask.mode not in MODES:
        raise RequestError(f"the mask has mode {mask.mode}: save it as 8-bit grey, white where to repaint")
    along = fit(repainted(mask), picture, "stretch", "black")
    return np.asarray(fit(along, size, how, "black"), np.uint8)


def mask_array(levels: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Which tokens of the grid (H, W) are unknown, bool [H, W]: the white ones of a mask u8 [h, w].

    As published: scales with Lanczos to one pixel per token, and repaints from one half (128 of 255) up.
    Raises RequestError if nothing is white enough.
    """
    height, width = grid
    small = scaled(Image.fromarray(levels), (width, height))
    unknown = np.asarray(small) >= 128
    if not unknown.any():
        raise RequestError("the mask repaints nothing: paint a larger part white")
    return unknown


def pad_edges(picture: np.ndarray, margins: tuple[int, int, int, int]) -> np.ndarray:
    """u8 [h, w, 3] with its edges repeated outward by (left, top, right, bottom) pixels."""
    left, top, right, bottom = margins
    return np.pad(picture, ((top, bottom), (left, right), (0, 0)), mode="edge")


def margin_array(grid: tuple[int, int], margins: tuple[int, int, int, int], token_size: int) -> np.ndarray:
    """Which tokens of the grid (H, W) are unknown, bool [H, W]: those in the margins.

    Margins are left, top, right, bottom in pixels.
    """
    left, top, right, bottom = (margin // token_size for margin in margins)
    unknown = np.ones(grid, bool)
    unknown[top : grid[0] - bottom, left : grid[1] - right] = False
    return unknown


def tiled(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures u8 [h, w, 3] of one size side by side as one, row by row in a square; white where none is."""
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    height, width, _ = pictures[0].shape
    whole = np.full((rows * height, columns * width, 3), 255, np.uint8)
    for at, picture in enumerate(pictures):
        top, left = at // columns * height, at % columns * width
        whole[top : top + height, left : left + width] = picture
    return whole


def write_png(path: str | Path, picture: np.ndarray, settings: PictureSettings | None = None) -> None:
    """Writes u8 [h, w, 3] with the settings that made it, whole or not at all. Raises RequestError."""
    info = PngImagePlugin.PngInfo()
    if settings is not None:
        info.add_itxt(KEYWORD, settings.json_text())
    with atomic_file(path) as file:
        Image.fromarray(picture).save(file, format="PNG", pnginfo=info)
