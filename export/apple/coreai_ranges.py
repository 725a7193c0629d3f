"""How close a graph's values come to the limit of half precision, operator by operator.

Apple's runtime shows no values inside a function. So torch interprets the program that is converted, in
float32, and watches every result.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Interpreter, Node

from export.apple.calibration import Feed
from export.apple.graphs import AppleGraph

LARGEST_HALF = torch.finfo(torch.float16).max


class Watcher(Interpreter):
    """Runs a program and keeps the largest magnitude of a float result, and the name of its operator.

    Minus infinity does not count: it hides keys from attention, and half precision has it too.
    """

    largest, operator = 0.0, ""

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        if isinstance(result, Tensor) and result.is_floating_point() and result.numel():
            value = float(result.masked_fill(result == -torch.inf, 0).abs().max())
            if not value <= self.largest:  # not a number counts as larger
                self.largest, self.operator = value, n.name
        return result


@torch.no_grad()
def largest_value(module: nn.Module, graph: AppleGraph, feeds: Iterable[Feed]) -> tuple[float, str]:
    """The largest magnitude of all results of a graph's module in float32, and the operator that gave it."""
    watcher: Watcher | None = None
    for feed in feeds:
        inputs = tuple(torch.from_numpy(feed[name]) for name in graph.inputs)
        if watcher is None:
            program = torch.export.export(module, inputs).run_decompositions()
            watcher = Watcher(program.module())
        watcher.run(*inputs)
    assert watcher is not None
    return watcher.largest, watcher.operator
