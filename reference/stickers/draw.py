"""Draw a scene: flat colours, dark outlines, a slightly unsteady hand, antialiased by supersampling.

Every subject is a few strokes of a `Pen` in its own frame, x to the right and y down, both within [-1, 1].
"""

from collections.abc import Callable, Sequence
from math import cos, pi, sin

import numpy as np
from PIL import Image, ImageDraw

from reference.stickers.scene import BACKGROUNDS, COLOURS, Scene, Sticker

Point = tuple[float, float]
Rgb = tuple[int, int, int]

SUPERSAMPLING = 4
INK: Rgb = (36, 36, 42)
HAT: Rgb = (0, 158, 158)
LEAF: Rgb = (70, 160, 60)
WOOD: Rgb = (120, 78, 44)
CREAM: Rgb = (250, 236, 206)
SKY: Rgb = (190, 226, 246)


class Pen:
    """Strokes in a sticker's frame, placed, turned and shaken onto one supersampled canvas."""

    def __init__(
        self, canvas: Image.Image, sticker: Sticker, wobble: float, rng: np.random.Generator
    ) -> None:
        self.background: Rgb = canvas.getpixel((0, 0))  # type: ignore[assignment]
        self._draw = ImageDraw.Draw(canvas)
        self._side = canvas.width
        self._sticker = sticker
        self._angle = rng.uniform(-0.09, 0.09)
        self._shake = 0.012 + 0.05 * wobble
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

    def shape(self, points: Sequence[Point], fill: Rgb, shake: bool = True) -> None:
        """A closed, filled outline."""
        placed = self._place(points, shake)
        self._draw.polygon(placed, fill=fill)
        self._draw.line([*placed, placed[0], placed[1]], fill=INK, width=self._width, joint="curve")

    def line(self, points: Sequence[Point], colour: Rgb | None = None, width: float = 1.0) -> None:
        """An open stroke, in the detail colour unless told otherwise."""
        stroke = max(2, round(width * self._width))
        placed = self._place(points)
        self._draw.line(placed, fill=colour or self.detail, width=stroke, joint="curve")

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Rgb) -> None:
        """A filled, outlined ellipse."""
        self.shape(arc(x, y, rx, ry, 0, 2 * pi, 20)[:-1], fill)

    def dot(self, x: float, y: float, radius: float, fill: Rgb | None = None) -> None:
        """A filled disc without an outline, in the detail colour unless told otherwise."""
        placed = self._place(arc(x, y, radius, radius, 0, 2 * pi, 12)[:-1], shake=False)
        self._draw.polygon(placed, fill=fill or self.detail)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, count: int = 14) -> list[Point]:
    """`count` points on an ellipse from angle `start` to `end` (radians, clockwise on screen)."""
    return [(x + rx * cos(a), y + ry * sin(a)) for a in np.linspace(start, end, count).tolist()]


def _face(pen: Pen, happy: bool) -> None:
    pen.oval(0, 0, 0.95, 0.95, pen.colour)
    pen.dot(-0.36, -0.25, 0.15)
    pen.dot(0.36, -0.25, 0.15)
    smile, frown = arc(0, 0.12, 0.5, 0.45, 0.15, pi - 0.15), arc(0, 0.66, 0.45, 0.4, pi + 0.2, 2 * pi - 0.2)
    pen.line(smile if happy else frown, width=1.3)


def _happy_face(pen: Pen) -> None:
    _face(pen, happy=True)


def _sad_face(pen: Pen) -> None:
    _face(pen, happy=False)


def _cat(pen: Pen) -> None:
    ears = [(-0.85, -0.1), (-0.8, -0.98), (-0.3, -0.62), (0.3, -0.62), (0.8, -0.98), (0.85, -0.1)]
    pen.shape(ears + arc(0, 0.08, 0.92, 0.82, 0.1, pi - 0.1), pen.colour)
    pen.dot(-0.36, 0.0, 0.13)
    pen.dot(0.36, 0.0, 0.13)
    pen.dot(0, 0.3, 0.1, (246, 130, 150))
    pen.line([(0.35, 0.42), (0.8, 0.34)], width=0.8)
    pen.line([(-0.35, 0.42), (-0.8, 0.34)], width=0.8)


def _fish(pen: Pen) -> None:
    pen.shape([(0.45, 0.0), (0.98, -0.55), (0.98, 0.55)], pen.colour)
    pen.oval(-0.18, 0, 0.78, 0.58, pen.colour)
    pen.dot(-0.58, -0.14, 0.13)
    pen.line(arc(-0.3, 0, 0.22, 0.4, -1.1, 1.1, 8))


