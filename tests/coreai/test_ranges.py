"""The range report of half precision sees values inside a graph."""

import numpy as np
import pytest
import torch
from torch import nn

from export.apple.graphs import AppleGraph, TensorSpec


class Squares(nn.Module):
    """x -> the root of x squared, whose result is small and whose square is not."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * x).sqrt()


@pytest.mark.parametrize(("value", "largest"), [(3.0, 9.0), (300.0, 90_000.0)])
def test_the_largest_value_is_that_of_an_operator_inside(value: float, largest: float) -> None:
    from export.apple.coreai_ranges import largest_value

    spec = TensorSpec((1, 4))
    graph = AppleGraph("part", lambda _: Squares(), {"x": spec}, {"y": spec}, half=True, compute="gpu")
    feeds = [{"x": np.full((1, 4), each, np.float32)} for each in (1.0, value)]
    found, operator = largest_value(Squares(), graph, feeds)
    assert found == largest and operator.startswith("mul")
