"""A picture and its mask in the size that the pipeline draws, and the drawing laid into the picture."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image

from reference.compose import compose, covered_pixels
from reference.errors import RequestError
from reference.fit import Fit, fit
from reference.image import mask_grid
from reference.pictures import MODES, on_white, repainted
from reference.pipeline import Pipeline


@dataclass(frozen=True)
class Edit:
    """What the pipeline gets."""

    image: Image.Image  # without margins
    mask: Image.Image | None
    margins: tuple[int, int, int, int]  # left, top, right, bottom in pixels
    token_size: int

    @classmethod
    def of(
        cls,
        pipeline: Pipeline,
        image: Image.Image,
        mask: Image.Image | None,
        margins: tuple[int, int, int, int] | None,
        size: tuple[int, int] | None,
        how: Fit,
    ) -> Self:
        """Fits an image and its mask to a size (W, H), less the margins.

        Without a size they keep their own if it can be drawn, else they get the checkpoint's. Raises
        RequestError for a picture with more than 8 bits a channel, or margins that leave no room for it.
        """
        for what, picture in (("image", image), ("mask", mask)):
            if picture is not None and picture.mode not in MODES:
                raise RequestError(f"the {what} has mode {picture.mode}: convert it to 8 bits a channel")
        margins = margins or (0, 0, 0, 0)
        left, top, right, bottom = margins
        if size is None:
            size = image.width + left + right, image.height + top + bottom
            if any(side % pipeline.unit for side in size):
                size = pipeline.checkpoint.defaults.size
        inner = size[0] - left - right, size[1] - top - bottom
        if min(inner) <= 0:
            shown = " ".join(map(str, margins))
            raise RequestError(f"margins {shown} leave no room for the picture: give smaller ones")
        if mask is not None:
            along = fit(repainted(mask), image.size, "stretch", "black")
            mask = fit(along, inner, how, "black")
        image = fit(on_white(image), inner, how, "white")
        return cls(image, mask, margins, pipeline.checkpoint.token_size)

    def composed(self, drawn: Image.Image) -> Image.Image:
        """The image where a mask or margins do not cover it, inside that the drawing."""
        left, top, right, bottom = self.margins
        photo = np.pad(np.asarray(self.image), ((top, bottom), (left, right), (0, 0)), mode="edge")
        if self.mask is not None:
            unknown = mask_grid(self.mask, self.image.size, self.token_size).numpy()
            covered = covered_pixels(unknown, self.token_size, np.asarray(self.mask))
        elif any(self.margins):
            covered = np.ones(photo.shape[:2], bool)
            covered[top : top + self.image.height, left : left + self.image.width] = False
        else:
            return drawn
        return Image.fromarray(compose(photo, np.asarray(drawn), covered, self.token_size))
