"""`python -m tests.benchmarks.rounding BUNDLE`: ways of rounding the 64 px stickers to 4 bits.

Every linear of the text encoder, the conditioner and the step becomes int4, in blocks of several sizes. The
float bundle draws, the other repeats its steps, and the figures go to docs/results/rounding.json.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quantize.float_bundle import open_float
from quantize.recipe import Block, Recipe
from quantize.trials import Trials
from reference.errors import Parser, exit_code
from runtime.manifest import IMAGE_GRAPHS
from tests.benchmarks.results import provenance, write

BLOCKS: tuple[Block, ...] = (16, 32, 64)  # 128 does not divide the stickers' widths of 192


def measured(trials: Trials) -> Iterator[dict[str, Any]]:
    """A row for each way and block: size of the graphs that decide tokens, KL in nats, equal tokens."""
    for rounding, nearest in (("to the nearest", True), ("GPTQ", False)):
        for block in BLOCKS:
            with trials.form(Recipe.uniform("int4", block), nearest) as form:
                graphs = [graph for name, graph in form.manifest.graphs.items() if name not in IMAGE_GRAPHS]
                stored = sum(form.manifest.files[file].size for graph in graphs for file in graph.files)
                found = trials.compare(form)
            yield {
                "rounding": rounding,
                "block": block,
                "megabytes": stored / 1e6,
                "kl": found.kl,
                "same_percent": 100 * found.agreement,
            }


def command_line() -> None:
    """Raises UserError."""
    parser = Parser(
        prog="python -m tests.benchmarks.rounding",
        description="Compare ways of rounding weights to 4 bits by the damage to a float bundle's steps.",
        epilog="example:\n  python -m tests.benchmarks.rounding build/android-fp32",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of a float (fp32) bundle")
    bundle = parser.parse_args().bundle
    rows = []
    for row in measured(Trials(open_float(bundle), threads=1)):
        rows.append(row)
        print(f"{row['rounding']:16} block {row['block']:3} {row['megabytes']:6.2f} MB", end="")
        print(f" KL {row['kl']:.4f} same tokens {row['same_percent']:.1f} %", flush=True)
    write("rounding", {**provenance(f"python -m tests.benchmarks.rounding {bundle}", 1), "rows": rows})


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
