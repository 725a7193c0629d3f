"""Line charts of the steps as inline SVG, in the colours of the page they stand in."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 420, 200  # units of the drawing; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 14, 34


@dataclass(frozen=True)
class Axis:
    """Vertical axis from `low` to `high` with its marks; `log`: of decades."""

    low: float
    high: float
    marks: Sequence[float]
    label: Callable[[float], str]
    log: bool = False

    def at(self, value: float) -> float:
        """Units from the top."""
        low, high, value = (
            math.log10(x) if self.log else x for x in (self.low, self.high, max(value, self.low))
        )
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)


def shares(values: Sequence[float]) -> Axis:
    """Per cent up to 100, from the tenth (or hundredth, ...) below the least."""
    missing = max(1 - min(values), 1e-4)
    span = 10 ** math.ceil(math.log10(missing))
    if missing <= span / 2:
        span /= 2
    digits = max(0, -math.floor(math.log10(span / 5)) - 2)
    marks = [1 - span + span * k / 5 for k in range(6)]
    return Axis(1 - span, 1.0, marks, lambda share: f"{100 * share:.{digits}f} %")


def decades(values: Sequence[float]) -> Axis:
    """Powers of ten around the values; a zero stands at the foot."""
    positive = [value for value in values if value > 0] or [1e-16]
    low, high = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
    low, high = (low - 1, high) if low == high else (low, high)
    every = math.ceil((high - low) / 5)
    marks = [10.0**power for power in range(low, high + 1, every)]
    return Axis(10.0**low, 10.0**high, marks, lambda value: f"1e{round(math.log10(value))}", log=True)


def line_chart(title: str, values: Sequence[float], axis: Axis) -> str:
    """An SVG of one value a step."""

    def x(step: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (step + 0.5) / len(values)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">']
    for mark in axis.marks:
        y = axis.at(mark)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{axis.label(mark)}</text>')
    every = math.ceil(len(values) / 12)
    for step in range(0, len(values), every):
        parts.append(f'<text x="{x(step):.1f}" y="{HEIGHT - 18}" text-anchor="middle">{step + 1}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 3}" text-anchor="middle">step</text>')
    points = [(x(step), axis.at(value)) for step, value in enumerate(values)]
    parts.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>')
    for step, ((a, b), value) in enumerate(zip(points, values, strict=True)):
        tip = f"<title>step {step + 1}: {value:.6g}</title>"
        parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.6">{tip}</circle>')
    return "".join([*parts, "</svg>"])
