"""Faces: round, with eyes and a mouth that say what they feel."""

from collections.abc import Callable
from math import cos, pi, sin

import numpy as np

from reference.stickers.pen import INK, Pen, Point, Rgb, arc

MOUTH: Rgb = (120, 30, 44)
RED: Rgb = (226, 40, 56)
WHITE: Rgb = (250, 250, 250)


def _head(pen: Pen) -> None:
    pen.oval(0, 0, 0.95, 0.95, pen.colour)


def _eyes(pen: Pen) -> None:
    pen.dot(-0.36, -0.25, 0.15)
    pen.dot(0.36, -0.25, 0.15)


def _smile(pen: Pen) -> None:
    pen.line(arc(0, 0.12, 0.5, 0.45, 0.15, pi - 0.15), width=1.3)


def _frown(pen: Pen) -> None:
    pen.line(arc(0, 0.66, 0.45, 0.4, pi + 0.2, 2 * pi - 0.2), width=1.3)


def heart(x: float, y: float, size: float, count: int = 26) -> list[Point]:
    """A heart's outline of `count` - 1 points."""
    return [
        (
            x + size * 0.95 * sin(a) ** 3,
            y - size * (0.06 + 0.06 * (13 * cos(a) - 5 * cos(2 * a) - 2 * cos(3 * a) - cos(4 * a))),
        )
        for a in np.linspace(0, 2 * pi, count)[:-1].tolist()
    ]


def _happy(pen: Pen) -> None:
    _head(pen)
    _eyes(pen)
    _smile(pen)


def _sad(pen: Pen) -> None:
    _head(pen)
    _eyes(pen)
    _frown(pen)


def _laughing(pen: Pen) -> None:
    _head(pen)
    for x in (-0.38, 0.38):
        pen.line(arc(x, -0.1, 0.2, 0.26, pi + 0.1, 2 * pi - 0.1, 8), width=1.5)
    pen.shape(arc(0, 0.08, 0.58, 0.6, 0, pi, 14), MOUTH)
    pen.shape([(-0.5, 0.09), (0.5, 0.09), (0.44, 0.25), (-0.44, 0.25)], WHITE)


def _winking(pen: Pen) -> None:
    _head(pen)
    pen.dot(-0.36, -0.25, 0.15)
    pen.line([(0.18, -0.2), (0.38, -0.32), (0.58, -0.2)], width=1.5)
    _smile(pen)


def _surprised(pen: Pen) -> None:
    _head(pen)
    pen.dot(-0.38, -0.28, 0.16)
    pen.dot(0.38, -0.28, 0.16)
    pen.oval(0, 0.42, 0.24, 0.3, MOUTH)


def _angry(pen: Pen) -> None:
    _head(pen)
    for side in (-1, 1):
        pen.line([(side * 0.68, -0.5), (side * 0.16, -0.24)], width=2.0)
        pen.dot(side * 0.36, -0.1, 0.13)
    _frown(pen)


def _heart_eyes(pen: Pen) -> None:
    _head(pen)
    for x in (-0.4, 0.4):
        pen.shape(heart(x, -0.22, 0.32, 18), RED)
    _smile(pen)


def _cool(pen: Pen) -> None:
    _head(pen)
    pen.line([(-0.9, -0.36), (0.9, -0.36)], INK, width=1.6)
    for x in (-0.42, 0.42):
        lens = [(x - 0.36, -0.4), (x + 0.36, -0.4), (x + 0.28, 0.0), (x - 0.28, 0.0)]
        pen.shape(lens, INK)
        pen.line([(x - 0.2, -0.12), (x - 0.02, -0.3)], (200, 214, 230), width=1.2)
    _smile(pen)


FACE_STROKES: dict[str, Callable[[Pen], None]] = {
    "happy face": _happy, "sad face": _sad, "laughing face": _laughing, "winking face": _winking,
    "surprised face": _surprised, "angry face": _angry, "heart eyes face": _heart_eyes, "cool face": _cool,
}  # fmt: skip
