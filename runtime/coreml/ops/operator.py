"""What an operator is: a torch function whose parameters carry the names that MIL gives them."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

_TENSOR_ANNOTATIONS = (inspect.Parameter.empty, Tensor, Tensor | None, list[Tensor])


@dataclass(frozen=True)
class Operator:
    """How one MIL operation is computed.

    `compute` takes MIL's inputs by name and returns a tensor, or a tuple of them. `tensors` are the
    parameters it wants as tensors; any other one (an axis, a mode, a list of sizes) is a plain Python value.
    `exact` says that on half-precision tensors torch returns what it would return from float32 inputs and one
    rounding: data movement, comparisons and the five arithmetic operations that IEEE 754 rounds correctly.
    Any other operator is given float32.
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
