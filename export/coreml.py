"""`python -m export.coreml`: export a checkpoint as an iPhone bundle."""

import argparse
import sys
from collections.abc import Sequence

from export.bundle_writer import STOPPED, check_out, export_bundle
from export.errors import ExportError
from export.iphone_arguments import PALETTES, add_checkpoint, add_form, add_out, add_shapes
from export.sizes import check_sizes, listed, sizes_of
from reference.errors import Parser, exit_code
from reference.files import shown
from runtime.process import return_freed_memory

FORMS = {
    "fp16": "half precision",
    "int8": "8-bit weights (default)",
    "int4": "4-bit weights in blocks, for the GPU; needs iOS 18",
}
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
    add_checkpoint(made)
    add_form(made, FORMS)
    add_shapes(made)
    add = made.add_argument
    add("--target", choices=("ios17", "ios18"), default="ios18", help="oldest iOS to support; default: ios18")
    add(
        "--activations",
        action="store_true",
        help="with --int8: 8-bit activations in the blocks too, with ranges from drawings of the checkpoint",
    )
    add_out(made, "build/iphone")
    return made


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can fix."""
    given = parser().parse_args(arguments)
    check_sizes(given.size)
    check_out(given.out, given.overwrite or given.dry_run)
    # They are slow to import: --help and wrong arguments need not wait for them.
    from export.apple.coreml_bundle import CoreMLExporter, CoreMLOptions
    from export.graphs import check_noise
    from quantize.coreml import Form
    from quantize.coreml_recipe import CoreMLRecipe
    from reference.checkpoint import load_checkpoint

    form: Form = PALETTES[given.palette] if given.palette else given.form or "int8"
    if given.activations and form != "int8":
        raise ExportError("--activations goes with 8-bit weights: add --int8")
    recipe = CoreMLRecipe.read(given.recipe) if given.recipe else CoreMLRecipe(default=form)
    return_freed_memory()  # the parts of the checkpoint are loaded one after the other
    checkpoint = load_checkpoint(given.checkpoint, stream=True, variant=given.variant, student=given.student)
    check_noise(checkpoint, "a Core ML package")
    sizes = sizes_of(given.size, checkpoint.defaults.size)
    what = f"recipe {given.recipe}" if given.recipe else form + " with 8-bit activations" * given.activations
    options = CoreMLOptions(sizes, recipe, given.target, given.attention, given.activations)
    exporter = CoreMLExporter(checkpoint, options)
    how = f"{what}, {given.target}, {given.attention}"
    print(f"{checkpoint.name} at {listed(sizes)}, {how}, to {shown(given.out)}", flush=True)
    export_bundle(exporter, given.out, given.overwrite, given.dry_run)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments), STOPPED)


if __name__ == "__main__":
    sys.exit(main())
