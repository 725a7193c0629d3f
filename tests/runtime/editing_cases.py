"""What the four runtimes must agree on to the byte: fitting, composing, and the settings in a PNG.

Fitted pictures are Pillow's own `crop`, `resize` and `paste`.
"""

import base64
import hashlib
import io
import json
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from reference.compose import compose, covered_pixels
from reference.fit import FITS, inscribed
from runtime.picture_settings import KEYWORD, PictureSettings

PICTURES = ((37, 23), (9, 41), (16, 12), (64, 48), (1, 5), (33, 33))
SIZES = ((16, 12), (12, 16), (20, 20), (64, 48))
FRAMES = (
    ((4000, 3000), (1024, 1024)),
    ((3000, 4000), (512, 768)),
    ((16_777_216, 1), (4096, 64)),
    ((1, 4096), (4096, 4096)),
    ((5, 3), (2, 2)),
    ((7, 4), (64, 64)),
    ((1, 1), (3, 7)),
    ((4096, 4095), (4095, 4096)),
)
SETTINGS = (
    PictureSettings(
        prompt='ein Hündchen 犬 "quoted"\n🦊 \\',
        negative_prompt="",
        seed=2**64 - 1,
        steps=16,
        guidance=2.5,
        size=(48, 64),
        mode="text",
        model="0" * 64,
    ),
    PictureSettings(
        prompt="a yellow sun",
        negative_prompt="a moon",
        seed=7,
        steps=1000,
        guidance=0.0,
        size=(64, 64),
        mode="inpaint",
        model="ab" * 32,
        strength=0.625,
        fit="pad",
        compose=False,
        guidance_from=0.25,
        guidance_until=0.75,
    ),
    PictureSettings(
        prompt="a wide meadow",
        negative_prompt="",
        seed=0,
        steps=2,
        guidance=100.0,
        size=(64, 64),
        mode="outpaint",
        model="ff" * 32,
        margins=(16, 0, 8, 4),
        fit="stretch",
        compose=True,
    ),
)


def text(values: np.ndarray) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()


def sha256(values: np.ndarray) -> str:
    return hashlib.sha256(values.astype(np.uint8).tobytes()).hexdigest()


def picture(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Blocks of colour, some white or black, with noise on half of them."""
    width, height = size
    coarse = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
    coarse[coarse[..., 0] > 150] = 255
    coarse[coarse[..., 0] < 60] = 0
    whole = coarse.repeat(4, axis=0).repeat(4, axis=1)[:height, :width].copy()
    noisy = rng.random((height, width)) < 0.4
    whole[noisy] = rng.integers(0, 256, (int(noisy.sum()), 3), np.uint8)
    return Image.fromarray(whole)


def lanczos(source: Image.Image, size: tuple[int, int]) -> Image.Image:
    """First across, then down: Pillow 13 would choose the order itself."""
    across = source.resize((size[0], source.height), Image.Resampling.LANCZOS)
    return across.resize(size, Image.Resampling.LANCZOS)


def by_pillow(source: Image.Image, size: tuple[int, int], how: str, margin: str) -> np.ndarray:
    if how == "stretch":
        return np.asarray(lanczos(source, size))
    if how == "crop":
        width, height = inscribed(size, source.size)
        left, top = (source.width - width) // 2, (source.height - height) // 2
        return np.asarray(lanczos(source.crop((left, top, left + width, top + height)), size))
    inner = inscribed(source.size, size)
    whole = Image.new(source.mode, size, margin)
    whole.paste(lanczos(source, inner), ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return np.asarray(whole)


def fitted(pictures: list[Image.Image]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    fits, masks = [], []
    for at, source in enumerate(pictures):
        for size in SIZES:
            for how in FITS:
                case = {"picture": at, "size": size, "fit": how}
                fits.append({**case, "rgb_sha256": sha256(by_pillow(source, size, how, "white"))})
                along = pictures[(at + 1) % len(pictures)]  # of another size than its mask
                for of in (source.size, along.size):
                    grey = lanczos(source.convert("L"), of)
                    levels = by_pillow(grey, size, how, "black")
                    masks.append({**case, "of": of, "levels_sha256": sha256(levels)})
    return fits, masks


def composed(rng: np.random.Generator) -> list[dict[str, Any]]:
    cases = []
    for token_size, (width, height), masked in (
        (4, (6, 5), True),
        (4, (6, 5), False),
        (1, (9, 7), False),
        (8, (4, 3), True),
        (3, (8, 8), True),
    ):
        unknown = rng.random((height, width)) < 0.7
        pixels = (height * token_size, width * token_size)
        levels = rng.choice(np.array([0, 127, 128, 255], np.uint8), pixels, p=[0.01, 0.01, 0.49, 0.49])
        covered = covered_pixels(unknown, token_size, levels if masked else None)
        photo, drawn = (rng.integers(0, 256, (*pixels, 3), np.uint8) for _ in range(2))
        cases.append(
            {
                "token_size": token_size,
                "grid": [width, height],
                "unknown": text(unknown),
                "levels": text(levels) if masked else None,
                "photo": text(photo),
                "drawn": text(drawn),
                "covered_sha256": sha256(covered),
                "rgb_sha256": sha256(compose(photo, drawn, covered, token_size)),
            }
        )
    return cases


def settings_cases() -> list[dict[str, Any]]:
    """Pictures with settings; the last has two, of which Pillow reads the second."""
    cases = []
    for own in [*((settings,) for settings in SETTINGS), SETTINGS[:2]]:
        settings = own[-1]
        info = PngImagePlugin.PngInfo()
        info.add_itxt("other", "x")
        for each in own:
            info.add_itxt(KEYWORD, each.json_text())
        file = io.BytesIO()
        Image.new("RGB", (3, 2), "teal").save(file, "PNG", pnginfo=info)
        facts = settings.model_dump(exclude_defaults=True, mode="json")
        png = base64.b64encode(file.getvalue()).decode()
        # The seed as text: JSON readers keep 53 bits of a number.
        cases.append({"png": png, "settings": {**facts, "seed": str(settings.seed)}})
    return cases


def document() -> str:
    rng = np.random.default_rng(24)
    pictures = [picture(rng, size) for size in PICTURES]
    fits, masks = fitted(pictures)
    content: dict[str, list[Any]] = {
        "pictures": [
            {
                "size": source.size,
                "rgb": text(np.asarray(source)),
                "grey": text(np.asarray(source.convert("L"))),
            }
            for source in pictures
        ],
        "inscribed": [
            {"shape": shape, "frame": frame, "size": inscribed(shape, frame)} for shape, frame in FRAMES
        ],
        "fits": fits,
        "masks": masks,
        "composed": composed(rng),
        "settings": settings_cases(),
    }
    parts = []
    for name, cases in content.items():
        lines = ",\n".join(json.dumps(case) for case in cases)
        parts.append(f'"{name}": [\n{lines}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"
