"""`python -m quantize.rounding_study BUNDLE`: which way of rounding to 4 bits does least damage.

Every linear of the text encoder, the conditioner and the step graph becomes 4 bits; the float bundle draws,
and the damage to guided logits is measured at every step. The table stands in docs/quantization.md.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from export.requantize import open_float
from quantize.apply_recipe import quantize_graph
from quantize.gptq import Gptq
from quantize.gptq_moments import Calibration
from quantize.recipe import Block, Recipe
from quantize.rounding import Hqq, Nearest, Rounding
from runtime.bundle import Bundle
from runtime.errors import Parser, UserError
from runtime.parity.bundle_steps import BundleSteps, record
from runtime.parity.comparison import Comparison
from runtime.parity.replay import RecordedStep
from runtime.parity.verification import VERIFICATION_PROMPTS
from runtime.request import Request

GRAPHS = ("text_encoder", "conditioner", "transformer")
BLOCKS: tuple[Block, ...] = (16, 32, 64)  # 128 does not divide the stickers' widths of 192
HEAD = f"{'rounding':28} {'block':>5} {'MB':>6} {'KL, nats':>9} {'same token':>10} {'seconds':>8}"


def candidates(moments: dict[str, np.ndarray]) -> dict[str, Rounding]:
    return {
        "nearest, int8 products": Nearest(),
        "GPTQ, int8 products": Gptq(moments),
        "nearest": Nearest("free"),
        "nearest, zero points": Nearest("zeros"),
        "HQQ": Hqq(),
        "GPTQ": Gptq(moments, "free"),
        "GPTQ, zero points": Gptq(moments, "zeros"),
    }


def trial(
    bundle: Bundle, steps: Sequence[RecordedStep], recipe: Recipe, rounding: Rounding
) -> tuple[float, Comparison]:
    """Megabytes of the three graphs' data and what they do to the steps."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in bundle.folder.iterdir():
            (folder / path.name).symlink_to(path.resolve())
        for graph in GRAPHS:
            for file in bundle.manifest.graphs[graph].files:
                (folder / file).unlink()
            quantize_graph(bundle.path(f"{graph}.onnx"), folder / f"{graph}.onnx", graph, recipe, rounding)
        size = sum((folder / f"{graph}.onnx.data").stat().st_size for graph in GRAPHS)
        return size / 1e6, Comparison.of(steps, BundleSteps(Bundle(folder, bundle.manifest)).repeat)


def run(arguments: Sequence[str] | None) -> None:
    parser = Parser(
        prog="python -m quantize.rounding_study",
        description="Compare ways of rounding weights to 4 bits, by what they do to a float bundle's steps.",
        epilog="examples:\n  python -m quantize.rounding_study build/android-fp32",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of a float (fp32) bundle")
    bundle = open_float(parser.parse_args(arguments).bundle)
    requests = [Request(prompt, seed=i) for i, prompt in enumerate(VERIFICATION_PROMPTS)]
    steps = list(record(BundleSteps(bundle), requests))
    moments = {
        weight: moment
        for graph in Calibration.all_moments(bundle).values()
        for weight, moment in graph.items()
    }
    print(HEAD, flush=True)
    for block in BLOCKS:
        for name, rounding in candidates(moments).items():
            begun = time.perf_counter()
            size, found = trial(bundle, steps, Recipe.uniform("int4", block), rounding)
            seconds = time.perf_counter() - begun
            print(
                f"{name:28} {block:5} {size:6.2f} {found.kl:9.4f} {found.agreement:10.2%} {seconds:8.1f}",
                flush=True,
            )


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        run(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
