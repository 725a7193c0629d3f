"""The flag `--size` of the exporters, and the sizes that it gives."""

import argparse
from collections.abc import Sequence

from export.errors import ExportError
from runtime.manifest import MAX_SIZES

Size = tuple[int, int]  # (W, H) in pixels


def add_sizes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--size",
        nargs=2,
        type=int,
        action="append",
        metavar=("W", "H"),
        help="pixels; repeat for several sizes, the default first; default: the checkpoint's",
    )


def check_sizes(given: Sequence[Sequence[int]] | None) -> None:
    """Raises ExportError for a size that is given twice, and for more sizes than a bundle has."""
    sizes = [(width, height) for width, height in given or ()]
    for width, height in sizes:
        if sizes.count((width, height)) > 1:
            raise ExportError(f"--size {width} {height} is given twice: leave one out")
    if len(sizes) > MAX_SIZES:
        raise ExportError(f"{len(sizes)} sizes are more than a bundle holds: give at most {MAX_SIZES}")


def sizes_of(given: Sequence[Sequence[int]] | None, default: Size) -> tuple[Size, ...]:
    """What `add_sizes` parsed, or the default."""
    return tuple((width, height) for width, height in given or [default])


def listed(sizes: Sequence[Size]) -> str:
    return ", ".join(f"{width}x{height}" for width, height in sizes)
