"""Draw a scene: dark outlines, a slightly unsteady hand, antialiased by supersampling."""

import numpy as np

from reference.stickers.backgrounds import paint_background
from reference.stickers.painting import WHITE, paint_flat, paint_shaded
from reference.stickers.pen import SUPERSAMPLING, Pen
from reference.stickers.scene import Scene
from reference.stickers.subjects import GLASSES, HAT_BRIM, SUBJECT_STROKES, draw_glasses, draw_hat

STEADINESS = 2.5
"""How much steadier the hand is that draws shaded stickers."""


def draw(scene: Scene, side: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `scene` as uint8 RGB [side, side, 3]; the same generator state gives the same picture."""
    shift = rng.integers(-2, 3, 3)
    canvas = paint_background(scene.background, side * SUPERSAMPLING, shift)
    hole = WHITE if scene.shaded else canvas.getpixel((0, 0))
    paint = paint_shaded if scene.shaded else paint_flat
    for sticker in scene.stickers:
        pen = Pen(
            canvas.width, sticker, scene.wobble, rng, hole, STEADINESS if scene.shaded else 1.0  # type: ignore[arg-type]
        )  # fmt: skip
        SUBJECT_STROKES[sticker.subject](pen)
        if sticker.glasses:
            draw_glasses(pen, *GLASSES[sticker.subject])
        if sticker.hat:
            draw_hat(pen, *HAT_BRIM[sticker.subject])
        paint(canvas, pen.strokes)
    return np.asarray(canvas.reduce(SUPERSAMPLING))
