"""The flags that `export.coreml` and `export.coreai` share: of the checkpoint, and of what to make of it."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export.sizes import add_sizes
from reference.component_configs import add_student

PALETTES: dict[int, Any] = {4: "palette4", 6: "palette6", 8: "palette8"}


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--checkpoint", metavar="DIR|ID", help="folder or hub id; default: the shipped stickers")
    add("--variant", metavar="NAME", help="which weight files, such as fp16; default: full precision first")
    add_student(parser)


def add_form(parser: argparse.ArgumentParser, forms: Mapping[str, str]) -> None:
    """How weights are stored: one of `forms`, with its meaning, or a palette, or a recipe."""
    group = parser.add_mutually_exclusive_group()
    for name, meaning in forms.items():
        group.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=meaning)
    group.add_argument(
        "--palette",
        type=int,
        choices=tuple(PALETTES),
        metavar="|".join(map(str, PALETTES)),
        help="weights as indices into a palette of 2^N values, for the Neural Engine",
    )
    group.add_argument("--recipe", type=Path, metavar="FILE", help="the form of each weight, as JSON")


def add_shapes(parser: argparse.ArgumentParser) -> None:
    add_sizes(parser)
    parser.add_argument(
        "--attention",
        choices=("gpu", "ane"),
        default="gpu",
        help="fused, for the GPU, or head by head, for the Neural Engine; default: gpu",
    )


def add_out(parser: argparse.ArgumentParser, default: str) -> None:
    add = parser.add_argument
    add("--out", type=Path, default=Path(default), metavar="DIR", help=f"default: {default}")
    add("--dry-run", action="store_true", help="print the size of each graph and write nothing")
    add("--overwrite", action="store_true", help="replace an existing bundle")
