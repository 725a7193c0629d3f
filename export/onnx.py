"""`python -m export.onnx`: export a checkpoint as an Android bundle."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from export.bundle_writer import STOPPED, check_out, export_bundle
from export.onnx_bundle import OnnxExporter, OnnxOptions
from quantize.recipe import Precision, Recipe
from reference.checkpoint import load_checkpoint
from reference.errors import Parser, exit_code
from reference.files import shown
from runtime.process import return_freed_memory

PRECISIONS: dict[Precision, str] = {
    "int8": "8-bit weights and activations: the fastest (default)",
    "int4": "4-bit weights in blocks: the smallest",
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
    add("--checkpoint", metavar="DIR|ID", help="folder or hub id; default: the shipped stickers")
    precision = made.add_mutually_exclusive_group()
    for name, meaning in PRECISIONS.items():
        precision.add_argument(f"--{name}", dest="precision", action="store_const", const=name, help=meaning)
    precision.add_argument(
        "--qnn",
        action="store_true",
        help="step and decoder for Qualcomm's NPU, with 8-bit weights and 16-bit activations; the rest int8",
    )
    precision.add_argument(
        "--recipe",
        type=Path,
        metavar="FILE",
        help="precision of each weight, see python -m quantize.sensitivity",
    )
    add("--variant", metavar="NAME", help="which weight files, such as fp16; default: full precision first")
    add("--size", nargs=2, type=int, metavar=("W", "H"), help="pixels; default: the checkpoint's")
    add("--out", type=Path, default=Path("build/android"), metavar="DIR", help="default: build/android")
    add("--dry-run", action="store_true", help="print the size of each graph and write nothing")
    add("--overwrite", action="store_true", help="replace an existing bundle")
    return made


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can fix."""
    given = parser().parse_args(arguments)
    check_out(given.out, given.overwrite)
    return_freed_memory()  # the parts of the checkpoint are loaded one after the other
    checkpoint = load_checkpoint(given.checkpoint, stream=True, variant=given.variant)
    width, height = given.size or checkpoint.defaults.size
    precision: Precision = given.precision or "int8"
    recipe = Recipe.read(given.recipe) if given.recipe else Recipe.uniform(precision)
    what = f"recipe {given.recipe}" if given.recipe else "qnn" if given.qnn else precision
    exporter = OnnxExporter(checkpoint, OnnxOptions((width, height), recipe, npu=given.qnn))
    print(f"{checkpoint.name} at {width}x{height}, {what}, to {shown(given.out)}", flush=True)
    export_bundle(exporter, given.out, given.overwrite, given.dry_run)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments), STOPPED)


if __name__ == "__main__":
    sys.exit(main())
