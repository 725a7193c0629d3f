"""The subjects: each a few strokes of a `Pen` in its own frame."""

from collections.abc import Callable
from math import cos, pi, sin

from reference.stickers.faces import FACE_STROKES, RED, WHITE, heart
from reference.stickers.pen import INK, Pen, Point, Rgb, arc
from reference.stickers.words import WORD_STROKES

HAT: Rgb = (0, 158, 158)
LEAF: Rgb = (70, 160, 60)
WOOD: Rgb = (120, 78, 44)
CREAM: Rgb = (250, 236, 206)
SKY: Rgb = (190, 226, 246)
PINK: Rgb = (246, 130, 150)
ORANGE: Rgb = (246, 150, 40)
CONE: Rgb = (232, 176, 104)
TIN: Rgb = (176, 180, 190)


def _cat(pen: Pen) -> None:
    ears = [(-0.85, -0.1), (-0.8, -0.98), (-0.3, -0.62), (0.3, -0.62), (0.8, -0.98), (0.85, -0.1)]
    pen.shape(ears + arc(0, 0.08, 0.92, 0.82, 0.1, pi - 0.1), pen.colour)
    pen.dot(-0.36, 0.0, 0.13)
    pen.dot(0.36, 0.0, 0.13)
    pen.dot(0, 0.3, 0.1, PINK)
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
    pen.shape(heart(0, 0, 1), pen.colour)


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


def _dog(pen: Pen) -> None:
    pen.oval(0, 0.05, 0.78, 0.8, pen.colour)
    for side in (-1, 1):
        ear = [(side * x, y) for x, y in ((0.42, -0.72), (0.78, -0.8), (0.98, -0.3), (0.9, 0.2), (0.66, 0.1))]
        pen.shape(ear, WOOD)
        pen.dot(side * 0.32, -0.12, 0.13)
    pen.oval(0, 0.44, 0.42, 0.32, CREAM)
    pen.dot(0, 0.32, 0.15)
    pen.line([(0, 0.4), (0, 0.6)], INK)


def _rabbit(pen: Pen) -> None:
    for side in (-1, 1):
        pen.oval(side * 0.3, -0.55, 0.2, 0.43, pen.colour)
        pen.dot(side * 0.3, -0.52, 0.1, PINK)
    pen.oval(0, 0.34, 0.7, 0.6, pen.colour)
    pen.dot(-0.28, 0.22, 0.12)
    pen.dot(0.28, 0.22, 0.12)
    pen.dot(0, 0.44, 0.1, PINK)
    pen.shape([(-0.13, 0.62), (0.13, 0.62), (0.13, 0.84), (-0.13, 0.84)], WHITE)


def _bird(pen: Pen) -> None:
    pen.line([(-0.15, 0.6), (-0.15, 0.96)], ORANGE, width=1.8)
    pen.line([(0.2, 0.6), (0.2, 0.96)], ORANGE, width=1.8)
    pen.shape([(-0.6, -0.32), (-0.98, -0.1), (-0.6, 0.08)], ORANGE)
    pen.shape([(0.5, 0.1), (0.98, -0.3), (0.92, 0.36), (0.5, 0.5)], pen.colour)
    pen.oval(0, 0, 0.72, 0.72, pen.colour)
    pen.dot(-0.34, -0.24, 0.13)
    pen.shape(arc(0.22, 0.1, 0.42, 0.36, 0, pi, 10), CREAM)


def _butterfly(pen: Pen) -> None:
    for side in (-1, 1):
        pen.line([(0, -0.4), (side * 0.3, -0.9)], INK, width=1.2)
        pen.oval(side * 0.5, 0.48, 0.38, 0.38, pen.colour)
        pen.oval(side * 0.54, -0.22, 0.44, 0.48, pen.colour)
        pen.dot(side * 0.56, -0.2, 0.17, CREAM)
    pen.oval(0, 0.08, 0.13, 0.6, WOOD)


def _cupcake(pen: Pen) -> None:
    pen.shape([(-0.66, 0.2), (0.66, 0.2), (0.46, 0.95), (-0.46, 0.95)], CREAM)
    for x in (-0.22, 0.22):
        pen.line([(x * 1.3, 0.24), (x, 0.92)], WOOD)
    icing = arc(-0.6, 0.1, 0.3, 0.3, pi / 2, 1.4 * pi, 6) + arc(0, -0.22, 0.55, 0.55, 1.1 * pi, 1.9 * pi, 10)
    pen.shape(icing + arc(0.6, 0.1, 0.3, 0.3, 1.6 * pi, 2.5 * pi, 6), pen.colour)
    pen.oval(0, -0.78, 0.18, 0.18, RED if pen.colour[1] > 100 or pen.colour[0] < 180 else CREAM)


def _ice_cream(pen: Pen) -> None:
    pen.shape([(-0.5, 0.0), (0.5, 0.0), (0, 0.98)], CONE)
    pen.line([(-0.3, 0.16), (0.12, 0.66)], WOOD, width=0.8)
    pen.line([(0.3, 0.16), (-0.12, 0.66)], WOOD, width=0.8)
    pen.shape(arc(0, -0.28, 0.66, 0.66, 0.85 * pi, 2.15 * pi, 18), pen.colour, round=True)


