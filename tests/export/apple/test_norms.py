"""The norms against torch's, and as Core ML programs in half precision."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from export.apple.convert import convert
from export.apple.data_format import Channels
from export.apple.graphs import AppleGraph, TensorSpec
from export.apple.norms import GroupNorm, fused, layer_norm, moved, replace_group_norms, rms_norm
from runtime.coreml.evaluator import Evaluator


class Norm(nn.Module):
    """A norm function as a module."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def in_half(module: nn.Module, x: Tensor, path: Path) -> tuple[Tensor, list[str]]:
    """The output for x of the module's package in half precision, and the package's operations."""
    spec = TensorSpec(tuple(x.shape))
    graph = AppleGraph("none", lambda _: module, {"x": spec}, {"y": spec}, half=True, compute="gpu")
    convert(module, graph, {}, "ios18").save(str(path))
    kinds: list[str] = []
    evaluator = Evaluator(path, hook=lambda name, kind, result: kinds.append(kind))
    return torch.from_numpy(evaluator.run({"x": x.numpy()})["y"]), kinds


def test_rms_norm_equals_torchs() -> None:
    x = torch.randn(3, 7, 24)
    torch.testing.assert_close(rms_norm(x), nn.functional.rms_norm(x, (24,), eps=1e-6))


@pytest.mark.parametrize("norm", [fused, moved])
def test_norms_of_channels_equal_torchs(norm) -> None:
    x = torch.randn(3, 24, 1, 7)
    along = nn.functional.layer_norm(x.movedim(1, 3), (24,), eps=1e-6).movedim(3, 1)
    torch.testing.assert_close(norm(x), along)


def test_group_norm_equals_torchs() -> None:
    norm = nn.GroupNorm(4, 16, eps=1e-6)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x = 3 + torch.randn(1, 16, 5, 6)
    torch.testing.assert_close(GroupNorm(norm)(x), norm(x))


def test_every_group_norm_is_replaced() -> None:
    module = nn.Sequential(nn.GroupNorm(2, 4), nn.Sequential(nn.Conv2d(4, 4, 1), nn.GroupNorm(4, 4)))
    kinds = [type(part) for part in replace_group_norms(module).modules()]
    assert kinds.count(GroupNorm) == 2 and nn.GroupNorm not in kinds


@pytest.mark.parametrize("function", [layer_norm, rms_norm, fused, Channels(fused).rms_norm])
def test_values_whose_squares_overflow_are_normed_in_half_precision(function, tmp_path: Path) -> None:
    x = torch.randn(1, 32, 1, 40) * 15_000
    assert 40_000 < x.abs().max() < 65_504
    found, kinds = in_half(Norm(function), x, tmp_path / "norm.mlpackage")
    expected = function(x.double()).float()
    assert (found - expected).abs().max() < 5e-3 * expected.abs().max()
    # One operation computes the norm; no other operation squares or sums.
    assert kinds.count("layer_norm") == 1
    assert not {"square", "pow", "reduce_mean", "rsqrt"} & set(kinds)


def test_group_norm_does_not_overflow_in_half_precision(tmp_path: Path) -> None:
    norm = nn.GroupNorm(4, 16)
    x = torch.randn(1, 16, 8, 8) * 10_000
    found, _ = in_half(GroupNorm(norm), x, tmp_path / "norm.mlpackage")
    expected = norm(x).detach()
    assert (found - expected).abs().max() < 5e-3 * expected.abs().max()
