"""How near a program's half-precision results come to where half precision ends."""

import math
from collections.abc import Container
from dataclasses import dataclass

import torch
from torch import Tensor

LARGEST_HALF = 65504.0


@dataclass(frozen=True)
class Range:
    """The values one operation gave, over every run that was watched."""

    name: str
    type: str  # of the operation
    largest: float  # magnitude, of the finite values
    nonfinite: int  # how many values were infinite or not a number

    @property
    def headroom(self) -> float:
        """By what factor the largest value may grow; below 1 it is out of half precision's range."""
        return LARGEST_HALF / self.largest if self.largest else float("inf")


class Ranges:
    """A hook of the Evaluator: the range of each result named in `names` (its `half_results`).

    Watched without `half`, results show how far beyond half precision they would go.
    """

    def __init__(self, names: Container[str]) -> None:
        self._names = names
        self._ranges: dict[str, Range] = {}

    def __call__(self, name: str, type: str, tensor: Tensor) -> None:
        if name not in self._names:
            return
        before = self._ranges.get(name, Range(name, type, 0.0, 0))
        largest, nonfinite = float(tensor.abs().max()), 0
        if not math.isfinite(largest):  # looked into only then: it takes as long as a matrix product
            finite = torch.isfinite(tensor)
            nonfinite = tensor.numel() - int(finite.sum())
            largest = float(tensor[finite].abs().max()) if finite.any() else 0.0
        self._ranges[name] = Range(name, type, max(before.largest, largest), before.nonfinite + nonfinite)

    def table(self) -> list[Range]:
        """The most dangerous first: by non-finite values, then by magnitude."""
        return sorted(self._ranges.values(), key=lambda r: (-r.nonfinite, -r.largest))

    def report(self, rows: int = 20) -> str:
        """The first rows of the table, as text."""
        lines = [f"{'largest':>12}  {'headroom':>10}  {'non-finite':>10}  operation"]
        for r in self.table()[:rows]:
            lines.append(f"{r.largest:12.5g}  {r.headroom:10.4g}  {r.nonfinite:10d}  {r.type} {r.name}")
        return "\n".join(lines)
