"""Ranges of a step's activations over the checkpoint's own drawings, for 8-bit activations.

coremltools measures ranges by running the model, which only a Mac can do. Here the evaluator runs the saved
half-precision package instead.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from quantize.coreml import Ranges
from runtime.coreml.evaluator import Evaluator


def measured_ranges(package: Path, feeds: Iterable[Mapping[str, np.ndarray]]) -> Ranges:
    """The smallest and largest value of each float result in a package of one function, over all feeds."""
    ranges: Ranges = {}

    def watch(name: str, _: str, result: Tensor) -> None:
        if result.is_floating_point():
            smallest, largest = (float(value) for value in result.aminmax())
            before = ranges.get(name, (smallest, largest))
            ranges[name] = min(before[0], smallest), max(before[1], largest)

    evaluator = Evaluator(package, hook=watch)
    for feed in feeds:
        evaluator.run(feed)
    return ranges
