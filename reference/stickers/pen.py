"""Strokes of one sticker: subjects are drawn in their own frame and recorded in pixels of the canvas.

The frame has x to the right and y down, both within [-1, 1]. A pen only records; `painting` fills the canvas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from reference.stickers.scene import COLOURS, Sticker

Point = tuple[float, float]
Rgb = tuple[int, int, int]

INK: Rgb = (36, 36, 42)
SUPERSAMPLING = 4


@dataclass(frozen=True)
class Stroke:
    """One stroke in pixels of the supersampled canvas, painted after those before it.

    `fill` fills the closed outline of `points`. `line` is the colour of the outline, or of the open stroke if
    there is no fill; `width` is its width. `round`: an ellipse, which may shine. `caps`: round line ends.
    """

    points: list[Point]
    fill: Rgb | None
    line: Rgb | None
    width: int
    round: bool = False
    caps: bool = False


class Pen:
    """Strokes in a sticker's frame, placed, turned and shaken onto a canvas of `side` pixels.

    `hole` is the colour seen through a hole. `steadiness` divides the shake of the hand.
    """

    def __init__(
        self,
        side: int,
        sticker: Sticker,
        wobble: float,
        rng: np.random.Generator,
        hole: Rgb,
        steadiness: float = 1.0,
    ) -> None:
        self.strokes: list[Stroke] = []
        self.background = hole
        self._side = side
        self._sticker = sticker
        self._angle = rng.uniform(-0.09, 0.09)
        self._shake = (0.012 + 0.05 * wobble) / steadiness
        self._rng = rng
        self._width = max(2, round(0.022 * self._side))
        shift = rng.integers(-5, 6, 3)
        self.colour: Rgb = tuple(np.clip(COLOURS[sticker.colour] + shift, 0, 255).tolist())
        self.detail: Rgb = (236, 236, 240) if sticker.colour == "black" else INK

    def _place(self, points: Sequence[Point], shake: bool = True) -> list[Point]:
        c, s = cos(self._angle), sin(self._angle)
        scale, x0, y0 = self._sticker.radius, self._sticker.x, self._sticker.y
        noise = self._rng.normal(0, self._shake if shake else 0.0, (len(points), 2))
        return [
            (
                self._side * (x0 + scale * (c * x - s * y + dx)),
                self._side * (y0 + scale * (s * x + c * y + dy)),
            )
            for (x, y), (dx, dy) in zip(points, noise.tolist(), strict=True)
        ]

    def shape(self, points: Sequence[Point], fill: Rgb, shake: bool = True, round: bool = False) -> None:
        """A closed, filled outline."""
        self.strokes.append(Stroke(self._place(points, shake), fill, INK, self._width, round))

    def line(self, points: Sequence[Point], colour: Rgb | None = None, width: float = 1.0) -> None:
        """An open stroke, in the detail colour unless told otherwise."""
        stroke = max(2, round(width * self._width))
        self.strokes.append(Stroke(self._place(points), None, colour or self.detail, stroke))

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Rgb) -> None:
        """A filled, outlined ellipse."""
        self.shape(arc(x, y, rx, ry, 0, 2 * pi, 20)[:-1], fill, round=True)

    def dot(self, x: float, y: float, radius: float, fill: Rgb | None = None) -> None:
        """A filled disc without an outline, in the detail colour unless told otherwise."""
        placed = self._place(arc(x, y, radius, radius, 0, 2 * pi, 12)[:-1], shake=False)
        self.strokes.append(Stroke(placed, fill or self.detail, None, 0, round=True))

    def lettering(self, lines: Sequence[Sequence[Point]], thickness: float) -> None:
        """Thick lines in the sticker's colour with one outline around them all; `thickness` in the frame."""
        width = round(thickness * self._sticker.radius * self._side)
        placed = [self._place(points, shake=False) for points in lines]
        for colour, wide in ((INK, width + 2 * self._width), (self.colour, width)):
            self.strokes += [Stroke(points, None, colour, wide, caps=True) for points in placed]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, count: int = 14) -> list[Point]:
    """`count` points on an ellipse from angle `start` to `end` (radians, clockwise on screen)."""
    return [(x + rx * cos(a), y + ry * sin(a)) for a in np.linspace(start, end, count).tolist()]
