"""Draw docs/samples.png with a bundle: `python docs/draw_samples.py [BUNDLE]` (from the repository's root).

PyTorch is not imported. Every picture has seed 1 and the bundle's defaults, and none is picked.
"""

import sys
from pathlib import Path

from PIL import Image

from runtime import Generator, Request

PROMPTS = (
    "a red heart", "a blue cat wearing a hat", "a yellow star", "a purple fish with glasses",
    "an orange mushroom", "a small green car", "a pink flower on a light blue background", "a black umbrella",
    "two red apples", "three blue balloons", "four yellow happy faces", "a gray moon at the top",
    "a red cat above a green boat", "a white cloud and a brown house",
    "a blue letter a to the left of a red letter t", "a green tree under a yellow sun",
)  # fmt: skip
COLUMNS, GAP = 8, 4


def main(bundle: str) -> None:
    generator = Generator.open(bundle, keep=True)
    width, height = generator.bundle.manifest.defaults.size
    cell_width, cell_height = width + GAP, height + GAP
    rows = -(-len(PROMPTS) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * cell_width - GAP, rows * cell_height - GAP), (235, 235, 235))
    for index, prompt in enumerate(PROMPTS):
        picture = Image.fromarray(generator.text_to_image(Request(prompt, seed=1)).picture)
        place = (index % COLUMNS * cell_width, index // COLUMNS * cell_height)
        sheet.paste(picture, place)
    sheet.save(Path(__file__).parent / "samples.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build/android")
