"""`python -m quantize`: a float bundle to a quantized one."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from export.requantize import Options, open_float, planned, requantize
from export.workspace import megabytes, planned_sizes
from quantize.recipe import Precision, Recipe
from runtime.errors import Parser, UserError

EXAMPLES = """examples:
  python -m export.onnx --fp32 --out build/android-fp32                 # a float bundle to begin with
  python -m quantize build/android-fp32 --int4                          # to build/android-int4
  python -m quantize build/android-fp32 --recipe mixed.json --out build/android-mixed --dry-run
"""
HELP: dict[Precision, str] = {
    "int8": "8-bit weights and activations (default)",
    "int4": "4-bit weights, rounded by what they are fed",
    "fp16": "weights stored in half precision",
}


def parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="python -m quantize",
        description="Quantize a float bundle, verified against it step by step, without its checkpoint.",
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
    add("--dry-run", action="store_true", help="print what would be written and how large, and write nothing")
    add("--overwrite", action="store_true", help="replace a bundle that is already there")
    return made


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can mend."""
    given = parser().parse_args(arguments)
    begun = time.perf_counter()
    recipe = Recipe.read(given.recipe) if given.recipe else Recipe.uniform(given.precision or "int8")
    label = given.recipe.stem if given.recipe else recipe.default
    beside = given.bundle.resolve().with_name(f"{given.bundle.resolve().name.removesuffix('-fp32')}-{label}")
    options = Options(given.out or beside, recipe, given.overwrite)
    bundle = open_float(given.bundle)
    print(f"{given.bundle}: {label}, to {options.out}", flush=True)
    if given.dry_run:
        print(planned_sizes(planned(bundle, options)))
        return
    manifest = requantize(bundle, options, lambda line: print(line, flush=True))
    total = sum(facts.size for facts in manifest.files.values())
    print(f"{options.out}: {megabytes(total)} in {time.perf_counter() - begun:.0f} s", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        run(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped: finished graphs are kept, the same command goes on from there", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
