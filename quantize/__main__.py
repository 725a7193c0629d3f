"""`python -m quantize`: quantize a float bundle."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from export.bundle_writer import STOPPED, check_out, export_bundle
from export.requantize import Requantizer
from quantize.errors import QuantizationError
from quantize.float_bundle import open_float
from quantize.recipe import Precision, Recipe
from reference.errors import Parser, exit_code
from reference.files import shown

EXAMPLES = """examples:
  python -m export.onnx --fp32 --out build/android-fp32                 # a float bundle to begin with
  python -m quantize build/android-fp32 --int4                          # to build/android-int4
  python -m quantize build/android-fp32 --recipe mixed.json --out build/android-mixed --dry-run
"""
HELP: dict[Precision, str] = {
    "int8": "8-bit weights and activations (default)",
    "int4": "4-bit weights, rounded by GPTQ",
    "fp16": "weights stored in half precision",
}


def parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="python -m quantize",
        description="Quantize a float bundle without its checkpoint, and verify it against the float one.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("bundle", type=Path, metavar="BUNDLE", help="folder of a float (fp32) bundle")
    precision = made.add_mutually_exclusive_group()
    for name, text in HELP.items():
        precision.add_argument(f"--{name}", action="store_const", const=name, dest="precision", help=text)
    precision.add_argument(
        "--recipe", type=Path, metavar="FILE", help="the precision of each weight, as JSON"
    )
    add("--out", type=Path, metavar="DIR", help="default: beside BUNDLE, build/android-int4 for example")
    add("--dry-run", action="store_true", help="print the size of each graph and write nothing")
    add("--overwrite", action="store_true", help="replace an existing bundle")
    return made


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can fix."""
    given = parser().parse_args(arguments)
    recipe = Recipe.read(given.recipe) if given.recipe else Recipe.uniform(given.precision or "int8")
    label = given.recipe.stem if given.recipe else recipe.default
    source = given.bundle.resolve()
    out: Path = given.out or source.with_name(f"{source.name.removesuffix('-fp32')}-{label}")
    if out.resolve() == source:
        raise QuantizationError(f"{out} is the float bundle itself: name another folder with --out")
    check_out(out, given.overwrite or given.dry_run)
    exporter = Requantizer(open_float(given.bundle), recipe)
    print(f"{shown(given.bundle)}: {label}, to {shown(out)}", flush=True)
    export_bundle(exporter, out, given.overwrite, given.dry_run)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments), STOPPED)


if __name__ == "__main__":
    sys.exit(main())
