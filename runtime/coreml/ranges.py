"""How close half-precision results come to the limit of half precision.

`python -m runtime.coreml.ranges BUNDLE` draws once and lists the largest results of each graph.
"""

import math
import sys
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from runtime.bundle import Bundle, open_bundle
from runtime.coreml.evaluator import Evaluator
from runtime.errors import Parser, RequestError, exit_code
from runtime.function_engine import FunctionEngine
from runtime.generator import Generator
from runtime.manifest import Compute
from runtime.request import Request

EXAMPLES = """examples:
  python -m runtime.coreml.ranges build/iphone
  python -m runtime.coreml.ranges build/iphone --prompt "two green stars" --steps 4 --rows 5

exit code: 0 every value is finite, 1 some are not, 2 wrong input, 130 stopped with Ctrl-C
"""

LARGEST_HALF = torch.finfo(torch.float16).max


@dataclass(frozen=True)
class Range:
    """The range of one operation's results over all watched runs."""

    name: str
    type: str  # of the operation
    largest: float  # magnitude, of the finite values
    nonfinite: int  # how many values were infinite or not a number

    @property
    def headroom(self) -> float:
        """The factor by which the largest value may grow; below 1 it exceeds half precision."""
        return LARGEST_HALF / self.largest if self.largest else float("inf")


class Ranges:
    """A hook for the Evaluator that keeps the range of each result in `names` (its `half_results`).

    With an Evaluator without `half`, the ranges show how far results would exceed half precision.
    """

    def __init__(self, names: Container[str]) -> None:
        self._names = names
        self._ranges: dict[str, Range] = {}

    def __call__(self, name: str, type: str, tensor: Tensor) -> None:
        if name not in self._names:
            return
        before = self._ranges.get(name, Range(name, type, 0.0, 0))
        largest, nonfinite = float(tensor.abs().max()), 0
        if not math.isfinite(largest):  # only then, because this takes as long as a matrix product
            finite = torch.isfinite(tensor)
            nonfinite = tensor.numel() - int(finite.sum())
            largest = float(tensor[finite].abs().max()) if finite.any() else 0.0
        self._ranges[name] = Range(name, type, max(before.largest, largest), before.nonfinite + nonfinite)

    def table(self) -> list[Range]:
        """Ranges sorted by non-finite values, then by magnitude, largest first."""
        return sorted(self._ranges.values(), key=lambda r: (-r.nonfinite, -r.largest))

    def report(self, rows: int = 20) -> str:
        """The first rows of the table, as text."""
        lines = [f"{'largest':>12}  {'headroom':>10}  {'non-finite':>10}  operation"]
        for r in self.table()[:rows]:
            lines.append(f"{r.largest:12.5g}  {r.headroom:10.4g}  {r.nonfinite:10d}  {r.type} {r.name}")
        return "\n".join(lines)


def watch(bundle: Bundle, request: Request) -> dict[str, Ranges]:
    """Draws, and encodes the picture again; the ranges of each graph. Raises the UserErrors of drawing."""
    watched: dict[str, Ranges] = {}

    def load(package: Path, function: str, _: Compute) -> Evaluator:
        evaluator = Evaluator(package, function)
        ranges = watched.setdefault(package.stem, Ranges(evaluator.half_results))
        evaluator.hook = ranges
        return evaluator

    generator = Generator(bundle, engine=FunctionEngine(bundle, load))
    drawing = generator.text_to_image(request)
    if "image_encoder" in bundle.manifest.graphs:
        generator.encode(drawing.picture)
    return watched


def run(arguments: Sequence[str] | None) -> int:
    """1 if a result is not finite, else 0. Raises UserError."""
    parser = Parser(
        prog="python -m runtime.coreml.ranges",
        description="Draw once with the packages of an iPhone bundle and list the results that come closest"
        f" to {LARGEST_HALF:.0f}, the largest number in half precision.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("bundle", type=Path, metavar="BUNDLE")
    add("--prompt", default="a red cat on a blue background")
    add("--steps", type=int, help="default: the bundle's")
    add("--rows", type=int, default=8, help="operations listed of each graph; default: 8")
    given = parser.parse_args(arguments)
    bundle = open_bundle(given.bundle)
    if bundle.manifest.engine != "coreml":
        raise RequestError(f"{given.bundle} holds ONNX graphs: name the folder of an iPhone bundle")
    watched = watch(bundle, Request(given.prompt, steps=given.steps))
    for graph, ranges in watched.items():
        if ranges.table():  # a graph may compute in float32 throughout
            print(f"{graph}\n{ranges.report(given.rows)}\n")
    return int(any(each.nonfinite for ranges in watched.values() for each in ranges.table()))


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments))


if __name__ == "__main__":
    sys.exit(main())
