"""An operator: a torch function whose parameters have MIL's names."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

_TENSOR_ANNOTATIONS = (inspect.Parameter.empty, Tensor, Tensor | None, list[Tensor])


@dataclass(frozen=True)
class Operator:
    """Computes one MIL operation.

    `compute` takes MIL's inputs by name and returns a tensor or a tuple of tensors. `tensors` names the
    parameters that are tensors; others (an axis, a mode, a list of sizes) are plain Python values. `exact`
    means that torch's result on half-precision tensors equals the float32 result rounded once: data movement,
    comparisons and the five arithmetic operations that IEEE 754 rounds correctly. Other operators get
    float32.
    """

    compute: Callable[..., Any]
    tensors: frozenset[str]
    exact: bool


def table(exact: bool, **functions: Callable[..., Any]) -> dict[str, Operator]:
    """Operators by MIL's operation type."""
    return {name: Operator(function, _tensors(function), exact) for name, function in functions.items()}


def _tensors(function: Callable[..., Any]) -> frozenset[str]:
    parameters = inspect.signature(function).parameters.values()
    return frozenset(p.name for p in parameters if p.annotation in _TENSOR_ANNOTATIONS)
