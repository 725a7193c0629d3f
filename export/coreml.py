"""`python -m export.coreml`: a checkpoint to an iPhone bundle."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from export.errors import ExportError
from export.workspace import megabytes, planned_sizes
from reference.checkpoint import load_checkpoint
from reference.errors import Parser, exit_code
from runtime.errors import UserError as RuntimeUserError
from runtime.process import return_freed_memory

PALETTES: dict[int, Any] = {4: "palette4", 6: "palette6", 8: "palette8"}
EXAMPLES = """examples:
  python -m export.coreml                                  # the shipped checkpoint, int8, to build/iphone
  python -m export.coreml --palette 6 --attention ane --out build/iphone-ane     # for the Neural Engine
  python -m export.coreml --int4 --out build/iphone-int4   # the smallest for the GPU, iOS 18
  python -m export.coreml --size 64 64 --size 64 96        # two sizes that share their weights
  python -m export.coreml --target ios17 --fp16 --out build/iphone-ios17
  python -m export.coreml --checkpoint MeissonFlow/Meissonic --size 1024 1024
"""


def parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="python -m export.coreml",
        description="Export a checkpoint as a bundle of Core ML packages, executed here and verified against"
        " the PyTorch reference.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("--checkpoint", metavar="DIR|ID", help="folder or hub id; default: the one shipped in the repository")
    form = made.add_mutually_exclusive_group()
    form.add_argument("--fp16", dest="form", action="store_const", const="fp16", help="half precision")
    form.add_argument(
        "--int8", dest="form", action="store_const", const="int8", help="8-bit weights (default)"
    )
    form.add_argument(
        "--int4",
        dest="form",
        action="store_const",
        const="int4",
        help="4-bit weights in blocks, for the GPU; needs iOS 18",
    )
    form.add_argument(
        "--palette",
        type=int,
        choices=(4, 6, 8),
        metavar="4|6|8",
        help="each weight one of 2^N values, for the Neural Engine",
    )
    form.add_argument("--recipe", type=Path, metavar="FILE", help="weight by weight")
    add(
        "--size",
        nargs=2,
        type=int,
        action="append",
        metavar=("W", "H"),
        help="pixels; again for more sizes, the first is the default; default: the checkpoint's",
    )
    add("--target", choices=("ios17", "ios18"), default="ios18", help="oldest system; default: ios18")
    add(
        "--attention",
        choices=("gpu", "ane"),
        default="gpu",
        help="fused, for the GPU, or head by head, for the Neural Engine; default: gpu",
    )
    add("--out", type=Path, default=Path("build/iphone"), metavar="DIR", help="default: build/iphone")
    add(
        "--activations",
        action="store_true",
        help="with --int8: activations of the blocks in 8 bits too, ranges of the checkpoint's own drawings",
    )
    add("--dry-run", action="store_true", help="print what would be written and how large, and write nothing")
    add("--overwrite", action="store_true", help="replace a bundle that is already there")
    return made


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can mend."""
    given = parser().parse_args(arguments)
    try:
        export(given)
    except RuntimeUserError as error:  # the runtime's way of saying what reference.UserError says
        raise ExportError(str(error)) from error


def export(given: argparse.Namespace) -> None:
    from export.apple.bundle import Options, planned, write_bundle  # coremltools: after --help and its errors
    from quantize.coreml import Form
    from quantize.coreml_recipe import CoreMLRecipe

    begun = time.perf_counter()
    return_freed_memory()  # one part of the checkpoint follows another
    form: Form = PALETTES[given.palette] if given.palette else given.form or "int8"
    recipe = CoreMLRecipe.read(given.recipe) if given.recipe else CoreMLRecipe(default=form)
    checkpoint = load_checkpoint(given.checkpoint, stream=True)
    sizes = [(width, height) for width, height in given.size or [checkpoint.defaults.size]]
    if given.activations and form != "int8":
        raise ExportError("--activations goes with 8-bit weights: add --int8")
    chosen = given.target, given.attention, given.overwrite, given.activations
    options = Options(given.out, sizes, recipe, *chosen)
    shown = ", ".join(f"{width}x{height}" for width, height in sizes)
    what = f"recipe {given.recipe}" if given.recipe else form + " with 8-bit activations" * given.activations
    print(
        f"{checkpoint.name} at {shown}, {what}, {given.target}, {given.attention}, to {options.out}",
        flush=True,
    )
    if given.dry_run:
        print(planned_sizes(planned(checkpoint, options)))
        return
    manifest = write_bundle(checkpoint, options, lambda line: print(line, flush=True))
    total = sum(facts.size for facts in manifest.files.values())
    print(f"{options.out}: {megabytes(total)} in {time.perf_counter() - begun:.0f} s", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments))


if __name__ == "__main__":
    sys.exit(main())
