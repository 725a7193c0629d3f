"""`python -m export.coreml`: export a checkpoint as an iPhone bundle."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from export.bundle_writer import STOPPED, check_out, export_bundle
from export.errors import ExportError
from reference.checkpoint import load_checkpoint
from reference.errors import Parser, exit_code
from reference.files import shown
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
        description="Export a checkpoint as a bundle of Core ML packages, verified against PyTorch.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("--checkpoint", metavar="DIR|ID", help="folder or hub id; default: the shipped stickers")
    add("--variant", metavar="NAME", help="which weight files, such as fp16; default: full precision first")
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
        help="weights as indices into a palette of 2^N values, for the Neural Engine",
    )
    form.add_argument("--recipe", type=Path, metavar="FILE", help="the form of each weight, as JSON")
    add(
        "--size",
        nargs=2,
        type=int,
        action="append",
        metavar=("W", "H"),
        help="pixels; repeat for several sizes, the default first; default: the checkpoint's",
    )
    add("--target", choices=("ios17", "ios18"), default="ios18", help="oldest iOS to support; default: ios18")
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
        help="with --int8: 8-bit activations in the blocks too, with ranges from drawings of the checkpoint",
    )
    add("--dry-run", action="store_true", help="print the size of each graph and write nothing")
    add("--overwrite", action="store_true", help="replace an existing bundle")
    return made


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can fix."""
    given = parser().parse_args(arguments)
    check_out(given.out, given.overwrite)
    # coremltools is slow to import: --help and wrong arguments need not wait for it.
    from export.apple.coreml_bundle import CoreMLExporter, CoreMLOptions
    from quantize.coreml import Form
    from quantize.coreml_recipe import CoreMLRecipe

    form: Form = PALETTES[given.palette] if given.palette else given.form or "int8"
    if given.activations and form != "int8":
        raise ExportError("--activations goes with 8-bit weights: add --int8")
    recipe = CoreMLRecipe.read(given.recipe) if given.recipe else CoreMLRecipe(default=form)
    return_freed_memory()  # the parts of the checkpoint are loaded one after the other
    checkpoint = load_checkpoint(given.checkpoint, stream=True, variant=given.variant)
    sizes = [(width, height) for width, height in given.size or [checkpoint.defaults.size]]
    named = ", ".join(f"{width}x{height}" for width, height in sizes)
    what = f"recipe {given.recipe}" if given.recipe else form + " with 8-bit activations" * given.activations
    options = CoreMLOptions(sizes, recipe, given.target, given.attention, given.activations)
    exporter = CoreMLExporter(checkpoint, options)
    print(
        f"{checkpoint.name} at {named}, {what}, {given.target}, {given.attention}, to {shown(given.out)}",
        flush=True,
    )
    export_bundle(exporter, given.out, given.overwrite, given.dry_run)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments), STOPPED)


if __name__ == "__main__":
    sys.exit(main())
