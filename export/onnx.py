"""`python -m export.onnx`: a checkpoint to an Android bundle."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from export.android import Options, planned, write_bundle
from export.errors import ExportError
from export.workspace import megabytes, planned_sizes
from quantize.recipe import Precision, Recipe
from reference.checkpoint import load_checkpoint
from reference.errors import Parser, exit_code
from runtime.errors import UserError as RuntimeUserError
from runtime.process import return_freed_memory

PRECISIONS: dict[Precision, str] = {
    "int8": "8-bit weights and activations: the fast one (default)",
    "int4": "4-bit weights in blocks: the small one",
    "fp16": "weights stored in half precision, arithmetic in float32",
    "fp32": "no quantization",
}
EXAMPLES = """examples:
  python -m export.onnx                                       # the shipped checkpoint, int8, to build/android
  python -m export.onnx --int4 --out build/android-int4       # the smallest
  python -m export.onnx --fp32 --out build/android-fp32       # not quantized
  python -m export.onnx --qnn --out build/android-qnn         # for Qualcomm's NPU
  python -m export.onnx --checkpoint MeissonFlow/Meissonic --size 1024 1024
  python -m export.onnx --checkpoint ~/models/monetico --dry-run
"""


def parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="python -m export.onnx",
        description="Export a checkpoint as a bundle of ONNX graphs, verified against the PyTorch reference.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("--checkpoint", metavar="DIR|ID", help="folder or hub id; default: the one shipped in the repository")
    precision = made.add_mutually_exclusive_group()
    for name, meaning in PRECISIONS.items():
        precision.add_argument(f"--{name}", dest="precision", action="store_const", const=name, help=meaning)
    precision.add_argument(
        "--qnn",
        action="store_true",
        help="step and decoder for Qualcomm's NPU: 8-bit weights, 16-bit activations; int8 for the rest",
    )
    precision.add_argument(
        "--recipe", type=Path, metavar="FILE", help="weight by weight, see python -m quantize.sensitivity"
    )
    add("--size", nargs=2, type=int, metavar=("W", "H"), help="pixels; default: the checkpoint's")
    add("--out", type=Path, default=Path("build/android"), metavar="DIR", help="default: build/android")
    add("--dry-run", action="store_true", help="print what would be written and how large, and write nothing")
    add("--overwrite", action="store_true", help="replace a bundle that is already there")
    return made


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can mend."""
    given = parser().parse_args(arguments)
    begun = time.perf_counter()
    return_freed_memory()  # one part of the checkpoint follows another
    checkpoint = load_checkpoint(given.checkpoint, stream=True)
    width, height = given.size or checkpoint.defaults.size
    try:
        precision: Precision = given.precision or "int8"
        recipe = Recipe.read(given.recipe) if given.recipe else Recipe.uniform(precision)
        options = Options(given.out, (width, height), recipe, given.overwrite, given.qnn)
        what = f"recipe {given.recipe}" if given.recipe else "qnn" if given.qnn else precision
        print(f"{checkpoint.name} at {width}x{height}, {what}, to {options.out}", flush=True)
        if given.dry_run:
            print(planned_sizes(planned(checkpoint, options)))
            return
        manifest = write_bundle(checkpoint, options, lambda line: print(line, flush=True))
    except RuntimeUserError as error:  # the runtime's way of saying what reference.UserError says
        raise ExportError(str(error)) from error
    total = sum(facts.size for facts in manifest.files.values())
    print(f"{options.out}: {megabytes(total)} in {time.perf_counter() - begun:.0f} s", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments))


if __name__ == "__main__":
    sys.exit(main())
