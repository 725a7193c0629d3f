"""What lies behind the stickers: a plain colour, a pattern on it, or a scenery.

Patterns and sceneries are the same in every picture, so that each token of them follows from the caption.
"""

from collections.abc import Callable
from math import pi, sin

import numpy as np
from PIL import Image, ImageDraw

from reference.stickers.pen import Rgb
from reference.stickers.scene import BACKGROUNDS, PATTERNS

WHITE: Rgb = (255, 255, 255)
REPEATS = 8  # of a pattern across the picture
SKY: Rgb = (176, 218, 248)
NIGHT: Rgb = (40, 48, 104)


def _stripes(brush: ImageDraw.ImageDraw, unit: float) -> None:
    for column in range(0, 2 * REPEATS, 2):
        brush.rectangle((column * unit, 0, (column + 1) * unit - 1, 2 * REPEATS * unit), fill=WHITE)


def _dots(brush: ImageDraw.ImageDraw, unit: float) -> None:
    for row in range(REPEATS):
        for column in range(REPEATS):
            x, y, r = (2 * column + 1) * unit, (2 * row + 1) * unit, 0.45 * unit
            brush.ellipse((x - r, y - r, x + r, y + r), fill=WHITE)


def _checks(brush: ImageDraw.ImageDraw, unit: float) -> None:
    for row in range(REPEATS):
        for column in range(row % 2, REPEATS, 2):
            x, y = 2 * column * unit, 2 * row * unit
            brush.rectangle((x, y, x + 2 * unit - 1, y + 2 * unit - 1), fill=WHITE)


PATTERN_BRUSHES: dict[str, Callable[[ImageDraw.ImageDraw, float], None]] = {
    "stripes": _stripes, "dots": _dots, "checks": _checks,
}  # fmt: skip


def _ground(
    brush: ImageDraw.ImageDraw, side: int, colour: Rgb, level: float, swell: float, turns: float
) -> None:
    """Everything below a wave at `level` (a fraction of the side) of height `swell`."""
    steps = np.linspace(0, 1, 33).tolist()
    crest = [(x * side, side * (level - swell * sin(2 * pi * turns * x + 0.6))) for x in steps]
    brush.polygon([(0, side), *crest, (side, side)], fill=colour)


def _hills(brush: ImageDraw.ImageDraw, side: int) -> None:
    brush.rectangle((0, 0, side, side), fill=SKY)
    _ground(brush, side, (168, 218, 140), 0.66, 0.08, 0.9)
    _ground(brush, side, (136, 200, 112), 0.82, 0.05, -0.8)


def _night_sky(brush: ImageDraw.ImageDraw, side: int) -> None:
    brush.rectangle((0, 0, side, side), fill=NIGHT)
    stars = ((0.08, 0.1), (0.38, 0.06), (0.66, 0.1), (0.92, 0.07), (0.06, 0.44), (0.94, 0.4), (0.5, 0.5),
             (0.07, 0.76), (0.93, 0.74), (0.28, 0.93), (0.52, 0.95), (0.8, 0.93))  # fmt: skip
    for x, y in stars:
        r = 0.013 * side
        brush.ellipse((x * side - r, y * side - r, x * side + r, y * side + r), fill=(255, 244, 190))


def _sea(brush: ImageDraw.ImageDraw, side: int) -> None:
    brush.rectangle((0, 0, side, side), fill=(214, 238, 252))
    _ground(brush, side, (120, 188, 232), 0.6, 0.018, 4)
    _ground(brush, side, (88, 162, 218), 0.8, 0.018, -4)


SCENERY_BRUSHES: dict[str, Callable[[ImageDraw.ImageDraw, int], None]] = {
    "green hills": _hills, "night sky": _night_sky, "sea": _sea,
}  # fmt: skip


def paint_background(name: str, side: int, shift: np.ndarray) -> Image.Image:
    """A canvas of `side` pixels with the background `name`; `shift` [3] is added to a plain colour."""
    colour, pattern = PATTERNS.get(name, (name, None))
    tint = np.clip(BACKGROUNDS.get(colour, WHITE) + shift, 0, 255).tolist()
    canvas = Image.new("RGB", (side, side), tuple(tint))
    if pattern:
        PATTERN_BRUSHES[pattern](ImageDraw.Draw(canvas), side / (2 * REPEATS))
    elif name in SCENERY_BRUSHES:
        SCENERY_BRUSHES[name](ImageDraw.Draw(canvas), side)
    return canvas
