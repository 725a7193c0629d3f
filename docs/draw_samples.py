"""Draw docs/samples.png and docs/shaded.png with bundles, from the repository's root.

    python docs/draw_samples.py [BUNDLE]          # the shipped stickers; default: build/android
    python docs/draw_samples.py BUNDLE shaded     # the shaded ones

PyTorch is not imported. Every picture has seed 1 and the bundle's defaults.
"""

from argparse import ArgumentParser
from pathlib import Path

from PIL import Image

from runtime import Generator, Request

SAMPLES = (
    "a red heart", "a blue cat wearing a hat", "a yellow star", "a purple fish with glasses",
    "an orange mushroom", "a small green car", "a pink flower on a light blue background", "a black umbrella",
    "two red apples", "three blue balloons", "four yellow happy faces", "a gray moon at the top",
    "a red cat above a green boat", "a white cloud and a brown house",
    "a blue letter a to the left of a red letter t", "a green tree under a yellow sun",
)  # fmt: skip
SHADED = (
    "a red heart", "a yellow laughing face", "a red boat in front of the sea",
    "a pink ice cream on light pink dots", "an orange cat on green hills",
    "a purple ghost in the night sky", "a blue word hi", "a yellow crown", "a yellow winking face",
    "a pink cupcake", "a gray moon in front of the night sky", "a red word ok",
    "a brown house on green hills", "three blue balloons", "a blue robot wearing a hat",
    "a yellow star on light blue stripes",
)  # fmt: skip
PROMPTS = {"samples": SAMPLES, "shaded": SHADED}
COLUMNS, GAP = 8, 4


def main() -> None:
    parser = ArgumentParser(description="Draw docs/samples.png or docs/shaded.png with a bundle.")
    parser.add_argument("bundle", nargs="?", default="build/android", help="default: %(default)s")
    parser.add_argument("name", nargs="?", default="samples", choices=PROMPTS, help="default: %(default)s")
    given = parser.parse_args()
    draw(given.bundle, given.name)


def draw(bundle: str, name: str) -> None:
    generator = Generator.open(bundle, keep=True)
    width, height = generator.bundle.manifest.defaults.size
    cell_width, cell_height = width + GAP, height + GAP
    rows = -(-len(PROMPTS[name]) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * cell_width - GAP, rows * cell_height - GAP), (235, 235, 235))
    for index, prompt in enumerate(PROMPTS[name]):
        picture = Image.fromarray(generator.text_to_image(Request(prompt, seed=1)).picture)
        place = (index % COLUMNS * cell_width, index // COLUMNS * cell_height)
        sheet.paste(picture, place)
    sheet.save(Path(__file__).parent / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