def _rocket(pen: Pen) -> None:
    pen.shape([(-0.22, 0.6), (0.22, 0.6), (0, 0.98)], ORANGE)
    for side in (-1, 1):
        pen.shape([(side * 0.34, 0.1), (side * 0.74, 0.66), (side * 0.3, 0.62)], TIN)
    left = [(-0.3, 0.64), *arc(0.5, 0.1, 0.88, 1.2, pi + 0.05, 1.32 * pi, 8), (0, -0.98)]
    pen.shape([*left, *((-x, y) for x, y in reversed(left[:-1]))], pen.colour)
    pen.oval(0, -0.2, 0.2, 0.2, SKY)


def _robot(pen: Pen) -> None:
    pen.line([(0, -0.6), (0, -0.86)], INK, width=1.4)
    pen.dot(0, -0.88, 0.12, RED)
    for x in (-0.92, 0.74):
        pen.shape([(x, -0.1), (x + 0.18, -0.1), (x + 0.18, 0.36), (x, 0.36)], TIN)
    pen.shape([(-0.74, -0.6), (0.74, -0.6), (0.74, 0.86), (-0.74, 0.86)], pen.colour)
    for x in (-0.34, 0.34):
        pen.oval(x, -0.1, 0.2, 0.2, WHITE)
        pen.dot(x, -0.1, 0.1, INK)
    pen.shape([(-0.4, 0.36), (0.4, 0.36), (0.4, 0.6), (-0.4, 0.6)], WHITE)
    pen.line([(0, 0.38), (0, 0.58)], INK)


def _crown(pen: Pen) -> None:
    spikes = [(-0.92, -0.5), (-0.45, 0.0), (0, -0.75), (0.45, 0.0), (0.92, -0.5)]
    pen.shape([(-0.78, 0.72), *spikes, (0.78, 0.72)], pen.colour)
    for x, y in (spikes[0], spikes[2], spikes[4]):
        pen.oval(x, y, 0.13, 0.13, pen.colour)
    for x in (-0.4, 0, 0.4):
        pen.dot(x, 0.42, 0.12, CREAM)


def _ghost(pen: Pen) -> None:
    waves = [(0.78, 0.9), (0.5, 0.66), (0.26, 0.92), (0, 0.68), (-0.26, 0.92), (-0.5, 0.66), (-0.78, 0.9)]
    pen.shape([*arc(0, -0.12, 0.78, 0.82, pi, 2 * pi, 18), *waves], pen.colour)
    pen.dot(-0.28, -0.2, 0.16)
    pen.dot(0.28, -0.2, 0.16)
    pen.dot(0, 0.2, 0.13)


SUBJECT_STROKES: dict[str, Callable[[Pen], None]] = {
    "cat": _cat, "fish": _fish, "house": _house, "tree": _tree, "sun": _sun, "moon": _moon,
    "cloud": _cloud, "star": _star, "heart": _heart, "flower": _flower, "mushroom": _mushroom,
    "car": _car, "boat": _boat, "apple": _apple, "balloon": _balloon, "umbrella": _umbrella,
    "letter a": _letter_a, "letter t": _letter_t, "dog": _dog, "rabbit": _rabbit, "bird": _bird,
    "butterfly": _butterfly, "cupcake": _cupcake, "ice cream": _ice_cream, "rocket": _rocket,
    "robot": _robot, "crown": _crown, "ghost": _ghost,
} | FACE_STROKES | WORD_STROKES  # fmt: skip

# where a hat sits (x, y of its brim) and where glasses sit, in each wearer's frame
HAT_BRIM: dict[str, Point] = {
    "happy face": (0, -0.8), "sad face": (0, -0.8), "cat": (0, -0.6), "fish": (-0.25, -0.5),
    "sun": (0, -0.68), "cloud": (-0.1, -0.58), "star": (0, -0.62), "heart": (0, -0.5), "apple": (0, -0.5),
    "mushroom": (0, -0.82), "laughing face": (0, -0.8), "winking face": (0, -0.8), "dog": (0, -0.66),
    "bird": (-0.1, -0.62), "robot": (0, -0.58), "ghost": (0, -0.82),
}  # fmt: skip
GLASSES: dict[str, Point] = {
    "happy face": (0, -0.25), "sad face": (0, -0.25), "cat": (0, 0.0), "fish": (-0.4, -0.1), "sun": (0, -0.1),
    "cloud": (0, 0.05), "star": (0, 0.0), "heart": (0, -0.15), "apple": (0, 0.1), "mushroom": (0, -0.2),
    "laughing face": (0, -0.25), "winking face": (0, -0.25), "dog": (0, -0.12), "bird": (-0.2, -0.22),
    "robot": (0, -0.1), "ghost": (0, -0.2),
}  # fmt: skip


def draw_hat(pen: Pen, x: float, y: float) -> None:
    """A pointed hat whose brim is centred at (x, y)."""
    pen.shape([(x - 0.42, y), (x, y - 0.85), (x + 0.42, y)], HAT)
    pen.dot(x, y - 0.85, 0.14, (252, 216, 48))


def draw_glasses(pen: Pen, x: float, y: float) -> None:
    """Round glasses whose bridge is centred at (x, y)."""
    pen.line([(x - 0.2, y), (x + 0.2, y)], INK, width=1.6)
    for side in (-1, 1):
        pen.oval(x + side * 0.4, y, 0.27, 0.27, SKY)
