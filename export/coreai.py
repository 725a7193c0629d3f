"""`python -m export.coreai`: export a checkpoint as an iPhone bundle for iOS 27."""

import argparse
import sys
from collections.abc import Sequence

from export.bundle_writer import STOPPED, check_out, export_bundle
from export.iphone_arguments import PALETTES, add_checkpoint, add_form, add_out, add_shapes
from export.sizes import check_sizes, listed, sizes_of
from reference.errors import Parser, exit_code
from reference.extras import require
from reference.files import shown
from runtime.process import return_freed_memory

FORMS = {
    "fp32": "single precision",
    "fp16": "half precision, with --arithmetic float16",
    "int8": "8-bit weights (default)",
    "int4": "4-bit weights in blocks, for the GPU",
}
EXAMPLES = """examples:
  python -m export.coreai                                  # the shipped checkpoint, int8, to build/iphone27
  python -m export.coreai --fp32 --out build/iphone27-fp32 # the reference's tokens, exactly
  python -m export.coreai --palette 6 --attention ane --arithmetic float16    # for the Neural Engine
  python -m export.coreai --size 64 64 --size 64 96        # two sizes that share their weights
  python -m export.coreai --checkpoint MeissonFlow/Meissonic --size 1024 1024
"""


def parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="python -m export.coreai",
        description="Export a checkpoint as a bundle of Core AI assets, verified against PyTorch on Apple's"
        " runtime.",
        epilog=EXAMPLES,
    )
    add_checkpoint(made)
    add_form(made, FORMS)
    add_shapes(made)
    made.add_argument(
        "--arithmetic",
        choices=("float32", "float16"),
        default="float32",
        help="float16 is needed by the Neural Engine, and verified far more slowly on Linux;"
        " default: float32",
    )
    add_out(made, "build/iphone27")
    return made


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can fix."""
    given = parser().parse_args(arguments)
    check_sizes(given.size)
    check_out(given.out, given.overwrite or given.dry_run)
    require("export", "coreml", "coreai")
    import runtime.coreai.tools  # noqa: F401 - says why this machine cannot verify what it writes
    from export.apple.coreai_bundle import CoreAIExporter, CoreAIOptions
    from export.errors import ExportError
    from export.graphs import check_noise
    from quantize.coreml import Form
    from quantize.coreml_recipe import CoreMLRecipe
    from reference.checkpoint import load_checkpoint

    form: Form = PALETTES[given.palette] if given.palette else given.form or "int8"
    if form == "fp16" and given.arithmetic == "float32":
        raise ExportError("--fp16 computes in half precision: add --arithmetic float16, or choose --fp32")
    if form == "fp32" and given.arithmetic == "float16":
        raise ExportError("--fp32 computes in single precision: leave --arithmetic out, or choose --fp16")
    recipe = CoreMLRecipe.read(given.recipe) if given.recipe else CoreMLRecipe(default=form)
    return_freed_memory()  # the parts of the checkpoint are loaded one after the other
    checkpoint = load_checkpoint(given.checkpoint, stream=True, variant=given.variant, student=given.student)
    check_noise(checkpoint, "a Core AI asset")
    sizes = sizes_of(given.size, checkpoint.defaults.size)
    what = f"recipe {given.recipe}" if given.recipe else form
    how = f"{what}, {given.arithmetic}, {given.attention}"
    print(f"{checkpoint.name} at {listed(sizes)}, {how}, to {shown(given.out)}", flush=True)
    options = CoreAIOptions(sizes, recipe, given.attention, given.arithmetic)
    export_bundle(CoreAIExporter(checkpoint, options), given.out, given.overwrite, given.dry_run)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments), STOPPED)


if __name__ == "__main__":
    sys.exit(main())
