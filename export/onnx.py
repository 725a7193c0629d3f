"""`python -m export.onnx`: a checkpoint to an Android bundle."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from export.bundle_writer import Options, planned, write_bundle
from export.errors import ExportError
from reference.checkpoint import load_checkpoint
from reference.errors import Parser, exit_code
from runtime.errors import UserError as RuntimeUserError
from runtime.workspace import megabytes

EXAMPLES = """examples:
  python -m export.onnx                                       # the shipped checkpoint, int8, to build/android
  python -m export.onnx --fp32 --out build/android-fp32       # not quantized
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
    precision.add_argument("--int8", action="store_true", help="8-bit weights and activations (default)")
    precision.add_argument("--fp32", action="store_true", help="no quantization")
    add("--size", nargs=2, type=int, metavar=("W", "H"), help="pixels; default: the checkpoint's")
    add("--out", type=Path, default=Path("build/android"), metavar="DIR", help="default: build/android")
    add("--dry-run", action="store_true", help="print what would be written and how large, and write nothing")
    add("--overwrite", action="store_true", help="replace a bundle that is already there")
    return made


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can mend."""
    given = parser().parse_args(arguments)
    begun = time.perf_counter()
    checkpoint = load_checkpoint(given.checkpoint, stream=True)
    width, height = given.size or checkpoint.defaults.size
    precision = "fp32" if given.fp32 else "int8"
    options = Options(given.out, (width, height), precision, given.overwrite)
    print(f"{checkpoint.name} at {width}x{height}, {precision}, to {options.out}", flush=True)
    try:
        if given.dry_run:
            sizes = planned(checkpoint, options)
            for name, size in sizes.items():
                print(f"{name:14} {megabytes(size):>9}  {options.graph_precision(name)}")
            print(f"{'in all':14} {megabytes(sum(sizes.values())):>9}  and tokenizer; nothing was written")
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
