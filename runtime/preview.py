"""Previews without the image decoder: a small patch of pixels for each code, laid side by side.

`export.preview` fits the patches to the decoder's own pictures. They are bytes, so a preview is the same in
every language.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from runtime.bundle import Bundle

GREY = 128  # every channel where a token is masked


@dataclass(frozen=True)
class PreviewTable:
    """The patches of a bundle: u8 [codes, side, side, 3]."""

    patches: np.ndarray

    @classmethod
    def of(cls, bundle: Bundle) -> Self | None:
        """None for a bundle without patches. Raises BundleError."""
        facts = bundle.manifest.preview
        if facts is None:
            return None
        shape = (bundle.manifest.model.codebook_size, facts.side, facts.side, 3)
        return cls(np.frombuffer(bundle.content(facts.file), np.uint8).reshape(shape))

    def picture(self, tokens: np.ndarray) -> np.ndarray:
        """Tokens i32 [H, W] as a picture u8 [H*side, W*side, 3]; grey where a token is no code."""
        codes, side = self.patches.shape[:2]
        height, width = tokens.shape
        with_grey = np.append(self.patches, np.full_like(self.patches[:1], GREY), axis=0)
        cells = with_grey[np.minimum(tokens, codes)]  # [H, W, side, side, 3]
        whole: np.ndarray = cells.swapaxes(1, 2).reshape(height * side, width * side, 3)
        return whole
