"""Arithmetic, comparisons, functions of one number, and casts."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tests.runtime.coreml.cases.case import (
    Case,
    as_bool,
    binary,
    case,
    like,
    positive,
    real,
    unary,
    whole,
)
from tests.runtime.coreml.packages import mb


def _logical(type: str, function: Callable[..., Tensor]) -> Case:
    return case(
        type,
        lambda x, y: mb.cast(x=getattr(mb, type)(x=as_bool(x), y=as_bool(y)), dtype="int32"),
        lambda x, y: function(x.bool(), y.bool()).int(),
        x=whole(3, 4, low=0, high=2),
        y=whole(3, 4, low=0, high=2),
    )


def _comparison(type: str, function: Callable[..., Tensor]) -> Case:
    return case(
        type,
        lambda x, y: mb.cast(x=getattr(mb, type)(x=x, y=y), dtype="int32"),
        lambda x, y: function(x, y).int(),
        x=whole(4, 5, low=-2, high=3).astype(np.float32),
        y=whole(5, low=-2, high=3).astype(np.float32),
    )


HALVES = np.array([[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.25, -3.75]], np.float32)
SIGNED = np.array([[-7.5, 7.5, -7, 7, 0, 3]], np.float32)
UNIT = np.linspace(-0.9, 0.9, 7, dtype=np.float16).astype(np.float32).reshape(1, 7)


ELEMENTWISE = [
    binary("add", lambda x, y: x + y, real(2, 3, 4), real(3, 1)),
    binary("add", lambda x, y: x + y, whole(2, 3), whole(3)),
    binary("sub", lambda x, y: x - y, real(2, 3), real(3)),
    binary("mul", lambda x, y: x * y, real(2, 3), real(3)),
    binary("real_div", lambda x, y: x / y, real(2, 3), positive(3)),
    binary("floor_div", lambda x, y: torch.floor(x / y), SIGNED, np.array([2], np.float32)),
    binary("floor_div", lambda x, y: (x / y).floor().int(), whole(2, 6), np.array([-4], np.int32)),
    binary("mod", lambda x, y: x - y * torch.floor(x / y), SIGNED, np.array([2], np.float32)),
    binary("mod", lambda x, y: x - y * (x / y).floor().int(), whole(2, 6), np.array([-4], np.int32)),
    binary("pow", lambda x, y: (y * x.log()).exp(), positive(2, 3), real(3)),
    binary("maximum", lambda x, y: torch.where(x > y, x, y), real(2, 3), real(3)),
    binary("minimum", lambda x, y: torch.where(x < y, x, y), whole(2, 3), whole(3)),
    _comparison("equal", torch.eq),
    _comparison("not_equal", torch.ne),
    _comparison("greater", torch.gt),
    _comparison("greater_equal", torch.ge),
    _comparison("less", torch.lt),
    _comparison("less_equal", torch.le),
    _logical("logical_and", torch.logical_and),
    _logical("logical_or", torch.logical_or),
    _logical("logical_xor", torch.logical_xor),
    case(
        "logical_not",
        lambda x: mb.cast(x=mb.logical_not(x=as_bool(x)), dtype="int32"),
        lambda x: (x == 0).int(),
        x=whole(3, 4, low=0, high=2),
    ),
    case(
        "select",
        lambda c, x, y: mb.select(cond=as_bool(c), a=x, b=y),
        lambda c, x, y: torch.where(c.bool(), x, y),
        c=whole(3, 1, low=0, high=2),
        x=real(3, 4),
        y=real(3, 4),
    ),
    unary("abs", torch.abs),
    unary("ceil", torch.ceil, HALVES),
    unary("floor", torch.floor, HALVES),
    unary("round", lambda x: torch.from_numpy(np.rint(x.numpy())), HALVES),
    unary("sign", torch.sign, HALVES),
    unary("sqrt", torch.sqrt, positive(2, 5)),
    unary("square", lambda x: x * x),
    unary("exp", torch.exp),
    unary("exp2", lambda x: 2**x),
    unary("erf", torch.erf),
    unary("sin", torch.sin),
    unary("cos", torch.cos),
    unary("tan", torch.tan),
    unary("asin", torch.asin, UNIT),
    unary("acos", torch.acos, UNIT),
    unary("atan", torch.atan),
    unary("sinh", torch.sinh),
    unary("cosh", torch.cosh),
    unary("tanh", torch.tanh),
    unary("atanh", torch.atanh, UNIT),
    case(
        "inverse", lambda x: mb.inverse(x=x, epsilon=like(x, 0.5)), lambda x: 1 / (x + 0.5), x=positive(2, 5)
    ),
    case(
        "rsqrt", lambda x: mb.rsqrt(x=x, epsilon=like(x, 0.5)), lambda x: (x + 0.5) ** -0.5, x=positive(2, 5)
    ),
    case("log", lambda x: mb.log(x=x, epsilon=like(x, 0.5)), lambda x: (x + 0.5).log(), x=positive(2, 5)),
    case(
        "clip",
        lambda x: mb.clip(x=x, alpha=like(x, -0.5), beta=like(x, 1.0)),
        lambda x: x.clamp(-0.5, 1),
        x=real(2, 5),
    ),
    case(
        "threshold",
        lambda x: mb.threshold(x=x, alpha=like(x, 0.25)),
        lambda x: x.clamp_min(0.25),
        x=real(2, 5),
    ),
    case("cast", lambda x: mb.cast(x=x, dtype="int32"), lambda x: x.trunc().int(), x=HALVES),
    case("cast", lambda x: mb.cast(x=x, dtype="fp32"), lambda x: x.float(), x=whole(2, 3)),
    case(
        "cast",
        lambda x: mb.cast(x=mb.cast(x=x, dtype="uint16"), dtype="int32"),
        lambda x: x,
        x=np.array([0, 40000, 65535], np.int32),
    ),
    case(
        "cast",
        lambda x: mb.cast(x=mb.cast(x=x, dtype="bool"), dtype="int32"),
        lambda x: (x != 0).int(),
        x=np.array([0, 0.25, -3], np.float32),
    ),
]
