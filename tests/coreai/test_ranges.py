"""The range report of half precision sees values inside a graph."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from export.apple.data_format import Channels
from export.apple.graphs import AppleGraph, TensorSpec
from export.apple.norms import moved
from tests.coreai.layers import run_asset


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


class Causal(nn.Module):
    """x -> causal attention of x to itself, which hides later positions with minus infinity."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.scaled_dot_product_attention(x, x, x, is_causal=True)


def test_a_mask_of_attention_is_not_a_large_value() -> None:
    from export.apple.coreai_ranges import largest_value

    spec = TensorSpec((1, 4, 8))
    graph = AppleGraph("part", lambda _: Causal(), {"x": spec}, {"y": spec}, half=True, compute="gpu")
    found, _ = largest_value(Causal(), graph, [{"x": np.full((1, 4, 8), 2.0, np.float32)}])
    assert 2 <= found <= 32  # the scores before their scale


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_the_neural_engines_norms_square_nothing_in_half_precision(name: str, tmp_path: Path) -> None:
    from export.apple.coreai_ranges import largest_value

    x = np.random.default_rng(0).normal(0, 15_000, (1, 32, 1, 40)).clip(-60_000, 60_000).astype(np.float16)
    norm = Norm(name)
    expected = norm(torch.from_numpy(x).double()).numpy()
    found = run_asset(norm, {"x": x}, tmp_path / "norm.aimodel")
    assert np.abs(found - expected).max() < 5e-3 * np.abs(expected).max()
    spec = TensorSpec(x.shape)
    graph = AppleGraph("part", lambda _: norm, {"x": spec}, {"y": spec}, half=True, compute="ane")
    assert largest_value(norm, graph, [{"x": x.astype(np.float32)}])[0] < 65_504


class Norm(nn.Module):
    """A norm of the Neural Engine's data format."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.norm = getattr(Channels(moved), name)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x)