def _house(pen: Pen) -> None:
    pen.shape([(-0.7, -0.1), (0.7, -0.1), (0.7, 0.92), (-0.7, 0.92)], pen.colour)
    pen.shape([(-0.98, -0.08), (0, -0.95), (0.98, -0.08)], WOOD)
    pen.shape([(-0.18, 0.92), (-0.18, 0.36), (0.2, 0.36), (0.2, 0.92)], CREAM)


def _tree(pen: Pen) -> None:
    pen.shape([(-0.18, 0.95), (-0.18, 0.2), (0.18, 0.2), (0.18, 0.95)], WOOD)
    pen.shape([(-0.78, 0.4), (0, -0.98), (0.78, 0.4)], pen.colour)


def _sun(pen: Pen) -> None:
    rays = [(r * cos(a), r * sin(a)) for k in range(20) for r, a in [((0.98, 0.66)[k % 2], 2 * pi * k / 20)]]
    pen.shape(rays, pen.colour)
    pen.dot(-0.22, -0.12, 0.1)
    pen.dot(0.22, -0.12, 0.1)
    pen.line(arc(0, 0.06, 0.28, 0.26, 0.3, pi - 0.3, 8))


def _moon(pen: Pen) -> None:
    outer = arc(0.05, 0, 0.9, 0.95, 0.95, 2 * pi - 0.95, 20)
    inner = arc(0.42, 0, 0.62, 0.76, 2 * pi - 1.45, 1.45, 16)
    pen.shape(outer + inner, pen.colour)


def _cloud(pen: Pen) -> None:
    bumps = (
        arc(-0.55, 0.12, 0.42, 0.42, pi / 2, 1.45 * pi, 8)
        + arc(-0.1, -0.22, 0.45, 0.45, 1.1 * pi, 1.8 * pi, 8)
        + arc(0.5, 0.05, 0.46, 0.48, 1.45 * pi, 2.5 * pi, 10)
    )
    pen.shape(bumps, pen.colour)


def _star(pen: Pen) -> None:
    tips = [((1.0, 0.45)[k % 2], pi * k / 5 - pi / 2) for k in range(10)]
    pen.shape([(r * cos(a), 0.08 + r * sin(a)) for r, a in tips], pen.colour)


def _heart(pen: Pen) -> None:
    angles = np.linspace(0, 2 * pi, 26)[:-1].tolist()
    curve = [
        (0.95 * sin(a) ** 3, -0.06 - 0.06 * (13 * cos(a) - 5 * cos(2 * a) - 2 * cos(3 * a) - cos(4 * a)))
        for a in angles
    ]
    pen.shape(curve, pen.colour)


def _flower(pen: Pen) -> None:
    pen.line([(0, 0.2), (0, 0.98)], LEAF, width=2.2)
    for k in range(5):
        a = 2 * pi * k / 5 - pi / 2
        pen.oval(0.45 * cos(a), -0.3 + 0.45 * sin(a), 0.34, 0.34, pen.colour)
    pen.oval(0, -0.3, 0.26, 0.26, CREAM)


def _mushroom(pen: Pen) -> None:
    pen.shape([(-0.3, 0.05), (0.3, 0.05), (0.36, 0.92), (-0.36, 0.92)], CREAM)
    pen.shape(arc(0, 0.1, 0.95, 1.0, pi, 2 * pi, 16), pen.colour)
    spot = (250, 250, 250) if pen.colour[1] < 235 else (222, 44, 44)
    pen.dot(-0.4, -0.28, 0.16, spot)
    pen.dot(0.32, -0.4, 0.17, spot)


def _car(pen: Pen) -> None:
    body = [(-0.98, 0.42), (-0.98, 0.0), (-0.55, -0.08), (-0.35, -0.52), (0.4, -0.52), (0.62, -0.08)]
    pen.shape([*body, (0.98, 0.02), (0.98, 0.42)], pen.colour)
    pen.shape([(-0.3, -0.1), (-0.18, -0.36), (0.3, -0.36), (0.4, -0.1)], SKY)
    pen.oval(-0.52, 0.46, 0.24, 0.24, (90, 90, 96))
    pen.oval(0.52, 0.46, 0.24, 0.24, (90, 90, 96))


def _boat(pen: Pen) -> None:
    pen.line([(0.0, -0.95), (0.0, 0.35)], INK, width=1.2)
    pen.shape([(0.06, -0.9), (0.75, 0.22), (0.06, 0.22)], CREAM)
    pen.shape([(-0.95, 0.34), (0.95, 0.34), (0.58, 0.9), (-0.58, 0.9)], pen.colour)


def _apple(pen: Pen) -> None:
    pen.line([(0, -0.5), (0.1, -0.95)], WOOD, width=1.6)
    left = arc(-0.32, 0.16, 0.58, 0.72, 0.6 * pi, 1.65 * pi, 12)
    right = arc(0.32, 0.16, 0.58, 0.72, 1.35 * pi, 2.4 * pi, 12)
    pen.shape(left + right, pen.colour)
    pen.shape([(0.12, -0.62), (0.4, -0.92), (0.66, -0.78), (0.44, -0.56)], LEAF)


