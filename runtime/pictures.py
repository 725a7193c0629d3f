"""Turns pictures into arrays and masks into tokens, pads, and writes PNG files whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from reference.files import atomic_file
from reference.pictures import MODES, on_white, repainted
from runtime.errors import RequestError


def picture_array(picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """A picture of exactly `size` (W, H) as u8 [h, w, 3], composed on white if it is transparent.

    Raises RequestError for another size or mode.
    """
    if picture.mode not in MODES:
        raise RequestError(f"the image has mode {picture.mode}: save it as 8-bit RGB")
    _check_size("image", picture, size)
    return np.asarray(on_white(picture), np.uint8)


def mask_array(mask: Image.Image, size: tuple[int, int], grid: tuple[int, int]) -> np.ndarray:
    """Which tokens of the grid (H, W) are unknown, bool [H, W]: the white ones of a mask of `size` (W, H).

    As published: converts to grey, scales with Lanczos to one pixel per token, and repaints from one half
    (128 of 255) up. Transparent pixels keep. Raises RequestError for another size or mode, or if nothing is
    white enough.
    """
    if mask.mode not in MODES:
        raise RequestError(f"the mask has mode {mask.mode}: save it as 8-bit grey, white where to repaint")
    _check_size("mask", mask, size)
    height, width = grid
    small = repainted(mask).resize((width, height), Image.Resampling.LANCZOS)
    unknown = np.asarray(small) >= 128
    if not unknown.any():
        raise RequestError("the mask repaints nothing: paint what should change white")
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


def write_png(path: str | Path, picture: np.ndarray, facts: Mapping[str, object]) -> None:
    """Writes u8 [h, w, 3] with `facts` as PNG text, whole or not at all. Raises RequestError."""
    info = PngImagePlugin.PngInfo()
    for key, value in facts.items():
        info.add_itxt(key, str(value))
    with atomic_file(path) as file:
        Image.fromarray(picture).save(file, format="PNG", pnginfo=info)


def _check_size(what: str, picture: Image.Image, size: tuple[int, int]) -> None:
    if picture.size != size:
        actual, wanted = ("x".join(map(str, pair)) for pair in (picture.size, size))
        raise RequestError(f"the {what} is {actual} pixels, {wanted} is needed: resize it to {wanted}")
