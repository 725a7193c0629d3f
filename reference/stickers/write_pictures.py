"""Write sticker drawings as PNG files: `python -m reference.stickers.write_pictures DIR --count N`."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from reference.errors import Parser, exit_code
from reference.publishing import check_output_folder
from reference.request import check_range
from reference.stickers.draw import draw
from reference.stickers.scene import VOCABULARIES, sample_scene

SEED = 77


def command_line() -> None:
    """Each picture is a scene of its own, of a seed that no training or test uses."""
    parser = Parser(
        prog="python -m reference.stickers.write_pictures",
        description="Write sticker drawings as PNG files, for python -m reference.tiny_decoder --pictures.",
        epilog="example:\n  python -m reference.stickers.write_pictures build/stickers-pictures --count 4000",
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--count", type=int, default=4000, help="pictures (%(default)s)")
    parser.add_argument("--size", type=int, default=64, metavar="PX", help="pixels a side (%(default)s)")
    parser.add_argument("--vocabulary", choices=sorted(VOCABULARIES), default="flat")
    given = parser.parse_args()
    check_range("count", given.count, 1, 1_000_000)
    check_range("size", given.size, 16, 4096)
    check_output_folder(given.folder, "DIR")
    given.folder.mkdir(parents=True, exist_ok=True)
    for index in tqdm(range(given.count), leave=False, disable=None):
        rng = np.random.default_rng([SEED, index])
        picture = draw(sample_scene(rng, vocabulary=VOCABULARIES[given.vocabulary]), given.size, rng)
        Image.fromarray(picture).save(given.folder / f"{index:06d}.png")


if __name__ == "__main__":
    sys.exit(exit_code(command_line, stopped="some pictures were written"))
