"""Lay what was repainted into the photo. Kotlin, Swift and TypeScript give the same bytes."""

import numpy as np


def covered_pixels(unknown: np.ndarray, token_size: int, levels: np.ndarray | None = None) -> np.ndarray:
    """The pixels to repaint, bool [h, w]: those of the unknown tokens, bool [H, W].

    With the grey `levels` u8 [h, w] of a mask, only those from one half (128 of 255) up.
    """
    covered = unknown.repeat(token_size, axis=0).repeat(token_size, axis=1)
    return covered if levels is None else covered & (levels >= 128)


def compose(photo: np.ndarray, drawn: np.ndarray, covered: np.ndarray, token_size: int) -> np.ndarray:
    """The photo u8 [h, w, 3] where it is not `covered` (bool [h, w]), inside that the drawing u8 [h, w, 3].

    Between them is a seam of one token, inside what is covered: a pixel whose nearest one of the photo is d
    pixels away has d / (token_size + 1) of the drawing.
    """
    parts = token_size + 1
    share = depth(covered, parts)[..., None]
    mixed = drawn * share + photo * (parts - share) + parts // 2
    return (mixed // parts).astype(np.uint8)


def depth(covered: np.ndarray, most: int) -> np.ndarray:
    """How far each pixel is from the nearest one that is not covered, i32 [h, w], at most `most`.

    A diagonal neighbour is at distance 1. Nothing lies beyond the edges of the picture.
    """
    found = np.zeros(covered.shape, np.int32)
    for _ in range(most):
        if not covered.any():
            break
        found += covered
        wide = np.pad(covered, 1, constant_values=True)
        rows = wide[:-2] & wide[1:-1] & wide[2:]
        covered = rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]
    return found
