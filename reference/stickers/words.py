"""Short words in thick outlined letters."""

from collections.abc import Callable
from math import pi

from reference.stickers.pen import Pen, Point, arc

LETTERS: dict[str, list[list[Point]]] = {
    "e": [[(1, 0), (0, 0), (0, 1), (1, 1)], [(0, 0.5), (0.8, 0.5)]],
    "h": [[(0, 0), (0, 1)], [(1, 0), (1, 1)], [(0, 0.5), (1, 0.5)]],
    "i": [[(0.5, 0), (0.5, 1)]],
    "k": [[(0, 0), (0, 1)], [(1, 0), (0, 0.5), (1, 1)]],
    "l": [[(0, 0), (0, 1), (1, 1)]],
    "n": [[(0, 1), (0, 0), (1, 1), (1, 0)]],
    "o": [arc(0.5, 0.5, 0.5, 0.5, -pi / 2, 3 * pi / 2 + 0.1, 24)],
    "s": [
        arc(0.5, 0.25, 0.46, 0.25, -0.15 * pi, -1.5 * pi, 14)
        + arc(0.5, 0.75, 0.46, 0.25, -0.5 * pi, 0.85 * pi, 14)
    ],
    "w": [[(0, 0), (0.22, 1), (0.5, 0.3), (0.78, 1), (1, 0)]],
    "y": [[(0, 0), (0.5, 0.5), (1, 0)], [(0.5, 0.5), (0.5, 1)]],
}
"""Lines of each letter in a box of one unit a side, y down."""
WIDTHS = {"i": 0.3, "w": 1.35}
"""Of letters that are not one unit wide."""
WORDS = ("hi", "wow", "lol", "ok", "yes", "no")
HEIGHTS = {2: 1.0, 3: 0.84}
"""Height of a word's letters by their number, in the frame."""


def _word(word: str) -> Callable[[Pen], None]:
    gap, margin = 0.5, 0.84
    widths = [WIDTHS.get(letter, 1.0) for letter in word]
    unit = 2 * margin / (sum(widths) + gap * (len(word) - 1))
    height = HEIGHTS[len(word)]

    def strokes(pen: Pen) -> None:
        lines, left = [], -margin
        for letter, width in zip(word, widths, strict=True):
            for line in LETTERS[letter]:
                lines.append([(left + unit * width * x, height * (y - 0.5)) for x, y in line])
            left += unit * (width + gap)
        pen.lettering(lines, thickness=0.24)

    return strokes


WORD_STROKES = {f"word {word}": _word(word) for word in WORDS}