def _balloon(pen: Pen) -> None:
    pen.line([(0, 0.5), (-0.1, 0.75), (0.06, 0.98)], INK)
    pen.shape([(-0.14, 0.55), (0, 0.36), (0.14, 0.55)], pen.colour)
    pen.oval(0, -0.26, 0.62, 0.7, pen.colour)
    pen.line(arc(-0.05, -0.3, 0.36, 0.42, 1.05 * pi, 1.4 * pi, 6), (250, 250, 250), width=1.2)


def _umbrella(pen: Pen) -> None:
    handle = [(0.0, 0.0), (0.0, 0.72), *arc(0.2, 0.72, 0.2, 0.2, pi, 0, 6)]
    pen.line(handle, INK, width=1.3)
    scallops = [p for k in (0.64, 0.0, -0.64) for p in arc(k, 0.05, 0.32, 0.2, 0, -pi, 6)]
    pen.shape(arc(0, 0.05, 0.96, 0.95, pi, 2 * pi, 16) + scallops, pen.colour)


def _letter_a(pen: Pen) -> None:
    outline = [(-0.9, 0.95), (-0.3, -0.95), (0.3, -0.95), (0.9, 0.95), (0.42, 0.95), (0.3, 0.5)]
    pen.shape([*outline, (-0.3, 0.5), (-0.42, 0.95)], pen.colour, shake=False)
    pen.shape([(-0.17, 0.12), (0, -0.45), (0.17, 0.12)], pen.background, shake=False)


def _letter_t(pen: Pen) -> None:
    bar = [(-0.9, -0.95), (0.9, -0.95), (0.9, -0.45), (0.26, -0.45), (0.26, 0.95), (-0.26, 0.95)]
    pen.shape([*bar, (-0.26, -0.45), (-0.9, -0.45)], pen.colour, shake=False)


SUBJECT_STROKES: dict[str, Callable[[Pen], None]] = {
    "happy face": _happy_face, "sad face": _sad_face, "cat": _cat, "fish": _fish, "house": _house,
    "tree": _tree, "sun": _sun, "moon": _moon, "cloud": _cloud, "star": _star, "heart": _heart,
    "flower": _flower, "mushroom": _mushroom, "car": _car, "boat": _boat, "apple": _apple,
    "balloon": _balloon, "umbrella": _umbrella, "letter a": _letter_a, "letter t": _letter_t,
}  # fmt: skip

# where a hat sits (x, y of its brim) and where glasses sit, in each wearer's frame
HAT_BRIM: dict[str, Point] = {
    "happy face": (0, -0.8), "sad face": (0, -0.8), "cat": (0, -0.6), "fish": (-0.25, -0.5),
    "sun": (0, -0.68), "cloud": (-0.1, -0.58), "star": (0, -0.62), "heart": (0, -0.5), "apple": (0, -0.5),
    "mushroom": (0, -0.82),
}  # fmt: skip
GLASSES: dict[str, Point] = {
    "happy face": (0, -0.25), "sad face": (0, -0.25), "cat": (0, 0.0), "fish": (-0.4, -0.1), "sun": (0, -0.1),
    "cloud": (0, 0.05), "star": (0, 0.0), "heart": (0, -0.15), "apple": (0, 0.1), "mushroom": (0, -0.2),
}  # fmt: skip


def _hat(pen: Pen, x: float, y: float) -> None:
    pen.shape([(x - 0.42, y), (x, y - 0.85), (x + 0.42, y)], HAT)
    pen.dot(x, y - 0.85, 0.14, (252, 216, 48))


def _glasses(pen: Pen, x: float, y: float) -> None:
    pen.line([(x - 0.2, y), (x + 0.2, y)], INK, width=1.6)
    for side in (-1, 1):
        pen.oval(x + side * 0.4, y, 0.27, 0.27, SKY)


def draw(scene: Scene, side: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `scene` as uint8 RGB [side, side, 3]; the same generator state gives the same picture."""
    shift = rng.integers(-2, 3, 3)
    background = np.clip(BACKGROUNDS[scene.background] + shift, 0, 255).tolist()
    canvas = Image.new("RGB", (side * SUPERSAMPLING, side * SUPERSAMPLING), tuple(background))
    for sticker in scene.stickers:
        pen = Pen(canvas, sticker, scene.wobble, rng)
        SUBJECT_STROKES[sticker.subject](pen)
        if sticker.glasses:
            _glasses(pen, *GLASSES[sticker.subject])
        if sticker.hat:
            _hat(pen, *HAT_BRIM[sticker.subject])
    return np.asarray(canvas.reduce(SUPERSAMPLING))
