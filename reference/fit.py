"""Bring a picture of any size to the one that is drawn. Kotlin, Swift and TypeScript give the same bytes."""

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:  # a Mac that checks a bundle has no Pillow, and reads a request's choices
    from PIL import Image

Fit = Literal["crop", "pad", "stretch"]
FITS: tuple[Fit, ...] = get_args(Fit)


def fit(picture: "Image.Image", size: tuple[int, int], how: Fit, margin: str) -> "Image.Image":
    """A picture of mode RGB or L in `size` (W, H), scaled with Pillow's Lanczos filter.

    "crop" scales the largest part of its middle that has the shape of `size`. "pad" scales all of it into
    the middle of `size` and fills the rest with the colour `margin`. "stretch" scales both sides alone.
    """
    if how == "stretch":
        return scaled(picture, size)
    if how == "crop":
        width, height = inscribed(size, picture.size)
        left, top = (picture.width - width) // 2, (picture.height - height) // 2
        part = picture.crop((left, top, left + width, top + height))
        return scaled(part, size)
    from PIL import Image

    inner = inscribed(picture.size, size)
    padded = Image.new(picture.mode, size, margin)
    corner = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    padded.paste(scaled(picture, inner), corner)
    return padded


def scaled(picture: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """A picture in `size` (W, H) by Pillow's Lanczos filter, first across, then down.

    The order changes the last bits, and Pillow 13 chooses it by the sizes, older versions do not.
    """
    from PIL import Image

    across = picture.resize((size[0], picture.height), Image.Resampling.LANCZOS)
    return across.resize(size, Image.Resampling.LANCZOS)


def inscribed(shape: tuple[int, int], frame: tuple[int, int]) -> tuple[int, int]:
    """The largest (W, H) of the shape of `shape` inside `frame`, rounded half up, at least one pixel."""
    (width, height), (across, down) = shape, frame
    if width * down > across * height:
        return across, max((2 * across * height + width) // (2 * width), 1)
    return max((2 * down * width + height) // (2 * height), 1), down
