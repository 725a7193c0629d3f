"""Paint recorded strokes: flat colours, or shaded ones inside a white rim as on die-cut stickers."""

from collections.abc import Sequence
from math import pi

import numpy as np
from PIL import Image, ImageDraw

from reference.stickers.pen import Point, Rgb, Stroke, arc

SHADE = 16
"""Levels of 255 by which a shaded shape is lighter at its upper left, and darker at its lower right."""
RIM = 0.022
"""Width of the white rim in fractions of the side."""
WHITE: Rgb = (255, 255, 255)
RAMP = Image.fromarray(
    np.add.outer(np.linspace(0, 165, 32), np.linspace(0, 90, 32)).round().astype(np.uint8), mode="L"
)
"""How far from the lit corner (0) to the dark one (255) a pixel lies; light comes mostly from above."""


def paint_flat(canvas: Image.Image, strokes: Sequence[Stroke]) -> None:
    """Each stroke in one colour."""
    brush = ImageDraw.Draw(canvas)
    for stroke in strokes:
        if stroke.fill:
            brush.polygon(stroke.points, fill=stroke.fill)
        if stroke.line:
            _line(brush, stroke, stroke.line, stroke.width)


def paint_shaded(canvas: Image.Image, strokes: Sequence[Stroke]) -> None:
    """A white rim around all strokes, then each: shapes get darker downwards, ovals shine, dots glint."""
    brush = ImageDraw.Draw(canvas)
    rim = round(2 * RIM * canvas.width)
    for stroke in strokes:
        _line(brush, stroke, WHITE, stroke.width + rim)
    for stroke in strokes:
        if stroke.fill and stroke.line:
            _fill_shaded(canvas, stroke)
        elif stroke.fill:
            brush.polygon(stroke.points, fill=stroke.fill)
            _glint(brush, stroke)
        if stroke.line:
            _line(brush, stroke, stroke.line, stroke.width)
        if stroke.fill and stroke.line and stroke.round:
            _shine(brush, stroke)


def _line(brush: ImageDraw.ImageDraw, stroke: Stroke, colour: Rgb, width: int) -> None:
    """The outline, closed if the stroke is filled."""
    points = [*stroke.points, *stroke.points[:2]] if stroke.fill else stroke.points
    brush.line(points, fill=colour, width=width, joint="curve")
    if stroke.caps:
        for x, y in (points[0], points[-1]):
            brush.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)


def _box(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _fill_shaded(canvas: Image.Image, stroke: Stroke) -> None:
    left, top, right, bottom = (round(edge) for edge in _box(stroke.points))
    size = (max(right - left, 1), max(bottom - top, 1))
    light, dark = (
        Image.new("RGB", size, tuple(min(max(level + change, 0), 255) for level in stroke.fill or WHITE))
        for change in (SHADE, -SHADE)
    )
    inside = Image.new("L", size)
    ImageDraw.Draw(inside).polygon([(x - left, y - top) for x, y in stroke.points], fill=255)
    ramp = RAMP.resize(size, Image.Resampling.BILINEAR)
    canvas.paste(Image.composite(dark, light, ramp), (left, top), inside)


def _shine(brush: ImageDraw.ImageDraw, stroke: Stroke) -> None:
    """A light curve inside an oval's upper left."""
    left, top, right, bottom = _box(stroke.points)
    rx, ry = (right - left) / 2, (bottom - top) / 2
    if min(rx, ry) < 6 * stroke.width:
        return
    colour = tuple(round(level + 0.65 * (255 - level)) for level in stroke.fill or WHITE)
    curve = arc(left + rx, top + ry, 0.74 * rx, 0.74 * ry, 1.08 * pi, 1.42 * pi)
    _line(brush, Stroke(curve, None, WHITE, 0, caps=True), colour, round(1.2 * stroke.width))  # type: ignore[arg-type]


def _glint(brush: ImageDraw.ImageDraw, stroke: Stroke) -> None:
    """A white spot in a dot's upper left, as on an eye."""
    left, top, right, bottom = _box(stroke.points)
    x, y, radius = left + 0.36 * (right - left), top + 0.34 * (bottom - top), 0.17 * (right - left)
    brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=WHITE)
