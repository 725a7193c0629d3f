"""PNG files of every mode that Pillow writes, for runtimes that read them without Pillow.

Each has two hashes: of the RGB bytes that `pictures.picture_array` gives, and of its grey levels as a mask.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reference.pictures import read_picture, repainted
from runtime.pictures import picture_array

SIZE = WIDTH, HEIGHT = 37, 23  # rows that end within a byte


def smooth(channels: int) -> np.ndarray:
    """Slopes with a little noise, so that the encoder takes every filter somewhere: u8 [h, w, channels]."""
    rng = np.random.default_rng(9)
    y, x, c = np.mgrid[:HEIGHT, :WIDTH, :channels]
    noise = rng.integers(0, 3, y.shape) + 200 * (rng.random(y.shape) < 0.02)
    return ((3 * x + 5 * y + 60 * c + noise) % 256).astype(np.uint8)


def write_pngs(folder: Path) -> list[str]:
    """The names of the files that a runtime must read."""
    rgb, rgba = Image.fromarray(smooth(3)), Image.fromarray(smooth(4), "RGBA")
    grey, grey_alpha = Image.fromarray(smooth(1)[..., 0]), Image.fromarray(smooth(2), "LA")
    palette = rgb.quantize(200)
    pixel = rgb.getpixel((5, 5))
    files: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "rgb": (rgb, {}),
        "rgb_key": (rgb, {"transparency": pixel}),
        "rgba": (rgba, {}),
        "grey": (grey, {}),
        "grey_key": (grey, {"transparency": grey.getpixel((5, 5))}),
        "grey_alpha": (grey_alpha, {}),
        "bits": (grey.point(lambda level: 255 * (level > 99)).convert("1"), {}),
        "palette": (palette, {}),
        "palette_alpha": (palette, {"transparency": bytes(range(50, 250))}),
        "palette4": (rgb.quantize(13), {"bits": 4}),
        "palette2": (rgb.quantize(4), {"bits": 2}),
        "palette1": (rgb.quantize(2), {"bits": 1}),
    }
    for name, (picture, options) in files.items():
        picture.save(folder / f"{name}.png", **options)
    Image.fromarray(smooth(1)[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    return list(files)


def recorded_pngs(folder: Path) -> dict[str, dict[str, str]]:
    cases = {}
    for name in write_pngs(folder):
        picture = read_picture(folder / f"{name}.png")
        rgb, grey = picture_array(picture, SIZE), np.asarray(repainted(picture))
        cases[name] = {
            "rgb": hashlib.sha256(rgb.tobytes()).hexdigest(),
            "grey": hashlib.sha256(grey.tobytes()).hexdigest(),
        }
    return cases
