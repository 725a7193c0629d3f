"""What a case is: a program of one operation, or hardly more, and what torch says it computes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from tests.runtime.coreml.packages import mb, types

_random = np.random.default_rng(0)


@dataclass(frozen=True)
class Case:
    """`expected` takes the inputs as tensors. Float inputs are cast to the type tested."""

    type: str
    build: Callable[..., Any]
    expected: Callable[..., Any]
    inputs: dict[str, np.ndarray]

    def __str__(self) -> str:
        return self.type


def real(*shape: int) -> np.ndarray:
    # Of half precision, so that both types see the same numbers.
    return _random.standard_normal(shape).astype(np.float16).astype(np.float32)


def positive(*shape: int) -> np.ndarray:
    return (np.abs(real(*shape)) + 0.25).astype(np.float16).astype(np.float32)


def whole(*shape: int, low: int = -9, high: int = 10) -> np.ndarray:
    return _random.integers(low, high, shape, dtype=np.int32)


def like(x: Any, constant: Any) -> np.ndarray:
    """A constant in the type of a variable."""
    return np.asarray(constant, types.nptype_from_builtin(x.dtype))


def case(type: str, build: Callable[..., Any], expected: Callable[..., Any], **inputs: np.ndarray) -> Case:
    return Case(type, build, expected, inputs)


def unary(type: str, function: Callable[[Tensor], Tensor], x: np.ndarray | None = None) -> Case:
    x = real(2, 5) if x is None else x
    return case(type, lambda x: getattr(mb, type)(x=x), lambda x: function(x), x=x)


def binary(type: str, function: Callable[..., Tensor], x: np.ndarray, y: np.ndarray) -> Case:
    return case(type, lambda x, y: getattr(mb, type)(x=x, y=y), function, x=x, y=y)


def as_bool(x: Any) -> Any:
    return mb.cast(x=x, dtype="bool")


GAMMA, BETA, VARIANCE = real(6), real(6), positive(6)
