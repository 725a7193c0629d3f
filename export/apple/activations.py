"""Ranges of a step's activations, for 8-bit activations: the evaluator watches the checkpoint's own drawings.

coremltools calibrates by running the model, which it can on a Mac only; here the saved half-precision package
is executed by the evaluator instead.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from quantize.coreml import Ranges
from runtime.coreml.evaluator import Evaluator


def observed(package: Path, fed: Iterable[Mapping[str, np.ndarray]]) -> Ranges:
    """Smallest and largest value of each result of a package of one function, over all feeds."""
    ranges: Ranges = {}

    def watch(name: str, _: str, result: Tensor) -> None:
        if result.is_floating_point():
            smallest, largest = (float(value) for value in result.aminmax())
            before = ranges.get(name, (smallest, largest))
            ranges[name] = min(before[0], smallest), max(before[1], largest)

    evaluator = Evaluator(package, hook=watch)
    for feed in fed:
        evaluator.run(feed)
    return ranges
