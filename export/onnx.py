"""`python -m export.onnx`: export a checkpoint as an Android bundle."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from export.bundle_writer import STOPPED, check_out, export_bundle
from export.errors import ExportError
from export.npu_contexts import chip_table, parse_chips
from export.sizes import add_sizes, check_sizes, listed, sizes_of
from quantize.recipe import Precision, Recipe
from reference.component_configs import add_student
from reference.errors import Parser, UserError, exit_code
from reference.files import shown
from runtime.process import return_freed_memory
from runtime.qnn_engine import provider

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
  python -m export.onnx --qnn --int4 --soc sm8650,sm8750 --out build/android-qnn-int4
  python -m export.onnx --tiny-decoder reference/checkpoints/tiny-decoder --out build/android-tiny
  python -m export.onnx --size 64 64 --size 128 128           # two sizes that share their weights
  python -m export.onnx --checkpoint MeissonFlow/Meissonic --size 1024 1024
  python -m export.onnx --checkpoint ~/models/monetico --dry-run
  python -m export.onnx --checkpoint ~/models/dimo --student 0.6 0.1    # published one-step students
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
        "--recipe",
        type=Path,
        metavar="FILE",
        help="precision of each weight, see python -m quantize.sensitivity",
    )
    add(
        "--qnn",
        action="store_true",
        help="transformer and image decoder for Qualcomm's NPU, with 16-bit activations; goes with --int8 or"
        " --int4, and is executed on Qualcomm's own runtime before it is published",
    )
    add(
        "--unverified",
        action="store_true",
        help="with --qnn: compare the graphs on the CPU only, where that runtime cannot be had or would take"
        " hours for a large model",
    )
    add(
        "--soc",
        type=parse_chips,
        action="extend",
        default=[],
        metavar="SOC,...",
        help="with --qnn: compile for these chips too, such as sm8650,sm8750",
    )
    add(
        "--tiny-decoder",
        type=Path,
        metavar="DIR",
        help="add this second decoder, see python -m reference.tiny_decoder; for the CPU, so not with --qnn",
    )
    add("--list-socs", action="store_true", help="print the chips that --soc takes, and write nothing")
    add("--variant", metavar="NAME", help="which weight files, such as fp16; default: full precision first")
    add_student(made)
    add_sizes(made)
    add("--out", type=Path, default=Path("build/android"), metavar="DIR", help="default: build/android")
    add("--dry-run", action="store_true", help="print the size of each graph and write nothing")
    add("--overwrite", action="store_true", help="replace an existing bundle")
    return made


def check_npu(given: argparse.Namespace) -> None:
    """Raises ExportError for flags that do not go together, or where no such bundle can be verified."""
    for flag, wanted in (("--unverified", given.unverified), ("--soc", given.soc)):
        if wanted and not given.qnn:
            raise ExportError(f"{flag} is for graphs of the NPU: add --qnn")
    if not given.qnn:
        return
    from export.onnx_bundle import NPU_RECIPES

    if given.tiny_decoder:
        raise ExportError("--tiny-decoder is a graph for the CPU: leave out --qnn")
    if len(given.size or ()) > 1:
        raise ExportError("--qnn makes graphs of one size, because a context has one shape: give one --size")
    if given.recipe or given.precision not in (None, *NPU_RECIPES):
        raise ExportError("--qnn takes --int8 or --int4: leave out --fp16, --fp32 and --recipe")
    if given.dry_run or (given.unverified and not given.soc):
        return
    try:
        provider()
    except UserError as error:
        instead = "--unverified without --soc writes the bundle without Qualcomm's runtime"
        raise ExportError(f"{error}; {instead}") from None


def run(arguments: Sequence[str] | None) -> None:
    """Raises UserError for anything the user can fix."""
    given = parser().parse_args(arguments)
    if given.list_socs:
        print(chip_table())
        return
    check_sizes(given.size)
    check_npu(given)
    check_out(given.out, given.overwrite or given.dry_run)
    # They are slow to import: --help and wrong arguments need not wait for them.
    from export.graphs import check_noise
    from export.onnx_bundle import NPU_RECIPES, OnnxExporter, OnnxOptions
    from reference.checkpoint import load_checkpoint
    from reference.tiny_decoder_model import load_tiny_decoder, weights_hash

    return_freed_memory()  # the parts of the checkpoint are loaded one after the other
    checkpoint = load_checkpoint(given.checkpoint, stream=True, variant=given.variant, student=given.student)
    if given.qnn:
        check_noise(checkpoint, "a graph for the NPU")
    digest = None
    if given.tiny_decoder:
        checkpoint.tiny_decoder = load_tiny_decoder(given.tiny_decoder, checkpoint)
        digest = weights_hash(given.tiny_decoder)
    sizes = sizes_of(given.size, checkpoint.defaults.size)
    precision: Precision = given.precision or "int8"
    uniform = NPU_RECIPES[precision] if given.qnn else Recipe.uniform(precision)
    recipe = Recipe.read(given.recipe) if given.recipe else uniform
    what = f"recipe {given.recipe}" if given.recipe else precision + " for the NPU" * given.qnn
    options = OnnxOptions(sizes, recipe, given.qnn, given.unverified, tuple(dict.fromkeys(given.soc)), digest)
    exporter = OnnxExporter(checkpoint, options)
    print(f"{checkpoint.name} at {listed(sizes)}, {what}, to {shown(given.out)}", flush=True)
    export_bundle(exporter, given.out, given.overwrite, given.dry_run)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments), STOPPED)


if __name__ == "__main__":
    sys.exit(main())
